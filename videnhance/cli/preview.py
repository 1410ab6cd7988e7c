"""`preview`: a conversion in a window, to try settings."""

from typing import Any

import click

from videnhance.cli.fields import FILE, field_option
from videnhance.cli.help import with_options
from videnhance.cli.live_options import WINDOW, check_picture, live_options
from videnhance.cli.options import VIDEO_TRACK
from videnhance.cli.process import signals
from videnhance.cli.profiles import ProfileCommand

__all__ = ["preview"]

_input, _picture, _speed = map(field_option, ("Input", "Picture", "Speed"))
_PREVIEW = with_options(
    click.argument("file", type=FILE, metavar="IN"),
    _input("--start SECONDS", "Begin there in IN.", default=0.0),
    VIDEO_TRACK,
    _picture(
        "--scale",
        "Enlarge 1 (same size, cleaner), 2 or 4 times.",
        default="2",
        type=click.Choice(["1", "2", "4"]),
    ),
    _speed(
        "--skip N",
        "Run the network on every Nth frame.",
        default=1,
        type=click.IntRange(1),
    ),
    *WINDOW,
)


@click.command(
    cls=ProfileCommand,
    check=check_picture,
    examples=(
        "videnhance preview in.mp4 --start 60       from the second minute",
        "videnhance preview in.mp4 -m default -m restore     M changes between them",
    ),
)
@_PREVIEW
def preview(**options: Any) -> None:
    """Shows IN as its conversion would be, to try settings; C prints the command."""
    from videnhance.live.app import preview as run
    from videnhance.media.source import Source

    chosen = live_options(options)
    with signals():
        source = Source(options["file"], video_track=options["video_track"])
        command = run(source, options["start"], options=chosen, say=_print)
    click.echo(command)


def _print(words: str) -> None:
    # The command is the result; all else is talk.
    is_command = words.startswith("videnhance convert")
    click.echo(words if is_command else f"videnhance: {words}", err=not is_command)
