"""The words `model ...`: what comes after training."""

import json
from dataclasses import replace
from pathlib import Path
from textwrap import fill
from typing import Any

import click

from videnhance.cli.fields import FILE
from videnhance.cli.help import Command, in_section, with_options
from videnhance.cli.options import TRUST_MODEL
from videnhance.cli.progress import is_watched, progress_bar
from videnhance.cli.train import train
from videnhance.errors import UsageError, printable
from videnhance.models.card import ASSETS, card_files

__all__ = ["model"]

_PLACE = click.Path(path_type=Path, exists=True)
_option = in_section("Options")
_threads = _option(
    "--threads N",
    "Measure with 1 thread up to so many.",
    shown="processor cores",
    type=click.IntRange(1),
)


@click.group()
def model() -> None:
    """Lists, tests, trains, quantizes and exports networks."""


model.add_command(train)


@model.command("list", cls=Command, short_help="Says which models there are.")
@_option("--json", "Write the cards, for programs.", name="as_values", is_flag=True)
def list_models(as_values: bool) -> None:
    """Says which models there are, what each is for, its size and its speed."""
    cards = [json.loads(path.read_text(encoding="utf-8")) for path in card_files()]
    if as_values:
        click.echo(json.dumps(cards, indent=2))
        return
    click.echo(f"  {'name':<17} {'KB':>4} {'ms a frame':>10}  {'licence':<7}  for")
    for card in cards:
        name, file = card["name"], card["files"]["int8"]["file"]
        speed = card["speed"]["ms a 640x360 frame, uncut, on one thread, int8"]
        mark = "*" if name == "default" else " "
        line = (
            f"{mark} {name:<17} {(ASSETS / file).stat().st_size / 1024:4.0f} "
            f"{speed:10.1f}  {card['licence']:<7}  "
        )
        click.echo(
            fill(card["for"], 80, initial_indent=line, subsequent_indent=" " * 47)
        )
    click.echo(
        "\n* is the default. Milliseconds: 640x360 pixels in int8 on one thread of an\n"
        "Intel Xeon with AMX; `videnhance model test NAME` measures here.\n"
        "Also: --clean 0..1 for what lies between, a card, or weights of others."
    )


@model.command(cls=Command, short_help="Makes a network int8, with a card.")
@with_options(
    click.argument("network", metavar="MODEL"),
    _option("--to FOLDER", "Write the result there.", name="target", type=FILE),
    _option(
        "--type",
        "By calibration; trained with the rounding first; torch's dynamic call.",
        name="kind",
        default="static",
        type=click.Choice(["static", "qat", "dynamic"]),
    ),
    _option("--name NAME", "Name of the new model.", default="network"),
    _option(
        "--calibrate",
        "Calibrate with these stills or clips: like what will be enlarged.",
        multiple=True,
        type=_PLACE,
    ),
    _option("--samples", "Train on those of a training run: for qat.", type=_PLACE),
    _option(
        "--steps N",
        "Steps of training with the rounding: for qat.",
        default=2000,
        type=click.IntRange(1),
    ),
    _option(
        "--teacher FILE", "Go on learning from the run's teacher: for qat.", type=_PLACE
    ),
    _option(
        "--teacher-share SHARE",
        "How much of what is learnt is the teacher's: 0 to 1.",
        default=0.2,
        type=click.FloatRange(0, 1),
    ),
    _option("--mixed N", "Keep the N layers that suffer most in float.", default=0),
    _option(
        "--mix-with MODEL",
        "Make what lies between MODEL and this one, trained from one start.",
    ),
    _option(
        "--share SHARE", "How far the way goes to --mix-with: 0 to 1.", default=0.5
    ),
    _option(
        "--test", "Measure on these stills before and after.", name="tests", type=_PLACE
    ),
)
def quantize(**options: Any) -> None:
    """Makes the network MODEL ready to run: int8 and float32 with a card.

    MODEL is a network.pth of `model train`, or the name of a shipped model.
    """
    from videnhance.training import quantize as work
    from videnhance.training.dataset import mix_of
    from videnhance.training.measure import known_stills
    from videnhance.training.qat import Rounding
    from videnhance.training.recipe import ROUNDED
    from videnhance.training.teacher import Lesson

    kind = work.Kind(options["kind"])
    if options["target"] is None and kind is not work.Kind.DYNAMIC:
        raise UsageError("the folder of the result is missing; name it by --to")
    rounding, lesson = Rounding(steps=options["steps"]), None
    if kind is work.Kind.QAT and options["samples"] is not None:
        rounding = replace(rounding, loss=ROUNDED[mix_of(options["samples"])])
    if options["teacher"] is not None:
        lesson = Lesson(options["teacher"], options["teacher_share"])
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
        rounding,
        lesson=lesson,
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


