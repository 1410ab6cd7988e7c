"""One row of the table of faithfulness: a source, a command, and what must hold."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from click.testing import CliRunner

from tests.faithful_reader import Media, run_tool
from videnhance.cli import app

__all__ = ["FAST", "Case", "Check", "Row", "made"]

FAST = "--strength 0 --segment 5 --workers 1"
"""Plain enlargement in closed segments of five frames, so that joints are in it."""
ROOT = Path(__file__).parent.parent
LOSSLESS = {
    "libsvtav1": "-e svtav1-params=lossless=1",
    "libvpx-vp9": "--crf 0 -e lossless=1",
    "libx264": "-e qp=0",
    "libx264rgb": "-e qp=0",
    "libx265": "-e x265-params=lossless=1",
}
"""What an encoder would choose to lose depends on its version and on how busy it is."""
BY_SUFFIX = {"webm": "libvpx-vp9", **dict.fromkeys(
    ("avi", "flv", "m2ts", "mkv", "mov", "mp4", "nut", "ts"), "libx264")}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A row that has been run: its files, and what the program said."""

    source: Path
    target: Path
    code: int
    said: str

    @cached_property
    def before(self) -> Media:
        """The source, read independently."""
        return Media(self.source)

    @cached_property
    def after(self) -> Media:
        """The target, read independently."""
        return Media(self.target)


@dataclass(frozen=True)
class Check:
    """A property in words, and the function that raises AssertionError without it."""

    words: str
    test: Callable[[Case], None]
    sees_pixels: bool = False


@dataclass(frozen=True)
class Row:
    """A property, a source that has it, a command as a user types it, and checks."""

    name: str
    source: str
    make: tuple[str, ...]
    """What makes it, in its folder: the words of ffmpeg, command by command."""
    target: str
    checks: tuple[Check, ...]
    options: str = ""
    speed: str = FAST
    code: int = 0
    files: Mapping[str, bytes | str] = field(default_factory=dict)
    """What the making needs beside it."""
    spoil: Callable[[Path], None] | None = None
    """What is done to the source at last."""
    through: tuple[str, ...] = ()
    """A pipe: ffmpeg's words that read the target's name "-" or write the source's."""
    words: tuple[str, ...] = ()
    """Source and target as they are typed, where that is not their names."""

    @property
    def checked(self) -> str:
        """All that is checked, in words."""
        return "; ".join(check.words for check in self.checks)

    @property
    def exact(self) -> str:
        """Options that let the encoder lose nothing, where pixels are compared."""
        if not any(check.sees_pixels for check in self.checks) or self.words[1:] == (
            "-",
        ):
            return ""
        named = re.search(r"-c (\S+)", self.options)
        codec = named[1] if named else BY_SUFFIX.get(Path(self.target).suffix[1:], "")
        return LOSSLESS.get(codec, "")

    def run(self, folder: Path) -> Case:
        """Makes the source in this empty folder and runs the command there."""
        made(self, folder)
        source, target = folder / self.source, folder / self.target
        words = self.words or (str(source), str(target))
        options = shlex.split(f"{self.speed} {self.exact} {self.options}")
        command = ["convert", *options, *words]
        if self.through:
            code, said = _piped(command, self.through, folder)
        elif self.words:
            code, said = _spoken(command, folder)
        else:
            done = CliRunner().invoke(app, command)
            if done.exception and not isinstance(done.exception, SystemExit):
                raise done.exception
            code, said = done.exit_code, done.output
        assert code == self.code, f"exit code {code}: {said[-1500:]}"
        left = [p.name for p in folder.iterdir() if ".videnhance" in p.name]
        assert not left, f"left behind: {left}"
        return Case(source, target, code, said)


def made(row: Row, folder: Path) -> None:
    """Makes the row's source in this folder."""
    for name, content in row.files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
    for words in row.make:
        run_tool(*["ffmpeg", "-nostdin", "-v", "error", "-y"], *shlex.split(words),
                 folder=folder)  # fmt: skip
    if row.spoil is not None:
        row.spoil(folder / row.source)


def _spoken(command: list[str], folder: Path) -> tuple[int, str]:
    """Runs the program in the folder, as a shell there does."""
    done = subprocess.run(
        [sys.executable, "-m", "videnhance", *command],
        capture_output=True, cwd=folder, env=_environment(), timeout=300, check=False,
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def _piped(
    command: list[str], through: tuple[str, ...], folder: Path
) -> tuple[int, str]:
    """Runs the program behind the first command of a pipe, or before the last one."""
    line = [sys.executable, "-m", "videnhance", *command]
    stages = [
        line if words == "videnhance" else ["ffmpeg", "-v", "error", *words.split()]
        for words in through
    ]
    shell = " | ".join(shlex.join(stage) for stage in stages)
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", shell],
        capture_output=True, cwd=folder, env=_environment(), timeout=300, check=False,
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}
