"""`live`: a window that shows enhanced pictures as they come."""

import json
from typing import TYPE_CHECKING, Any

import click

from videnhance.cli.fields import FILE, field_option
from videnhance.cli.help import with_options
from videnhance.cli.live_options import WINDOW, check_picture, live_options
from videnhance.cli.options import VIDEO_TRACK
from videnhance.cli.process import INTERRUPTED, signals
from videnhance.cli.profiles import ProfileCommand
from videnhance.cli.report_file import check_report, write_report
from videnhance.errors import UsageError, counted, printable
from videnhance.frame.geometry import size_of

if TYPE_CHECKING:
    from videnhance.frame.geometry import Size

__all__ = ["live"]

_input, _view = field_option("Input"), field_option("Window")
_picture, _record = field_option("Picture"), field_option("Recording")
_machine = field_option("Machine")
_LIVE = with_options(
    click.argument("source", required=False, metavar="[SOURCE]"),
    _input("--test-pattern", "Show a moving pattern, made here.", is_flag=True),
    _input("--list-cameras", "Say which cameras there are.", is_flag=True),
    _input(
        "--size WxH|source",
        "Pixels of the capture; larger frames are reduced to as many.",
        shown="source",
    ),
    _input(
        "--fps FPS",
        "Frames a second of the capture.",
        name="rate",
        shown="30",
        type=float,
    ),
    _input("--loop", "Play a file over and over.", is_flag=True),
    VIDEO_TRACK,
    _picture(
        "--scale",
        "Show the same size, cleaner, or twice the size.",
        shown="2; 1 where that takes too long",
        type=click.Choice(["1", "2"]),
    ),
    _record("--record FILE", "Record from the start.", type=FILE),
    _record("--record-view", "Record the window, not the picture alone.", is_flag=True),
    _record("-y --overwrite", "Replace the recording; else an error if it is there."),
    _record(
        "-c --codec NAME", "Encoder of recordings, as FFmpeg names it.", shown="libx264"
    ),
    _record(
        "--crf N",
        "Quality of recordings: less is better and larger.",
        shown="as of convert",
    ),
    _record("--preset NAME", "The encoder's own, for recordings.", shown="superfast"),
    _record(
        "--pix-fmt NAME",
        "Pixel format of recordings.",
        shown="source; in .mp4 what plays",
    ),
    _record("--virtual-camera", "Be a camera for other programs.", is_flag=True),
    _view("--headless", "Open no window: record or send only.", is_flag=True),
    _machine("--seconds SECONDS", "Stop after so long.", shown="until Q", type=float),
    _machine("--report FILE", "Write what was measured: JSON.", type=FILE),
    *WINDOW,
)


@click.command(
    cls=ProfileCommand,
    check=lambda words: _check(words),
    common=(
        "size",
        "loop",
        "list_cameras",
        "test_pattern",
        "models",
        "scale",
        "view",
        "record",
        "virtual_camera",
        "fullscreen",
    ),
    examples=(
        "videnhance live                            camera 0",
        "videnhance live film.mp4 --loop            a file as a camera",
        "videnhance live rtsp://192.168.1.9/cam     a stream",
        "videnhance live --record out.mkv --headless",
    ),
)
@_LIVE
def live(**options: Any) -> None:
    """Shows SOURCE, enhanced, in a window: H there lists its keys.

    SOURCE is a camera's number, name or device (0 by default), a video file, or an
    address (rtsp://, http://).
    """
    from videnhance.live.app import live as run
    from videnhance.live.sources import cameras, source_for

    if options["list_cameras"]:
        lines = map(str, cameras())
        click.echo("\n".join(lines) or "no camera is named by the system")
        return
    check_report(options["report"], "--report", files=())
    size, area = _capture(options["size"])
    chosen = live_options(options, area)
    with signals():
        source = source_for(
            options["source"],
            pattern=options["test_pattern"],
            size=size,
            rate=options["rate"],
            loop=options["loop"],
            video_track=options["video_track"],
        )
        try:
            measured = run(source, chosen, _say)
        except KeyboardInterrupt:
            click.echo("videnhance: interrupted; all is closed", err=True)
            raise SystemExit(INTERRUPTED) from None
    if options["report"]:
        write_report(options["report"], json.dumps(measured, indent=2) + "\n")
    click.echo(
        f"videnhance: {counted(measured['shown'], 'frame')} shown, "
        f"{measured['dropped']} dropped; "
        f"{measured['delay_ms']:.0f} ms from capture to screen{_of(measured)}",
        err=True,
    )


def _of(measured: dict[str, Any]) -> str:
    """What was shown in which size, and by which model."""
    if "model" not in measured:
        return ""
    source, size = measured["source_size"], measured["worked_on"]
    reduced = "" if source == size else f", reduced to {size}"
    output = f"{measured['output_size']}, {measured['output_size_because']}"
    return f"; {source}{reduced} to {output}; {measured['model']}"


def _say(words: str) -> None:
    click.echo(f"videnhance: {printable(words)}", err=True)


def _capture(words: str | None) -> "tuple[Size | None, int | None]":
    """The size to ask for, and the most pixels of a frame. Raises UsageError."""
    if words is None or words == "source":
        return None, None
    try:
        size = size_of(words, "--size")
    except UsageError as error:
        raise UsageError(f"{error} or source") from None
    return size, size.area


def _check(words: dict[str, Any]) -> None:
    """Raises UsageError for words that no run could do with."""
    check_picture(words)
    _capture(words["size"])
