"""The options of `convert`, and what it shares with `batch`, as help shows them."""

from math import isfinite
from pathlib import Path
from typing import Any

import click

from videnhance.cli.profiles import profile_option
from videnhance.cli.sections import complete_model, in_section, with_options

__all__ = [
    "DEVICE",
    "ENCODER",
    "KEPT",
    "PRECISION",
    "SHARED",
    "VIDEO_TRACK",
    "convert_options",
]


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


_FILE = click.Path(path_type=Path)
_input, _output = in_section("Input"), in_section("Output")
_picture, _speed = in_section("Picture"), in_section("Speed")
_streams, _safety = in_section("Sound and streams"), in_section("Safety")
_machine, _messages = in_section("Machine"), in_section("Messages")

VIDEO_TRACK = _input(
    "--video-track N",
    "Which video of a file, from 0 as FFmpeg's v:N.",
    shown="the main film",
    type=click.IntRange(min=0),
)
_SPAN = (
    _input(
        "--start TIME",
        "Begin there: seconds, M:SS or H:MM:SS.",
        shown="the beginning",
        callback=_seconds,
    ),
    _input(
        "--end TIME",
        "Stop there: seconds, M:SS or H:MM:SS.",
        shown="the end",
        callback=_seconds,
    ),
    _input("--max-frames N", "Stop after N.", shown="all", type=int),
    VIDEO_TRACK,
    _input(
        "--rate FPS",
        "Frames a second of a sequence of pictures or raw video.",
        shown="25",
    ),
)
ENCODER = (
    _output(
        "-c --codec NAME",
        "Encoder of the video, as FFmpeg names it.",
        shown="libx264, or as OUT needs",
    ),
    _output(
        "--crf N",
        "Quality on the encoder's scale: less is better and larger.",
        shown="x264 18, x265 20, av1 26",
        type=int,
    ),
    _output(
        "--preset NAME",
        "The encoder's own: a slower one makes smaller files.",
        shown="a fast one",
    ),
    _output(
        "--pix-fmt NAME",
        "Pixel format, as FFmpeg names it, or `source`.",
        shown="source; in .mp4 and .mov what plays",
    ),
    _output(
        "-e KEY=VALUE",
        "An option of the encoder itself; may be given more than once.",
        name="extra",
        multiple=True,
        callback=_pairs,
    ),
)
_PICTURE = (
    _picture(
        "--scale N",
        "Enlarge 1 (same size, cleaner), 2 or 4 times.",
        shown="2",
        type=int,
    ),
    _picture(
        "--size SIZE",
        "Enlarge to 1080p, 4k, 1280x720, 1280x or x720 instead.",
        shown="--scale",
    ),
    _picture(
        "--fit",
        "How a picture of another shape comes into --size: smaller, cropped, "
        "with black borders, or distorted.",
        default="inside",
        type=click.Choice(["inside", "cover", "pad", "stretch"]),
    ),
    _picture(
        "-m --model MODEL",
        "Network: a name (see `videnhance model list`), a card (.json), or "
        "weights (.pth, .safetensors).",
        shown="default",
        shell_complete=complete_model,
    ),
    _picture(
        "--clean SHARE",
        "Network from 0, true to the source, to 1, cleaned of noise and blocks.",
        shown="0.5",
        type=click.FloatRange(0, 1),
    ),
    _picture(
        "--strength SHARE",
        "How much the network adds: 0 (plain resize) to 1.",
        default=1.0,
    ),
    _picture(
        "--fuse SHARE",
        "Share of the last residual, moved, in each frame: 0 to 1; calmer.",
        shown="0.3",
        type=float,
    ),
    _picture(
        "--deinterlace",
        "Make whole pictures of fields: where they comb, always, never.",
        default="auto",
        type=click.Choice(["auto", "on", "off"]),
    ),
)
PRECISION = _speed(
    "--precision",
    "Arithmetic of the network; auto takes whichever measures faster.",
    default="auto",
    type=click.Choice(["auto", "int8", "float32"]),
)
DEVICE = _speed(
    "--device",
    "What runs the network; auto takes CUDA if it is there.",
    default="auto",
    type=click.Choice(["auto", "cpu", "cuda"]),
)
_SPEED = (
    _speed(
        "--skip N",
        "Run the network on every Nth frame; every frame and time stays.",
        default=1,
    ),
    _speed(
        "--reuse",
        "Parts that did not change keep their result; the output is the same.",
        default="exact",
        type=click.Choice(["exact", "off"]),
    ),
    PRECISION,
    DEVICE,
    _speed(
        "--workers N",
        "Worker threads; 0 uses none, with the same result.",
        shown="processor cores",
        type=int,
    ),
    _speed(
        "--tile PIXELS",
        "Side of the largest patch for the network; the output is the same.",
        default=496,
        type=click.IntRange(min=32),
    ),
    _speed(
        "--cluster ADDRESS",
        "Let the workers of this Dask scheduler do it.",
        shown="this machine",
    ),
)
_STREAMS = (
    _streams("--no-audio", "Leave all sound out; else it is kept.", is_flag=True),
)
_SAFETY = (
    _safety(
        "--discard", "Start over; else unfinished work of OUT goes on.", is_flag=True
    ),
    _safety(
        "--segment FRAMES",
        "Frames that are finished, and kept after a stop, at once.",
        shown="100 to 250",
        type=click.IntRange(min=1),
    ),
    _safety(
        "--verify",
        "Read the packets of the result back, or decode all of it.",
        default="fast",
        type=click.Choice(["fast", "full"]),
    ),
    _safety(
        "--strict", "Exit with 4 if the input was damaged; else with 0.", is_flag=True
    ),
    _safety(
        "--limit-pixels PIXELS",
        "Refuse larger pictures.",
        shown="8192 x 8192",
        type=int,
    ),
    _safety(
        "--trust-model",
        "Run a model that does not come with videnhance: it is a program.",
        is_flag=True,
    ),
)
_MACHINE = (
    _machine(
        "--max-cpu PERCENT", "Use so much of all cores.", shown="no limit", type=float
    ),
    _machine(
        "--max-memory MB",
        "Use about so much memory, by shorter queues.",
        shown="no limit",
        type=int,
    ),
)
_MESSAGES = (
    _messages(
        "--progress",
        "A bar (lines in a log), a line of JSON for each step, or nothing.",
        default="bar",
        type=click.Choice(["bar", "json", "none"]),
    ),
    _messages("-q --quiet", "Say errors only.", is_flag=True),
    _messages("-v --verbose", "Say what was chosen.", is_flag=True),
)
SHARED = (*_SPAN, *_PICTURE, *_SPEED, *_STREAMS, *_SAFETY, *_MACHINE, *_MESSAGES)

KEPT = (
    _output("-y --overwrite", "Replace OUT; else an error if it is.", is_flag=True),
    _output("--dry-run", "Say what would be done, kept and lost.", is_flag=True),
    *ENCODER,
    _output(
        "--format",
        "What goes to standard output if OUT is -.",
        name="pipe_format",
        default="y4m",
        type=click.Choice(["y4m", "raw", "nut", "matroska", "mpegts"]),
    ),
    _input(
        "--raw-size WxH",
        "Standard input is raw video of so many pixels.",
        shown="not raw",
    ),
    _input("--raw-format PIX_FMT", "Pixel format of raw video.", shown="yuv420p"),
    *SHARED,
    _machine("--isolate", "Decode in a process of its own, with limits.", is_flag=True),
    _machine("--nice", "Let other programs go first.", is_flag=True),
    _messages("--report", "Write what was done to a file, as JSON.", type=_FILE),
)
convert_options = with_options(
    click.argument("files", nargs=-1, type=_FILE, metavar="IN OUT"),
    profile_option,
    _output("-o --output", "The file to write: OUT.", name="target", type=_FILE),
    _input("-i --input", "The video to read: IN.", name="source", type=_FILE),
    *KEPT,
)
"""Gives a command the options of `convert`."""
