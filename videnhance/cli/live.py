"""The commands `live` and `preview`: words to one call, and what came of it."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from videnhance.cli.job_from_words import check_report
from videnhance.cli.live_options import VIEWS, live_options, preview_options
from videnhance.cli.progress import written
from videnhance.cli.sections import Command
from videnhance.cli.signals import INTERRUPTED, signals
from videnhance.errors import UsageError, counted, printable
from videnhance.options import ConvertOptions

if TYPE_CHECKING:
    from videnhance.geometry import Size
    from videnhance.live.options import LiveOptions
    from videnhance.live.recorder import Recording
    from videnhance.models.runtime import Choice

__all__ = ["live", "preview"]

_COMMON = (
    *("codec", "crf", "device", "fuse", "overwrite", "pix_fmt", "precision", "preset"),
    *("skip", "strength", "trust_model", "workers"),
)
"""Options that mean what they mean to `convert`."""


@click.command(
    cls=Command,
    short_help="Shows a camera, a file or a stream, enhanced.",
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
@live_options
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
    check_report(options["report"], "--report", ())
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
        written(options["report"], json.dumps(measured, indent=2) + "\n")
    click.echo(
        f"videnhance: {counted(measured['shown'], 'frame')} shown, "
        f"{measured['dropped']} dropped; "
        f"{measured['delay_ms']:.0f} ms from capture to screen{_of(measured)}",
        err=True,
    )


@click.command(
    cls=Command,
    short_help="Shows a conversion in a window, to try settings.",
    examples=(
        "videnhance preview in.mp4 --start 60       from the second minute",
        "videnhance preview in.mp4 -m default -m restore     M changes between them",
    ),
)
@preview_options
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
    """What was shown, and by which model."""
    if "model" not in measured:
        return ""
    source, size = measured["source_size"], measured["worked_on"]
    reduced = "" if source == size else f", reduced to {size}"
    return f"; {source}{reduced}, {measured['model']}"


def _say(words: str) -> None:
    click.echo(f"videnhance: {printable(words)}", err=True)


def _print(words: str) -> None:
    # The command is the result; all else is talk.
    is_command = words.startswith("videnhance convert")
    click.echo(words if is_command else f"videnhance: {words}", err=not is_command)


def _capture(words: str | None) -> "tuple[Size | None, int | None]":
    """The size to ask for, and the most pixels of a frame. Raises UsageError."""
    from videnhance.geometry import Size
    from videnhance.system.limits import LIMIT_PIXELS

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


def _live_options(options: dict[str, Any], area: int | None) -> "LiveOptions":
    from videnhance.conversion.job import settings_of
    from videnhance.live.options import LiveOptions
    from videnhance.live.views import View

    if not options["snapshots"].is_dir():
        raise UsageError(
            f"--snapshots {printable(options['snapshots'])} is no folder; make it first"
        )
    settings, _ = settings_of(_chosen(options))
    return LiveOptions(
        choices=_choices(options),
        lightens=not (options["models"] or options["cleans"]),
        settings=settings,
        area=area,
        view=View[VIEWS[options["view"]]],
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
    return ConvertOptions(scale=int(words["scale"]), **common, **more)


def _choices(words: dict[str, Any]) -> "tuple[Choice, ...]":
    from videnhance.conversion.job import choice_of

    models = words["models"] or (() if words["cleans"] else ("default", "fast"))
    named = [choice_of(_chosen(words, model=model)) for model in models]
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
