"""`probe`: what is known of a file, or of its conversion."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from videnhance.cli.fields import FILE
from videnhance.cli.help import Command
from videnhance.cli.options import VIDEO_TRACK

if TYPE_CHECKING:
    from videnhance.conversion.preflight import Preflight

__all__ = ["probe"]


@click.command(
    cls=Command,
    examples=(
        "videnhance probe in.mp4                    what is known of it",
        "videnhance probe in.mp4 --for out.webm     what a conversion would do",
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
@VIDEO_TRACK
def probe(
    file: Path, *, as_values: bool, target: Path | None, video_track: int | None
) -> None:
    """Says what is known of the video IN, or of its conversion."""
    from videnhance.media.probe import as_json, describe
    from videnhance.media.probe import probe as probed

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


def _rehearsed(source: Path, target: Path, *, video_track: int | None) -> "Preflight":
    """What `convert` would do with its default options, but for the track."""
    from videnhance.conversion.job import job_of
    from videnhance.conversion.preflight import preflight
    from videnhance.options import ConvertOptions

    return preflight(
        job_of(source, target, options=ConvertOptions(video_track=video_track))
    )
