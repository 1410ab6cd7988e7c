"""Other programs that enlarge videos, and what a program takes to run."""

import os
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from videnhance.errors import UsageError, VidenhanceError, printable
from videnhance.system.memory import peak_memory_of

__all__ = ["Peer", "Taken", "installed_peers", "peer_of", "run_program"]

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


_LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Taken:
    """What one run of a program took."""

    seconds: float
    processor_seconds: float
    """Of all its threads and children; 0 where the system does not tell."""
    peak_memory_mb: float
    """The largest resident size that was seen of the program itself; 0 as above."""


def run_program(words: Sequence[str]) -> Taken:
    """Runs a program to its end. Raises VidenhanceError with its last words."""
    with tempfile.TemporaryFile() as said:
        before, began, peak = _children(), time.perf_counter(), 0.0
        try:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
            )
        except OSError as error:
            raise VidenhanceError(
                f"bench: {printable(words[0])} does not start: {error.strerror}"
            ) from error
        with process:
            while process.poll() is None:
                peak = max(peak, peak_memory_of(process.pid) or 0.0)
                # Until it ends, but not longer than until the next look.
                _waited(process)
        taken = time.perf_counter() - began
        if process.returncode:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()
            last = lines[-1] if lines else f"exit code {process.returncode}"
            raise VidenhanceError(
                f"bench: {printable(Path(words[0]).name)} failed: {printable(last)}"
            )
    return Taken(taken, _children() - before, peak)


def _waited(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(_LOOK_SECONDS)
    except subprocess.TimeoutExpired:
        return


def _children() -> float:
    """Seconds of processor of all children that have ended."""
    times = os.times()
    return times.children_user + times.children_system
