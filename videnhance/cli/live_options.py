"""The options of `live` and `preview`, as help shows them."""

from pathlib import Path

import click

from videnhance.cli.options import DEVICE, PRECISION, VIDEO_TRACK
from videnhance.cli.profiles import profile_option
from videnhance.cli.sections import complete_model, in_section, with_options

__all__ = ["VIEWS", "live_options", "preview_options"]

_FILE = click.Path(path_type=Path)
VIEWS = {
    "split": "SPLIT",
    "side": "BESIDE",
    "enhanced": "AFTER",
    "before": "BEFORE",
    "difference": "DIFFERENCE",
}
"""By the word that the user gives, the name of the view."""

_input, _view = in_section("Input"), in_section("Window")
_picture, _speed = in_section("Picture"), in_section("Speed")
_record, _machine = in_section("Recording"), in_section("Machine")
_MODEL = (
    _picture(
        "-m --model MODEL",
        "Network: a name (see `videnhance model list`), a card, or weights; more "
        "than one to change between by M.",
        name="models",
        shell_complete=complete_model,
        shown="default; M: fast",
        multiple=True,
    ),
    _picture(
        "--clean SHARE",
        "Network from 0, true to the source, to 1, cleaned; more than one as with "
        "--model.",
        name="cleans",
        multiple=True,
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
        default=0.3,
    ),
    _view(
        "--view",
        "What the window shows at first; V changes it.",
        default="split",
        type=click.Choice(list(VIEWS)),
    ),
    _view("--fullscreen", "Begin with the whole screen: F11.", is_flag=True),
    _view("--no-overlay", "Begin without figures: X.", is_flag=True),
    _view(
        "--snapshots FOLDER",
        "Folder of snapshots (F) and of recordings begun by R.",
        shown="the current one",
        type=_FILE,
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
    _machine(
        "--trust-model",
        "Run a model that does not come with videnhance: it is a program.",
        is_flag=True,
    ),
)
_LIVE = (
    click.argument("source", required=False, metavar="[SOURCE]"),
    profile_option,
    _input("--test-pattern", "Show a moving pattern, made here.", is_flag=True),
    _input("--list-cameras", "Say which cameras there are.", is_flag=True),
    _input(
        "--size WxH|source",
        "Pixels of the capture; `source` reduces nothing.",
        shown="what the machine can do",
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
        default="2",
        type=click.Choice(["1", "2"]),
    ),
    _record("--record FILE", "Record from the start.", type=_FILE),
    _record("--record-view", "Record the window, not the picture alone.", is_flag=True),
    _record(
        "-y --overwrite",
        "Replace the recording; else an error if it is there.",
        is_flag=True,
    ),
    _record(
        "-c --codec NAME", "Encoder of recordings, as FFmpeg names it.", shown="libx264"
    ),
    _record(
        "--crf N",
        "Quality of recordings: less is better and larger.",
        shown="as of convert",
        type=int,
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
    _machine("--report FILE", "Write what was measured: JSON.", type=_FILE),
    *_MODEL,
)
_PREVIEW = (
    click.argument("file", type=_FILE, metavar="IN"),
    profile_option,
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
live_options = with_options(*_LIVE)
"""Gives a command the options of `live`."""
preview_options = with_options(*_PREVIEW)
"""Gives a command the options of `preview`."""
