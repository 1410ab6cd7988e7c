"""`model train`: from its words to a course of training, and its bar."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from videnhance.cli.fields import FILE
from videnhance.cli.help import Command, in_section, with_options
from videnhance.cli.progress import progress_bar
from videnhance.errors import UsageError

if TYPE_CHECKING:
    from videnhance.training.train import Course

__all__ = ["train"]

_PLACE = click.Path(path_type=Path, exists=True)
_FINETUNE_CLIPS = 600
_MIXES = {"report": "fidelity", "look": "look"}
"""Of recipes that have their own."""
_run, _network = in_section("Run"), in_section("Network")
_training, _samples = in_section("Training"), in_section("Samples")
_machine = in_section("Machine")


@click.command(
    cls=Command,
    short_help="Trains a network on stills and videos.",
    examples=(
        "videnhance model train clips --to run --finetune    adapt the default",
        "videnhance model train stills --to run              from nothing",
        "videnhance model train stills --to run --resume     after a stop",
    ),
)
@with_options(
    click.argument("places", nargs=-1, required=True, type=_PLACE, metavar="PLACE..."),
    _run(
        "--to FOLDER",
        "Keep the run here: checkpoint, log, course, network.",
        name="work",
        required=True,
        type=FILE,
    ),
    _network(
        "--preset",
        "Size of the network.",
        shown="default",
        type=click.Choice(["fast", "default", "quality", "report"]),
    ),
    _network("--start MODEL", "Begin with the weights of a model."),
    _network(
        "--teacher FILE",
        "Learn from a larger network, too: weights of Real-ESRGAN's Compact family.",
        type=FILE,
    ),
    _network(
        "--teacher-share SHARE",
        "How much of what is learnt is the teacher's: 0 to 1.",
        default=0.2,
        type=click.FloatRange(0, 1),
    ),
    _network(
        "--finetune",
        "Adapt the shipped model to this footage, and say whether it got better.",
        is_flag=True,
    ),
    _training(
        "--recipe",
        "How it is trained: ours; for a look; as SESR; as the project's report says.",
        default="default",
        type=click.Choice(["default", "look", "sesr", "report"]),
    ),
    _training(
        "--steps N", "Steps of training.", shown="as the recipe", type=click.IntRange(1)
    ),
    _training("--seed N", "Seed of all that is random.", default=0),
    _samples(
        "--mix",
        "What becomes of the pictures: only halved, as real video, ruined; both of "
        "these, from sharp originals, for a look.",
        shown="real; look with its recipe",
        type=click.Choice(["fidelity", "real", "restore", "look"]),
    ),
    _samples(
        "--valid",
        "Measure on these stills.",
        shown="some of PLACE",
        multiple=True,
        type=_PLACE,
    ),
    _samples(
        "--clips N",
        "Samples to make.",
        shown="14000; 600 with --finetune",
        type=click.IntRange(1),
    ),
    _run("--resume", "Go on with the run in --to.", is_flag=True),
    _run(
        "--every STEPS",
        "Measure and keep a checkpoint so often.",
        default=1000,
        type=click.IntRange(1),
    ),
    _machine(
        "--threads N",
        "Threads of the training.",
        shown="processor cores",
        type=click.IntRange(1),
    ),
    _machine(
        "--device",
        "What trains the network.",
        default="cpu",
        type=click.Choice(["cpu", "cuda"]),
    ),
)
def train(**options: Any) -> None:
    """Trains a network on the stills and videos in PLACE, and draws its course.

    The same command with --resume goes on after a kill, to the same numbers.
    """
    from videnhance.training.train import run

    logging.basicConfig(format="videnhance: %(message)s", level=logging.INFO)
    course = _course(options)
    with progress_bar(unit="step", smoothing=0.1) as bar:
        for point, steps in run(course):
            if bar.total is None:
                bar.total = steps
                bar.initial = bar.n = max(point.step - course.every, 0)
            bar.set_postfix(loss=f"{point.loss:.4f}", psnr=f"{point.psnr:.3f} dB")
            bar.update(point.step - bar.n)
    if options["finetune"]:
        from videnhance.training.train import compared

        click.echo("\n".join(compared(course).lines()))
    click.echo(f"videnhance: {course.work / 'network.pth'}", err=True)


def _course(options: dict[str, Any]) -> "Course":
    from dataclasses import replace

    from videnhance.models.network import PRESETS
    from videnhance.training.dataset import CLIPS, Material
    from videnhance.training.degrade import Mix
    from videnhance.training.recipe import EPOCHS, RECIPES, suited
    from videnhance.training.teacher import Lesson
    from videnhance.training.train import Course

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
        Mix(options["mix"] or _MIXES.get(options["recipe"], "real")),
        options["clips"] or (_FINETUNE_CLIPS if tuned else CLIPS),
        options["valid"],
        PRESETS[preset].channels,
        options["seed"],
    )
    lesson = None
    if options["teacher"] is not None:
        lesson = Lesson(options["teacher"], options["teacher_share"])
    return Course(
        material,
        options["work"],
        preset,
        suited(recipe, material.mix),
        options["start"] or ("default" if tuned else None),
        lesson,
        options["resume"],
        options["device"],
        options["every"],
        EPOCHS if reported else None,
        options["threads"],
    )
