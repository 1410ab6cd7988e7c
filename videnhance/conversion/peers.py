"""Other programs that enlarge videos, to be measured beside this one."""

import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from videnhance.errors import UsageError, printable

__all__ = ["Peer", "installed_peers", "peer_of"]

_PLACES = ("{source}", "{target}")


@dataclass(frozen=True, slots=True)
class Peer:
    """A program that enlarges a video twice."""

    name: str
    words: tuple[str, ...]
    """The command, with {source} and {target}."""

    def command(self, source: Path, target: Path) -> list[str]:
        """What to run for these files."""
        places = dict(zip(_PLACES, map(str, (source, target)), strict=True))
        return [_filled(word, places) for word in self.words]


def _filled(word: str, places: dict[str, str]) -> str:
    for place, name in places.items():
        word = word.replace(place, name)
    return word


_FFMPEG = (
    "ffmpeg -v error -nostdin -y -i {source} -an -vf scale=2*iw:2*ih:flags=lanczos "
    "-c:v libx264 -preset veryfast -crf 18 {target}"
)


def installed_peers(more: Sequence[str] = ()) -> list[Peer]:
    """FFmpeg's lanczos with the same encoder, if it is there, and those that are named.

    Raises UsageError as `peer_of`.
    """
    known = Peer("ffmpeg lanczos", tuple(_FFMPEG.split()))
    found = [known] if shutil.which("ffmpeg") else []
    return found + [peer_of(words) for words in more]


def peer_of(words: str) -> Peer:
    """A peer as NAME=COMMAND says. Raises UsageError if it lacks a part, or is not
    installed.
    """
    name, _, command = words.partition("=")
    try:
        parts = tuple(shlex.split(command))
    except ValueError as error:
        raise UsageError(f"--peer {printable(words)}: {error}") from None
    if not name or not parts or any(place not in command for place in _PLACES):
        raise UsageError(
            f"--peer {printable(words)}: write NAME=COMMAND with {{source}} and "
            "{target} where the files go"
        )
    if shutil.which(parts[0]) is None:
        raise UsageError(
            f"--peer {printable(name)}: {printable(parts[0])} is not on the PATH"
        )
    return Peer(name, parts)