@model.command(cls=Command, short_help="Writes a network for other programs.")
@with_options(
    click.argument("network", metavar="MODEL"),
    _option(
        "--format",
        "For which programs.",
        name="form",
        required=True,
        type=click.Choice(["torchscript", "onnx", "mobile", "executorch"]),
    ),
    _option("--to", "The file to write.", name="target", required=True, type=FILE),
    _option(
        "--test", "Compare on these stills.", name="tests", required=True, type=_PLACE
    ),
)
def export(network: str, form: str, target: Path, tests: Path) -> None:
    """Writes the network MODEL for other programs, and compares the file with it.

    Picture in, picture out: values from 0 to 1, no mean, no deviation.
    """
    from videnhance.models import export as work
    from videnhance.training.measure import known_stills

    stills = known_stills(tests)
    picture, written = work.exported(network, form, target=target)
    click.echo(f"{written.path}, {written.path.stat().st_size / 1e3:.1f} KB")
    for note in written.notes:
        click.echo(note)
    click.echo(f"\nloaded back by {written.engine}, against the network, 8-bit levels:")
    click.echo(f"{'picture':<24} {'largest':>12} {'PSNR':>10}")
    seen = ((still.name, still.seen(picture.channels)) for still in stills)
    for row in work.parity(picture, written, seen=seen):
        click.echo(row.line())


@model.command(cls=Command, short_help="Loads a model and measures it at five sizes.")
@with_options(
    click.argument("network", default="default", metavar="[MODEL]"),
    _option("--image", "Enlarge this picture, too.", type=_PLACE),
    _option("--to", "Write its enlargement there: a PNG.", name="target", type=FILE),
    _option(
        "--runs N", "Measure each size so often.", default=20, type=click.IntRange(2)
    ),
    _threads,
    _option(*TRUST_MODEL, is_flag=True),
)
def test(**options: Any) -> None:
    """Loads MODEL, enlarges a picture with it, and measures it at five sizes."""
    from videnhance.models import test as work
    from videnhance.models.choice import Choice, needs_import
    from videnhance.models.timing import SIZES
    from videnhance.system.threads import available_cores

    choice = Choice(options["network"], trusted=options["trust_model"])
    if needs_import(choice.model):
        click.echo(f"videnhance: makes a model of {printable(choice.model)}", err=True)
    forms = work.loaded_forms(choice)
    for form in forms:
        click.echo(form.line())
    if options["image"]:
        _enlarge(options)
    click.echo(f"\n{work.HEAD}")
    cores = options["threads"] or available_cores()
    rows = work.speeds(forms, SIZES, range(1, cores + 1), options["runs"])
    total = len(forms) * len(SIZES) * cores
    with progress_bar(total=total, unit="row", disable=not is_watched()) as bar:
        for row in rows:
            bar.write(row.line())
            bar.update()


def _enlarge(options: dict[str, Any]) -> None:
    """Through the whole program, as `videnhance IN OUT` does."""
    from videnhance.conversion.executor import Watcher
    from videnhance.conversion.job import job_of
    from videnhance.conversion.run import convert
    from videnhance.models.test import before_after
    from videnhance.options import ConvertOptions
    from videnhance.training.stills import rgb_of

    source, target = options["image"], options["target"]
    if target is None:
        raise UsageError("--image needs a name for its enlargement; give it by --to")
    chosen = ConvertOptions(
        model=options["network"], trust_model=options["trust_model"], overwrite=True
    )
    job = job_of(source, target, options=chosen)
    convert(job, Watcher(lambda *_: None, lambda _: None))
    both = target.with_name(f"{target.stem}.before_after.png")
    size = before_after(rgb_of(source), rgb_of(target), target=both)
    click.echo(f"{target}: {size}, twice the source; {both} shows both")


@model.command(cls=Command, short_help="Compares torch's forms on the same frame.")
@with_options(
    click.argument("network", default="default", metavar="[MODEL]"),
    _option("--size WxH", "Pixels of the frame.", default="640x360"),
    _threads,
    _option(
        "--runs N", "Measure each engine so often.", default=9, type=click.IntRange(2)
    ),
)
def bench(network: str, size: str, threads: int | None, runs: int) -> None:
    """Runs the network MODEL in torch's forms on the same frame.

    ONNX Runtime, OpenVINO and ncnn: benchmarks/model_engines.py, in the source.
    """
    from videnhance.frame.geometry import size_of
    from videnhance.models import bench as work
    from videnhance.system.processor import processor_name
    from videnhance.system.threads import available_cores

    counts = range(1, (threads or available_cores()) + 1)
    click.echo(f"{processor_name()}, {size}\n\n{work.HEAD}")
    frame = size_of(size, "--size")
    for row in work.benched(network, frame, threads=counts, runs=runs):
        words = row.line() if isinstance(row, work.Row) else row
        click.echo(words, err=not isinstance(row, work.Row))
