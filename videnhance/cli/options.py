"""The options of `convert` and `batch`, as help shows them."""

from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import Any

import click

__all__ = ["VIDEO_TRACK", "batch_options", "convert_options"]


def _seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
    """Seconds from `90`, `1:30` or `0:01:30.5`."""
    del ctx
    if value is None:
        return None
    try:
        parts = [float(part) for part in value.split(":")]
        if not all(map(isfinite, parts)) or (len(parts) > 1 and "-" in value):
            raise ValueError(value)
        seconds = sum(part * 60**n for n, part in enumerate(reversed(parts)))
    except ValueError as error:
        raise click.BadParameter(
            f"{value!r} is no time; write seconds, M:SS or H:MM:SS", param=param
        ) from error
    return seconds


def _pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> Any:
    del ctx
    for value in values:
        if "=" not in value[1:]:
            raise click.BadParameter(f"{value!r} is not key=value", param=param)
    return dict(value.split("=", 1) for value in values)


VIDEO_TRACK = click.option(
    "--video-track",
    type=click.IntRange(min=0),
    metavar="N",
    help="Which video of a file, from 0 as FFmpeg's v:N. [the main film]",
)
_FILE = click.Path(path_type=Path)
_SHARED = (
    click.option("--scale", type=int, help="1 (same size), 2 or 4. [2]", metavar="N"),
    click.option(
        "--size", metavar="SIZE", help="Instead: 1080p, 4k, 1280x720, 1280x or x720."
    ),
    click.option(
        "--fit",
        default="inside",
        type=click.Choice(["inside", "cover", "pad", "stretch"]),
        help="How a picture of another shape comes into --size.",
    ),
    click.option(
        "--skip",
        default=1,
        metavar="N",
        help="Network on every Nth frame; every frame and time stays.",
    ),
    click.option(
        "--fuse",
        default=None,
        type=float,
        help="Share of the last residual, moved, in each frame: 0 to 1.",
    ),
    click.option("--strength", default=1.0, help="0 (plain resize) to 1."),
    click.option(
        "--reuse",
        default="exact",
        type=click.Choice(["exact", "off"]),
        help="Parts that did not change keep their result.",
    ),
    click.option("-m", "--model", help="Name; a card; weights (.pth). [default]"),
    click.option(
        "--clean",
        type=click.FloatRange(0, 1),
        help="0: true to the source; 1: cleaned of noise and blocks.",
    ),
    click.option("--trust-model", is_flag=True, help="Run a model not from here."),
    click.option(
        "--precision",
        default="auto",
        type=click.Choice(["auto", "int8", "float32"]),
        help="Default: whichever measures faster.",
    ),
    click.option(
        "--device", default="auto", type=click.Choice(["auto", "cpu", "cuda"])
    ),
    click.option("--workers", type=int, help="Worker threads; 0: none. [cores]"),
    click.option(
        "--tile",
        default=496,
        type=click.IntRange(min=32),
        help="Largest patch: N x N pixels.",
    ),
    click.option(
        "--deinterlace",
        default="auto",
        type=click.Choice(["auto", "on", "off"]),
        help="Make whole pictures of fields: where they comb, always, never.",
    ),
    click.option("-c", "--codec", help="FFmpeg's encoder. [libx264, or as OUT needs]"),
    click.option(
        "--crf", type=int, help="Quality, less is better. [x264 18, x265 20, av1 26]"
    ),
    click.option("--preset", help="The encoder's own. [a fast one]"),
    click.option(
        "--pix-fmt",
        help="As FFmpeg names it, or `source`. [source; in .mp4 and .mov what plays]",
    ),
    click.option("-e", "extra", multiple=True, callback=_pairs, metavar="KEY=VALUE"),
    click.option("--start", callback=_seconds, help="Seconds or H:MM:SS."),
    click.option("--end", callback=_seconds, help="Seconds or H:MM:SS."),
    click.option("--max-frames", type=int, metavar="N"),
    VIDEO_TRACK,
    click.option("--no-audio", is_flag=True, help="Leave all sound out."),
    click.option(
        "--discard", is_flag=True, help="Start over, whatever is done of OUT."
    ),
    click.option(
        "--segment",
        type=click.IntRange(min=1),
        metavar="N",
        help="Frames that are closed, and kept, at once. [100 to 250]",
    ),
    click.option(
        "--verify",
        default="fast",
        type=click.Choice(["fast", "full"]),
        help="Read the result's packets back, or decode all of it.",
    ),
    click.option("--strict", is_flag=True, help="Exit 4 if the input was damaged."),
    click.option("--limit-pixels", type=int, metavar="N", help="Largest picture read."),
    click.option("--max-cpu", type=float, metavar="PERCENT", help="Of all cores."),
    click.option("--max-memory", type=int, metavar="MB", help="Shortens the queues."),
    click.option(
        "--cluster", metavar="ADDRESS", help="Dask's scheduler; its workers do it."
    ),
    click.option("--rate", metavar="FPS", help="Of a sequence of pictures. [25]"),
    click.option("-q", "--quiet", is_flag=True, help="Errors only."),
    click.option("-v", "--verbose", is_flag=True, help="Say what was chosen."),
)


