"""`probe`: what is known of a file, or of its conversion."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from videnhance.cli.fields import FILE
from videnhance.cli.help import Command
from videnhance.cli.options import VIDEO_TRACK
from videnhance.errors import UsageError, printable

if TYPE_CHECKING:
    from videnhance.conversion.preflight import Preflight

__all__ = ["probe"]


@click.command(
    cls=Command,
    examples=(
        "videnhance probe in.mp4                    what is known of it",
        "videnhance probe in.mp4 --for out.webm     what a conversion would do",
        "videnhance probe in.mp4 --look             what it is, and what suits it",
    ),
)
@click.argument("file", type=FILE, metavar="IN")
@click.option("--json", "as_values", is_flag=True, help="Write JSON, for programs.")
@click.option(
    "--for",
    "target",
    type=FILE,
    metavar="OUT",
    help="Say what a conversion to OUT would keep, change and take.",
)
@click.option(
    "--look",
    "with_look",
    is_flag=True,
    help="Look at its pictures: what they are (soft, noisy, blocky, interlaced, drawn "
    "...), and which options suit them, as a command to copy.",
)
@VIDEO_TRACK
def probe(
    file: Path,
    *,
    as_values: bool,
    target: Path | None,
    with_look: bool,
    video_track: int | None,
) -> None:
    """Says what is known of the video IN, or of its conversion."""
    from videnhance.media.probe import as_json, describe
    from videnhance.media.probe import probe as probed

    if target is not None and with_look:
        raise UsageError("--for and --look are two questions: give one of them")
    if with_look:
        _look(file, as_values=as_values, video_track=video_track)
        return
    if target is not None:
        found = _rehearsed(file, target, video_track=video_track)
        plain = json.dumps(found.as_json(), indent=2)
        click.echo(plain if as_values else "\n".join(found.lines()))
        return
    info = probed(file, video_track)
    if as_values:
        click.echo(json.dumps(as_json(info), indent=2))
    else:
        click.echo("\n".join(describe(info)))


def _look(file: Path, *, as_values: bool, video_track: int | None) -> None:
    """What its pictures are, and what suits them."""
    from videnhance.quality.advice import advice_of
    from videnhance.quality.clip_traits import clip_traits

    traits = clip_traits(file, video_track)
    advice = advice_of(traits)
    command = advice.command(file)
    if as_values:
        found = {
            "traits": traits.as_json(),
            "advice": advice.as_json() | {"command": command},
        }
        click.echo(json.dumps(found, indent=2))
        return
    click.echo("\n".join(traits.lines()))
    click.echo("\nsuggested")
    for reason in advice.reasons:
        click.echo(f"  {reason.option:19} {reason.words}")
    click.echo(f"\n{printable(command)}")


def _rehearsed(source: Path, target: Path, *, video_track: int | None) -> "Preflight":
    """What `convert` would do with its default options, but for the track."""
    from videnhance.conversion.job import job_of
    from videnhance.conversion.preflight import preflight
    from videnhance.options import ConvertOptions

    return preflight(
        job_of(source, target, options=ConvertOptions(video_track=video_track))
    )
