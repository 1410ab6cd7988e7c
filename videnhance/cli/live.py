"""`live` and `preview`: a window that shows enhanced pictures as they come."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from videnhance.cli.help import complete_model, with_options
from videnhance.cli.options import (
    AMOUNTS,
    DEVICE,
    FILE,
    FUSE,
    LOOK,
    PRECISION,
    TRUST_MODEL,
    VIDEO_TRACK,
    check_report,
    field_option,
    write_report,
)
from videnhance.cli.process import INTERRUPTED, signals
from videnhance.cli.profiles import ProfileCommand
from videnhance.errors import UsageError, counted, printable
from videnhance.geometry import size_of
from videnhance.options import DEFAULT_LOOK, ConvertOptions

if TYPE_CHECKING:
    from videnhance.geometry import Size
    from videnhance.live.options import LiveOptions
    from videnhance.live.recorder import Recording
    from videnhance.models.choice import Choice

__all__ = ["live", "preview"]

_COMMON = (
    *("codec", "crf", "device", "fuse", "look", "overwrite", "pix_fmt", "precision"),
    *("grain", "preset", "skip", "strength", "trust_model", "workers"),
)
"""Options that mean what they mean to `convert`."""
_SCALE = 2
_VIEWS = {
    "split": "SPLIT",
    "side": "BESIDE",
    "enhanced": "AFTER",
    "before": "BEFORE",
    "difference": "DIFFERENCE",
}
"""By the word that the user gives, the name of the view."""

_input, _view = field_option("Input"), field_option("Window")
_picture, _speed = field_option("Picture"), field_option("Speed")
_record, _machine = field_option("Recording"), field_option("Machine")
_MODEL = (
    LOOK,
    _picture(
        "-m --model MODEL",
        "Network, instead of a look: a name (see `videnhance model list`), a card, or "
        "weights; more than one to change between by M.",
        name="models",
        shell_complete=complete_model,
        shown="the look's; M: the others'",
        multiple=True,
    ),
    _picture(
        "--clean SHARE",
        "Network, instead of a look: from 0, true to the source, to 1, cleaned; more "
        "than one as with --model.",
        name="cleans",
        multiple=True,
        type=click.FloatRange(0, 1),
    ),
    *AMOUNTS,
    FUSE,
    _view(
        "--view",
        "What the window shows at first; V changes it.",
        default="split",
        type=click.Choice(list(_VIEWS)),
    ),
    _view("--fullscreen", "Begin with the whole screen: F11.", is_flag=True),
    _view("--no-overlay", "Begin without figures: X.", is_flag=True),
    _view(
        "--snapshots FOLDER",
        "Folder of snapshots (F) and of recordings begun by R.",
        shown="the current one",
        type=FILE,
        default=Path(),
    ),
    PRECISION,
    DEVICE,
    _speed(
        "--workers N",
        "Threads that enhance.",
        shown="processor cores",
        type=click.IntRange(1, 256),
    ),
    _machine(*TRUST_MODEL),
)
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
    *_MODEL,
)
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
    *_MODEL,
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
    chosen = _live_options(options, area)
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


@click.command(
    cls=ProfileCommand,
    check=lambda words: _check(words),
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

    chosen = _live_options(options, None)
    with signals():
        source = Source(options["file"], video_track=options["video_track"])
        command = run(source, options["start"], options=chosen, say=_print)
    click.echo(command)


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


def _print(words: str) -> None:
    # The command is the result; all else is talk.
    is_command = words.startswith("videnhance convert")
    click.echo(words if is_command else f"videnhance: {words}", err=not is_command)


def _capture(words: str | None) -> "tuple[Size | None, int | None]":
    """The size to ask for, and the most pixels of a frame. Raises UsageError."""
    if words is None or words == "source":
        return None, None
    try:
        size = size_of(words, "--size")
    except UsageError as error:
        raise UsageError(f"{error} or source") from None
    return size, size.area


def _live_options(options: dict[str, Any], area: int | None) -> "LiveOptions":
    from videnhance.conversion.job import settings_of
    from videnhance.live.options import LiveOptions
    from videnhance.live.views import View

    if not options["snapshots"].is_dir():
        raise UsageError(
            f"--snapshots {printable(options['snapshots'])} is no folder; make it first"
        )
    settings = settings_of(_chosen(options))
    named = options["models"] or options["cleans"]
    return LiveOptions(
        choices=_choices(options),
        lightens=not named and options["look"] == DEFAULT_LOOK,
        settings=settings,
        area=area,
        by_time="test_pattern" in options and options["scale"] is None,
        view=View[_VIEWS[options["view"]]],
        figures=not options["no_overlay"],
        full_screen=options["fullscreen"],
        headless=options.get("headless", False),
        recording=_recording(options),
        folder=options["snapshots"],
        virtual_camera=options.get("virtual_camera", False),
        seconds=options.get("seconds"),
    )


def _chosen(words: dict[str, Any], **more: Any) -> ConvertOptions:
    """What the picture has in common with a conversion's. Raises UsageError."""
    common = {name: words[name] for name in _COMMON if name in words}
    scale = int(words["scale"] or _SCALE)  # unless the machine decides
    return ConvertOptions(scale=scale, **common, **more)


def _check(words: dict[str, Any]) -> None:
    """Raises UsageError for words that no run could do with."""
    _chosen(words, model=(*words["models"], None)[0])
    _capture(words.get("size"))


def _choices(words: dict[str, Any]) -> "tuple[Choice, ...]":
    from videnhance.conversion.job import choice_of
    from videnhance.live.models import round_of

    if not (words["models"] or words["cleans"]):
        return round_of(choice_of(_chosen(words)))
    named = [choice_of(_chosen(words, model=model)) for model in words["models"]]
    return *named, *(choice_of(_chosen(words, clean=c)) for c in words["cleans"])


def _recording(words: dict[str, Any]) -> "Recording | None":
    from videnhance.conversion.job import encoding_of
    from videnhance.live.recorder import Recording, live_encoding

    target, view = words.get("record"), words.get("record_view", False)
    if target is None:
        if view:
            raise UsageError("--record-view records nothing alone: add --record FILE")
        return None
    # Another encoder than the usual one, as for HDR, would be too slow.
    encoding = replace(encoding_of(_chosen(words), target), by_default=False)
    encoding = live_encoding(target, encoding)
    return Recording(target, encoding, words["overwrite"], view=view)
