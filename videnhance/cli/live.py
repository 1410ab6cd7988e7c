"""The commands `live` and `preview`: words to one call, and what came of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from videnhance.cli.job import check_report
from videnhance.cli.options import VIDEO_TRACK
from videnhance.cli.progress import written
from videnhance.cli.stopping import INTERRUPTED, signals
from videnhance.errors import UsageError, counted, printable

if TYPE_CHECKING:
    from videnhance.live.engine import Look
    from videnhance.live.recorder import Recording
    from videnhance.live.watching import Showing
    from videnhance.model.runtime import Choice
    from videnhance.region import Size

__all__ = ["live", "preview"]

_FILE = click.Path(path_type=Path)
_VIEWS = {
    "split": "SPLIT",
    "side": "BESIDE",
    "enhanced": "AFTER",
    "before": "BEFORE",
    "difference": "DIFFERENCE",
}
_MODEL = (
    click.option(
        "-m",
        "--model",
        "models",
        multiple=True,
        help="Name, card, or weights; more than one to change between by M.",
    ),
    click.option(
        "--clean",
        "cleans",
        multiple=True,
        type=click.FloatRange(0, 1),
        help="0: true to the source; 1: cleaned. More than one as with --model.",
    ),
    click.option("--trust-model", is_flag=True, help="Run a model not from here."),
    click.option(
        "--precision", default="auto", type=click.Choice(["auto", "int8", "float32"])
    ),
    click.option(
        "--device", default="auto", type=click.Choice(["auto", "cpu", "cuda"])
    ),
    click.option("--workers", type=click.IntRange(1, 256), help="Threads. [cores]"),
    click.option("--strength", default=1.0, help="0 (plain resize) to 1."),
    click.option("--fuse", default=0.3, help="Share of the last residual: 0 to 1."),
    click.option(
        "--view",
        default="split",
        type=click.Choice(list(_VIEWS)),
        help="To begin with.",
    ),
    click.option("--fullscreen", is_flag=True),
    click.option("--no-overlay", is_flag=True, help="Begin without figures."),
    click.option(
        "--snapshots",
        type=_FILE,
        default=Path(),
        metavar="FOLDER",
        help="For snapshots and recordings begun by a key. [here]",
    ),
)
_LIVE = (
    click.argument("source", required=False, metavar="[SOURCE]"),
    click.option("--test-pattern", is_flag=True, help="A moving pattern, made here."),
    click.option("--list-cameras", is_flag=True, help="Say which cameras there are."),
    click.option(
        "--size",
        metavar="WxH|source",
        help="Of the capture; `source` reduces nothing. [what the machine can do]",
    ),
    click.option("--fps", "rate", type=float, help="Of the capture. [30]"),
    click.option("--loop", is_flag=True, help="Play a file over and over."),
    VIDEO_TRACK,
    click.option("--scale", default="2", type=click.Choice(["1", "2"])),
    click.option("--record", type=_FILE, metavar="FILE", help="Record from the start."),
    click.option(
        "--record-view", is_flag=True, help="Record the window, not the picture alone."
    ),
    click.option("-y", "--overwrite", is_flag=True, help="Replace the recording."),
    click.option("-c", "--codec", help="Of recordings, as FFmpeg names it. [libx264]"),
    click.option("--crf", type=int, help="Of recordings; less is better."),
    click.option("--preset", help="Of recordings. [superfast]"),
    click.option("--pix-fmt", help="Of recordings. [source; in .mp4 what plays]"),
    click.option("--virtual-camera", is_flag=True, help="Show it to other programs."),
    click.option("--headless", is_flag=True, help="No window: record or send only."),
    click.option("--seconds", type=float, help="Stop after so long."),
    click.option("--report", type=_FILE, help="Write what was measured, as JSON."),
    *_MODEL,
)
_PREVIEW = (
    click.argument("file", type=_FILE, metavar="IN"),
    click.option("--start", default=0.0, help="Seconds."),
    VIDEO_TRACK,
    click.option("--scale", default="2", type=click.Choice(["1", "2", "4"])),
    click.option("--skip", default=1, type=click.IntRange(1), metavar="N"),
    *_MODEL,
)

_Options = tuple[Callable[..., Any], ...]


def _with(options: _Options) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


@click.command()
@_with(_LIVE)
def live(**options: Any) -> None:
    """Shows SOURCE, enhanced, in a window: H there lists its keys.

    SOURCE is a camera's number, name or device (0 by default), a video file, or an
    address (rtsp://, http://).
    """
    from videnhance.live.cameras import cameras
    from videnhance.live.sources import Wish, source_for
    from videnhance.live.watching import live as run

    if options["list_cameras"]:
        lines = map(str, cameras())
        click.echo("\n".join(lines) or "no camera is named by the system")
        return
    check_report(options["report"], "--report", ())
    size, area = _capture(options["size"])
    showing = _showing(options, area)
    with signals():
        track = options["video_track"]
        wish = Wish(size, options["rate"], options["loop"], track)
        source = source_for(options["source"], wish, options["test_pattern"])
        try:
            measured = run(source, showing, _say)
        except KeyboardInterrupt:
            click.echo("videnhance: interrupted; all is closed", err=True)
            raise SystemExit(INTERRUPTED) from None
    if options["report"]:
        written(options["report"], json.dumps(measured, indent=2) + "\n")
    click.echo(
        f"videnhance: {counted(measured['shown'], 'frame')} shown, "
        f"{measured['dropped']} dropped; "
        f"{measured['delay_ms']:.0f} ms from capture to screen",
        err=True,
    )


@click.command()
@_with(_PREVIEW)
def preview(**options: Any) -> None:
    """Shows IN as its conversion would be, to try settings; C prints the command."""
    from videnhance.live.watching import preview as run
    from videnhance.video.source import Source

    showing = _showing(options, None)
    with signals():
        source = Source(options["file"], video_track=options["video_track"])
        command = run(source, options["start"], showing, _print)
    click.echo(command)


def _say(words: str) -> None:
    click.echo(f"videnhance: {printable(words)}", err=True)


def _print(words: str) -> None:
    # The command is the result; all else is talk.
    is_command = words.startswith("videnhance convert")
    click.echo(words if is_command else f"videnhance: {words}", err=not is_command)


def _capture(words: str | None) -> "tuple[Size | None, int | None]":
    """The size to ask for, and the most pixels of a frame. Raises UsageError."""
    from videnhance.limits import LIMIT_PIXELS
    from videnhance.region import Size

    if words is None:
        return None, None
    if words == "source":
        return None, LIMIT_PIXELS
    width, _, height = words.partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise UsageError(
            f"--size {printable(words)} is no size; write 640x360 or source"
        )
    size = Size(int(width), int(height))
    return size, size.area


def _showing(options: dict[str, Any], area: int | None) -> "Showing":
    from videnhance.live.face import Face
    from videnhance.live.views import View, ViewState
    from videnhance.live.watching import Showing
    from videnhance.threads import available_cores

    if not options["snapshots"].is_dir():
        raise UsageError(
            f"--snapshots {printable(options['snapshots'])} is no folder; make it first"
        )
    view = View[_VIEWS[options["view"]]]
    return Showing(
        choices=_choices(options),
        lightens=not (options["models"] or options["cleans"]),
        look=_look(options),
        workers=options["workers"] or available_cores(),
        area=area,
        face=Face(ViewState(view), overlay=not options["no_overlay"]),
        full_screen=options["fullscreen"],
        headless=options.get("headless", False),
        recording=_recording(options),
        folder=options["snapshots"],
        virtual_camera=options.get("virtual_camera", False),
        seconds=options.get("seconds"),
    )


def _choices(options: dict[str, Any]) -> "tuple[Choice, ...]":
    from videnhance.model.clean import clean_model
    from videnhance.model.runtime import Choice

    models = (*options["models"], *map(clean_model, options["cleans"]))
    return tuple(
        Choice(model, options["precision"], options["device"], options["trust_model"])
        for model in models or ("default", "fast")
    )


def _look(options: dict[str, Any]) -> "Look":
    from videnhance.enhance import Settings
    from videnhance.live.engine import Look

    scale, skip = int(options["scale"]), options.get("skip", 1)
    # Knows what is possible, and says so as for a conversion.
    Settings(scale=scale, strength=options["strength"], skip=skip, fuse=options["fuse"])
    return Look(scale, options["strength"], options["fuse"], skip)


def _recording(options: dict[str, Any]) -> "Recording | None":
    from videnhance.live.recorder import Recording, live_encoding
    from videnhance.video.coding.encoding import Encoding, default_codec
    from videnhance.video.making.target import container_for

    target, view = options.get("record"), options.get("record_view", False)
    if target is None:
        if view:
            raise UsageError("--record-view records nothing alone: add --record FILE")
        return None
    codec = options["codec"] or default_codec(container_for(target))
    encoding = Encoding(codec, options["crf"], options["preset"], options["pix_fmt"])
    encoding = live_encoding(target, encoding)
    return Recording(target, encoding, options["overwrite"], view=view)
