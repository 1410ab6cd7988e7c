"""The options of `batch`, as help shows them."""

from pathlib import Path

import click

from videnhance.cli.options import ENCODER, SHARED
from videnhance.cli.profiles import profile_option
from videnhance.cli.sections import in_section, with_options
from videnhance.errors import UsageError, printable

__all__ = ["batch_options"]

_files, _output = in_section("Files"), in_section("Output")
_machine, _messages = in_section("Machine"), in_section("Messages")
_FILE = click.Path(path_type=Path)
_FOLDER = click.Path(path_type=Path, exists=True)


def _folder(ctx: click.Context, param: click.Parameter, value: Path) -> Path:
    del ctx, param
    if not value.is_dir():
        name = printable(value)
        raise UsageError(f"{name} is one file: convert it by `videnhance {name} OUT`")
    return value


_BATCH = (
    click.argument("source", type=_FOLDER, metavar="IN_DIR", callback=_folder),
    click.argument("target", type=_FILE, metavar="OUT_DIR"),
    profile_option,
    _files(
        "--include GLOB",
        "Take these files only.",
        shown="videos and pictures",
        multiple=True,
    ),
    _files("--exclude GLOB", "Leave these files or folders out.", multiple=True),
    _files("--follow-links", "Follow links in IN_DIR, too.", is_flag=True),
    _files(
        "--sequences",
        "Numbered pictures are one input: where they look so, always, never.",
        default="auto",
        type=click.Choice(["auto", "on", "off"]),
    ),
    _files("--name PATTERN", "How outputs are called, as {stem}-x2.", default="{stem}"),
    _files("--to SUFFIX", "Container of videos, as .mkv.", shown="as the input"),
    _files(
        "--pictures-to SUFFIX", "Format of pictures, as .png.", shown="as the input"
    ),
    _files(
        "--order",
        "Begin with the first by name, or with the shortest.",
        default="name",
        type=click.Choice(["name", "shortest"]),
    ),
    _files("--watch", "Go on with files that come, until Ctrl+C.", is_flag=True),
    _files(
        "--settle SECONDS",
        "An input that changed less long ago is still being copied.",
        default=2.0,
        type=click.FloatRange(min=0),
    ),
    _output(
        "-y --overwrite",
        "Replace files not made here, too; else they are left alone.",
        is_flag=True,
    ),
    _output("--dry-run", "Say what would be done, and why.", is_flag=True),
    _output("--again", "Make everything anew.", is_flag=True),
    _output(
        "--recheck",
        "Compare contents to find what changed; else sizes and times.",
        is_flag=True,
    ),
    *ENCODER,
    _output(
        "--picture-quality N",
        "Quality of JPEG, WebP and AVIF; the encoder's options are for videos.",
        shown="the format's",
        type=click.IntRange(1, 100),
    ),
    *SHARED,
    _machine(
        "--jobs N",
        "Files at a time.",
        shown="by cores and memory",
        type=click.IntRange(min=1),
    ),
    _machine(
        "--isolate/--no-isolate",
        "Decode in processes of their own, with limits.",
        default=True,
    ),
    _machine("--nice/--no-nice", "Let other programs go first.", default=True),
    _messages(
        "--report",
        "Write what was done to a file, as JSON or, to a name in .csv, as CSV.",
        name="reports",
        multiple=True,
        type=_FILE,
    ),
)
batch_options = with_options(*_BATCH)
"""Gives a command the options of `batch`, those of `convert` among them."""
