"""The `convert` command that makes of a whole file what a preview shows."""

import shlex
from pathlib import Path

from videnhance.live.engine import Look
from videnhance.media.containers import CONTAINERS
from videnhance.media.picture_formats import PICTURES
from videnhance.media.source import Source
from videnhance.models.runtime import Choice

__all__ = ["convert_command"]


def convert_command(source: Source, look: Look, choice: Choice | None) -> str:
    """The command, quoted for a shell; only what differs from its defaults is named."""
    path = source.path
    known = path.suffix.lower() in {*CONTAINERS, *PICTURES}
    suffix = path.suffix if known else ".mkv"
    target = path.with_name(f"{path.stem}-enhanced{suffix}")
    words = ["videnhance", "convert", _plain(path), _plain(target)]
    strength = look.strength if choice is not None else 0.0
    default = Look()
    if look.scale != default.scale:
        words += ["--scale", str(look.scale)]
    if strength != default.strength:
        words += ["--strength", f"{strength:g}"]
    if look.skip != default.skip:
        words += ["--skip", str(look.skip)]
    if look.fuse != default.fuse:
        words += ["--fuse", f"{look.fuse:g}"]
    if source.video_track is not None:
        words += ["--video-track", str(source.video_track)]
    if choice is not None:
        words += _chosen(choice)
    return shlex.join(words)


def _chosen(choice: Choice) -> list[str]:
    words, default = [], Choice()
    for option in ("model", "precision", "device"):
        value = getattr(choice, option)
        if value != getattr(default, option):
            words += [f"--{option}", value]
    return words + ["--trust-model"] * choice.trusted


def _plain(path: Path) -> str:
    """A name that cannot be taken for an option."""
    return f"./{path}" if str(path).startswith("-") else str(path)