_CONVERT = (
    click.argument("files", nargs=-1, type=_FILE, metavar="IN OUT"),
    click.option("-i", "--input", "source", type=_FILE, help="The video to read."),
    click.option("-o", "--output", "target", type=_FILE, help="The file to write."),
    *_SHARED,
    click.option("-y", "--overwrite", is_flag=True, help="Replace the target."),
    click.option(
        "--dry-run", is_flag=True, help="Say what would be done, kept and lost."
    ),
    click.option(
        "--isolate", is_flag=True, help="Decode in a process of its own, with limits."
    ),
    click.option("--nice", is_flag=True, help="Leave the machine to other programs."),
    click.option("--raw-size", metavar="WxH", help="Of raw video on standard input."),
    click.option("--raw-format", metavar="PIX_FMT", help="Of raw video. [yuv420p]"),
    click.option(
        "--format",
        "pipe_format",
        default="y4m",
        type=click.Choice(["y4m", "raw", "nut", "matroska", "mpegts"]),
        help="What goes to standard output if OUT is -.",
    ),
    click.option(
        "--progress", default="bar", type=click.Choice(["bar", "json", "none"])
    ),
    click.option("--report", type=_FILE, help="Write what was done, as JSON."),
)
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
_BATCH = (
    click.argument("source", type=_FOLDER, metavar="IN_DIR"),
    click.argument("target", type=_FILE, metavar="OUT_DIR"),
    click.option(
        "--include", multiple=True, metavar="GLOB", help="Only these files. [media]"
    ),
    click.option(
        "--exclude", multiple=True, metavar="GLOB", help="Not these files or folders."
    ),
    click.option("--follow-links", is_flag=True, help="Links in IN_DIR count, too."),
    click.option(
        "--sequences",
        default="auto",
        type=click.Choice(["auto", "on", "off"]),
        help="Numbered pictures are one input: where they look so, always, never.",
    ),
    click.option(
        "--name", default="{stem}", metavar="PATTERN", help="As {stem}-x2. [{stem}]"
    ),
    click.option("--to", metavar="SUFFIX", help="Of videos, as .mkv. [as the input]"),
    click.option("--pictures-to", metavar="SUFFIX", help="Of pictures. [as the input]"),
    click.option(
        "--picture-quality",
        type=click.IntRange(1, 100),
        metavar="N",
        help="Of JPEG, WebP and AVIF; the encoder's options are for videos.",
    ),
    click.option(
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Files at a time. [by cores and memory]",
    ),
    click.option(
        "--order",
        default="name",
        type=click.Choice(["name", "shortest"]),
        help="What comes first.",
    ),
    click.option("--watch", is_flag=True, help="Go on with files that come."),
    click.option(
        "--settle",
        default=2.0,
        type=click.FloatRange(min=0),
        metavar="SECONDS",
        help="An input that changed less long ago is still being copied. [2]",
    ),
    *_SHARED,
    click.option(
        "-y", "--overwrite", is_flag=True, help="Replace files not made here, too."
    ),
    click.option("--again", is_flag=True, help="Make everything anew."),
    click.option(
        "--recheck", is_flag=True, help="Compare contents, not sizes and times."
    ),
    click.option("--dry-run", is_flag=True, help="Say what would be done, and why."),
    click.option(
        "--isolate/--no-isolate",
        default=True,
        help="Decode in processes with limits. [on]",
    ),
    click.option(
        "--nice/--no-nice", default=True, help="Leave the machine to others. [on]"
    ),
    click.option(
        "--progress",
        default="bar",
        type=click.Choice(["bar", "json", "none"]),
    ),
    click.option(
        "--report",
        "reports",
        multiple=True,
        type=_FILE,
        help="Write what was done, as JSON or, to a name in .csv, as CSV.",
    ),
)


def convert_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of `convert`, in the order that help shows."""
    return _with(command, _CONVERT)


def batch_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of `batch`, those of `convert` among them."""
    return _with(command, _BATCH)


def _with(
    command: Callable[..., None], options: tuple[Any, ...]
) -> Callable[..., None]:
    for option in reversed(options):
        command = option(command)
    return command
