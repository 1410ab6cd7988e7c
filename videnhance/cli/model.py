"""The words `model ...`: training and what comes after it."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from videnhance.errors import UsageError

if TYPE_CHECKING:
    from videnhance.model.train import Course

__all__ = ["model"]

_PLACE = click.Path(path_type=Path, exists=True)
_FILE = click.Path(path_type=Path)
_FINETUNE_CLIPS = 600


@click.group()
def model() -> None:
    """Trains, quantizes, exports and tests models."""


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def give(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return give


@model.command()
@_options(
    click.argument("places", nargs=-1, required=True, type=_PLACE, metavar="PLACE..."),
    click.option("--to", "work", required=True, type=_FILE, help="The run's folder."),
    click.option(
        "--preset",
        type=click.Choice(["fast", "default", "quality", "report"]),
        help="The network's size. [default]",
    ),
    click.option(
        "--recipe",
        default="default",
        type=click.Choice(["default", "sesr", "report"]),
        help="How it is trained: ours, as SESR, or as the project's report says.",
    ),
    click.option(
        "--mix",
        type=click.Choice(["fidelity", "real", "restore"]),
        help="What becomes of the pictures: only halved, as real video, ruined. [real]",
    ),
    click.option("--valid", multiple=True, type=_PLACE, help="Measure these instead."),
    click.option("--steps", type=click.IntRange(1), help="[100000]"),
    click.option("--clips", type=click.IntRange(1), help="Samples to make. [14000]"),
    click.option("--start", metavar="MODEL", help="Begin with its weights."),
    click.option(
        "--teacher", metavar="MODEL", help="Learn from a larger network, too."
    ),
    click.option(
        "--finetune",
        is_flag=True,
        help="Adapt the shipped model to this footage, and say whether it got better.",
    ),
    click.option("--resume", is_flag=True, help="Go on with the run in --to."),
    click.option("--seed", default=0, show_default=True),
    click.option("--threads", type=click.IntRange(1), help="[cores]"),
    click.option("--every", default=1000, show_default=True, type=click.IntRange(1)),
    click.option("--device", default="cpu", type=click.Choice(["cpu", "cuda"])),
)
def train(**options: Any) -> None:
    """Trains a network on the stills and videos in PLACE, and draws its course.

    The same command with --resume goes on after a kill, to the same numbers.
    """
    from tqdm import tqdm

    from videnhance.model.train import run

    logging.basicConfig(format="videnhance: %(message)s", level=logging.INFO)
    course = _course(options)
    tqdm.monitor_interval = 0  # its watching thread would outlive the bar
    with tqdm(unit="step", dynamic_ncols=True, smoothing=0.1) as bar:
        for point, steps in run(course):
            if bar.total is None:
                bar.total = steps
                bar.initial = bar.n = max(point.step - course.every, 0)
            bar.set_postfix(loss=f"{point.loss:.4f}", psnr=f"{point.psnr:.3f} dB")
            bar.update(point.step - bar.n)
    if options["finetune"]:
        from videnhance.model.finetune import compared

        click.echo("\n".join(compared(course).lines()))
    click.echo(f"videnhance: {course.work / 'network.pth'}", err=True)


def _course(options: dict[str, Any]) -> "Course":
    from dataclasses import replace

    from videnhance.model.degrade import Mix
    from videnhance.model.material import CLIPS, Material
    from videnhance.model.network import PRESETS
    from videnhance.model.recipe import EPOCHS, RECIPES, suited
    from videnhance.model.train import Course

    reported, tuned = options["recipe"] == "report", options["finetune"]
    recipe = RECIPES["finetune" if tuned else options["recipe"]]
    recipe = replace(recipe, seed=options["seed"])
    if reported and (tuned or options["steps"]):
        raise UsageError("--recipe report runs ten epochs; leave the other options out")
    if options["steps"]:
        recipe = replace(recipe, steps=options["steps"])
    preset = options["preset"] or ("report" if reported else "default")
    material = Material(
        options["places"],
        Mix(options["mix"] or ("fidelity" if reported else "real")),
        options["clips"] or (_FINETUNE_CLIPS if tuned else CLIPS),
        options["valid"],
        PRESETS[preset].channels,
        options["seed"],
    )
    return Course(
        material,
        options["work"],
        preset,
        suited(recipe, material.mix),
        options["start"] or ("default" if tuned else None),
        options["teacher"],
        options["resume"],
        options["device"],
        options["every"],
        EPOCHS if reported else None,
        options["threads"],
    )


@model.command()
@_options(
    click.argument("network", metavar="MODEL"),
    click.option("--to", "target", type=_FILE, help="The folder of the result."),
    click.option(
        "--type",
        "kind",
        default="static",
        type=click.Choice(["static", "qat", "dynamic"]),
        help="By calibration; trained with the rounding first; torch's dynamic call.",
    ),
    click.option("--name", default="network", show_default=True),
    click.option(
        "--calibrate",
        multiple=True,
        type=_PLACE,
        help="Stills or a clip like what will be enlarged.",
    ),
    click.option("--samples", type=_PLACE, help="Of a training run, for qat."),
    click.option("--steps", default=2000, show_default=True, type=click.IntRange(1)),
    click.option("--mixed", default=0, metavar="N", help="Keep the N worst in float."),
    click.option("--mix-with", metavar="MODEL", help="A set trained from one start."),
    click.option("--share", default=0.5, help="How far the way goes to it: 0 to 1."),
    click.option(
        "--test", "tests", type=_PLACE, help="Stills to measure before, after."
    ),
)
def quantize(**options: Any) -> None:
    """Makes the network MODEL ready to run: int8 and float32 with a card.

    MODEL is a network.pth of `model train`, or the name of a shipped model.
    """
    from videnhance.model import quantize as work
    from videnhance.model.measure import known_stills
    from videnhance.model.qat import Rounding

    kind = work.Kind(options["kind"])
    if options["target"] is None and kind is not work.Kind.DYNAMIC:
        raise UsageError("the folder of the result is missing; name it by --to")
    job = work.Quantizing(
        options["network"],
        kind,
        options["target"] or Path(),
        options["name"],
        options["calibrate"],
        options["samples"],
        tuple(known_stills(options["tests"])) if options["tests"] else (),
        options["mixed"],
        options["mix_with"],
        options["share"],
        Rounding(steps=options["steps"]),
    )
    if kind is work.Kind.DYNAMIC:
        *found, changed = work.dynamic(job)
        click.echo("\n".join(figures.line() for figures in found))
        click.echo(
            f"quantize_dynamic changed {changed} layers: it knows no convolutions, and "
            "leaves them in float. --type static quantizes them."
        )
        return
    result = work.quantized(job)
    click.echo("\n".join(result.lines()))
    click.echo(f"videnhance: {result.card}", err=True)


@model.command()
@_options(
    click.argument("network", metavar="MODEL"),
    click.option(
        "--format",
        "form",
        required=True,
        type=click.Choice(["torchscript", "onnx", "mobile", "executorch"]),
    ),
    click.option(
        "--to", "target", required=True, type=_FILE, help="The file to write."
    ),
    click.option(
        "--test", "tests", required=True, type=_PLACE, help="Stills to compare on."
    ),
)
def export(network: str, form: str, target: Path, tests: Path) -> None:
    """Writes the network MODEL for other programs, and compares the file with it.

    Picture in, picture out: values from 0 to 1, no mean, no deviation.
    """
    from videnhance.model import export as work
    from videnhance.model.measure import known_stills

    stills = known_stills(tests)
    picture, written = work.exported(network, form, target)
    click.echo(f"{written.path}, {written.path.stat().st_size / 1e3:.1f} KB")
    for note in written.notes:
        click.echo(note)
    click.echo(f"\nloaded back by {written.engine}, against the network, 8-bit levels:")
    click.echo(f"{'picture':<24} {'largest':>12} {'PSNR':>10}")
    for row in work.parity(picture, written, stills):
        click.echo(row.line())


@model.command()
@_options(
    click.argument("network", default="default", metavar="[MODEL]"),
    click.option("--image", type=_PLACE, help="A picture to enlarge."),
    click.option("--to", "target", type=_FILE, help="Its enlargement, a PNG."),
    click.option("--runs", default=20, show_default=True, type=click.IntRange(2)),
    click.option("--threads", type=click.IntRange(1), help="Up to so many. [cores]"),
    click.option("--trust-model", is_flag=True, help="Run a model not from here."),
)
def test(**options: Any) -> None:
    """Loads MODEL, enlarges a picture with it, and measures it at five sizes."""
    from videnhance.model import test as work
    from videnhance.model.runtime import Choice
    from videnhance.model.timing import SIZES
    from videnhance.threads import available_cores

    choice = Choice(options["network"], trusted=options["trust_model"])
    forms = work.loaded_forms(choice)
    for form in forms:
        click.echo(form.line())
    if options["image"]:
        _enlarge(options)
    click.echo(f"\n{work.HEAD}")
    cores = options["threads"] or available_cores()
    for row in work.speeds(forms, SIZES, range(1, cores + 1), options["runs"]):
        click.echo(row.line())


def _enlarge(options: dict[str, Any]) -> None:
    """Through the whole program, as `videnhance IN OUT` does."""
    from videnhance.cli.job import job_of
    from videnhance.convert import Watcher, convert
    from videnhance.model.test import before_after

    source, target = options["image"], options["target"]
    if target is None:
        raise UsageError("--image needs a name for its enlargement; give it by --to")
    words = [str(source), str(target), "-m", options["network"], "-y"]
    words += ["--trust-model"] * options["trust_model"]
    root = click.get_current_context().find_root()
    command = root.command.get_command(root, "convert")  # type: ignore[attr-defined]  # a group
    with command.make_context("convert", words) as ctx:
        convert(job_of(ctx.params), Watcher(lambda *_: None, lambda _: None))
    both = target.with_name(f"{target.stem}.before_after.png")
    size = before_after(source, target, both)
    click.echo(f"{target}: {size}, twice the source; {both} shows both")


@model.command()
@_options(
    click.argument("network", default="default", metavar="[MODEL]"),
    click.option("--size", default="640x360", show_default=True, metavar="WxH"),
    click.option("--threads", type=click.IntRange(1), help="Up to so many. [cores]"),
    click.option("--runs", default=9, show_default=True, type=click.IntRange(2)),
    click.option(
        "--against", is_flag=True, help="ONNX Runtime, OpenVINO and ncnn, too."
    ),
)
def bench(
    network: str, size: str, threads: int | None, runs: int, against: bool
) -> None:
    """Runs the network MODEL in several engines on the same frame."""
    from videnhance.bench import processor_name
    from videnhance.cli.job import size_of
    from videnhance.model import bench as work
    from videnhance.threads import available_cores

    counts = range(1, (threads or available_cores()) + 1)
    click.echo(f"{processor_name()}, {size}\n\n{work.HEAD}")
    for row in work.benched(network, size_of(size, "--size"), counts, runs, against):
        click.echo(
            row if isinstance(row, str) else row.line(), err=isinstance(row, str)
        )
