"""VMAF, VMAF-NEG and XPSNR by a program `ffmpeg` that has them.

The frames go through one pipe, a pair in each picture, one above the other: no pair can
be torn, and nothing is kept but FFmpeg's log.
"""

import csv
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np

from videnhance.errors import MissingLibraryError, VidenhanceError, printable
from videnhance.frame import Plane
from videnhance.frame.geometry import Size
from videnhance.system.optional import optional
from videnhance.system.threads import available_cores

__all__ = ["MEASURED", "Vmaf", "ffmpeg_with_vmaf", "has_xpsnr"]

MEASURED = ("vmaf", "vmaf_neg", "xpsnr")
"""Names of what is measured."""

_MODELS = r"version=vmaf_v0.6.1\:name=vmaf|version=vmaf_v0.6.1neg\:name=vmaf_neg"
_XPSNR = re.compile(r"XPSNR y:\s*(\S+)")
_DEPTHS = (8, 10, 12, 16)
_LAST_WORDS = 300


@cache
def ffmpeg_with_vmaf() -> str | None:
    """A program `ffmpeg` with libvmaf: the system's, else that of imageio-ffmpeg."""
    return next((path for path in _programs() if "libvmaf" in _filters(path)), None)


def has_xpsnr() -> bool:
    """Whether that program measures XPSNR too (FFmpeg 7.1 and later)."""
    program = ffmpeg_with_vmaf()
    return program is not None and "xpsnr" in _filters(program)


def _programs() -> Iterator[str]:
    if found := shutil.which("ffmpeg"):
        yield found
    try:
        yield str(optional("imageio_ffmpeg", extra="metrics").get_ffmpeg_exe())
    except (MissingLibraryError, RuntimeError):
        return


@cache
def _filters(program: str) -> frozenset[str]:
    words = [program, "-hide_banner", "-filters"]
    try:
        told = subprocess.run(words, capture_output=True, check=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return frozenset()
    lines = (line.split() for line in told.stdout.splitlines())
    return frozenset(line[1] for line in lines if len(line) > 2)


@dataclass(frozen=True, slots=True)
class Scoring:
    """What FFmpeg must know of the frames before the first."""

    size: Size
    depth: int = 8
    rate: Fraction = Fraction(25)
    every: int = 1
    """VMAF of each so many frames; what moves between them is seen."""


class Vmaf:
    """A running FFmpeg that scores pairs of luma planes; a `with` block.

    Sides are cut to even numbers. Raises MissingLibraryError if there is no such
    program.
    """

    def __init__(
        self,
        size: Size,
        depth: int = 8,
        *,
        rate: Fraction = Fraction(25),
        every: int = 1,
    ) -> None:
        program = ffmpeg_with_vmaf()
        if program is None:
            raise MissingLibraryError(
                "VMAF needs an FFmpeg with libvmaf, and none is on this machine: run "
                "pip install '.[metrics]' in the folder of videnhance's source"
            )
        even = Size(size.width // 2 * 2, size.height // 2 * 2)
        depth = next(known for known in _DEPTHS if known >= depth)
        self._scoring = Scoring(even, depth, rate, every)
        self._colours = _no_colour(self._scoring)
        # Paths in a filter's words would have to be escaped: FFmpeg works in there.
        self._folder = tempfile.TemporaryDirectory(prefix="videnhance-vmaf-")
        self._words = (Path(self._folder.name) / "words").open("w+b")
        self._process = subprocess.Popen(
            _command(program, self._scoring),
            cwd=self._folder.name,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._words,
            # Ctrl+C is for this program, which ends that one.
            start_new_session=True,
        )

    def __enter__(self) -> "Vmaf":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._words.close()
        self._folder.cleanup()

    def write(self, ours: Plane, original: Plane) -> None:
        """Takes a pair of planes of the size and the depth that were told."""
        assert self._process.stdin is not None
        try:
            for plane in (ours, original):
                self._process.stdin.write(self._stored(plane))
            self._process.stdin.write(self._colours)
        except OSError as error:
            raise self._failed() from error

    def scores(self) -> dict[str, dict[int, float]]:
        """For each of MEASURED that there is, the score of each frame, from 0.

        Waits for FFmpeg, which takes no more frames.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except OSError as error:
            raise self._failed() from error
        if self._process.wait():
            raise self._failed()
        folder = Path(self._folder.name)
        found: dict[str, dict[int, float]] = {"vmaf": {}, "vmaf_neg": {}}
        # Line by line: the log of a film is hundreds of megabytes.
        with (folder / "vmaf.csv").open(newline="", encoding="utf-8") as log:
            for frame in csv.DictReader(log):
                for name, scores in found.items():
                    if frame.get(name):
                        scores[int(frame["Frame"])] = float(frame[name])
        if (folder / "xpsnr.log").exists():
            with (folder / "xpsnr.log").open(encoding="utf-8") as log:
                told = filter(None, map(_XPSNR.search, log))
                found["xpsnr"] = {n: float(line[1]) for n, line in enumerate(told)}
        return found

    def _stored(self, plane: Plane) -> bytes:
        size = self._scoring.size
        inner = plane[: size.height, : size.width]
        return np.ascontiguousarray(inner).tobytes()

    def _failed(self) -> VidenhanceError:
        self._process.kill()
        self._process.wait()
        self._words.seek(0)
        words = self._words.read().decode(errors="replace").strip()
        return VidenhanceError(
            f"FFmpeg ended while it measured VMAF: {printable(words[-_LAST_WORDS:])}; "
            "leave VMAF out by naming other metrics"
        )


def _no_colour(scoring: Scoring) -> bytes:
    """The chroma planes of a gray picture."""
    size = scoring.size
    count = size.width * size.height  # of two pictures, two planes of a quarter each
    kind = np.uint8 if scoring.depth == 8 else np.uint16
    return np.full(count, 1 << (scoring.depth - 1), kind).tobytes()


def _command(program: str, scoring: Scoring) -> list[str]:
    size, depth = scoring.size, scoring.depth
    form = "yuv420p" if depth == 8 else f"yuv420p{depth}le"
    shown = f"{size.width}x{2 * size.height}"
    parts = f"{size.width}:{size.height}:0"
    xpsnr = "xpsnr" in _filters(program)
    vmaf = (
        f"libvmaf=log_fmt=csv:log_path=vmaf.csv:model='{_MODELS}':"
        f"n_threads={available_cores()}:n_subsample={scoring.every}"
    )
    graph = f"[0:v]split[x][y];[x]crop={parts}:0[a];[y]crop={parts}:{size.height}[b];"
    if xpsnr:
        graph += "[a]split[a1][a2];[b]split[b1][b2];"
        graph += f"[a1][b1]xpsnr=stats_file=xpsnr.log[out1];[a2][b2]{vmaf}[out2]"
    else:
        graph += f"[a][b]{vmaf}[out2]"
    source = ["-f", "rawvideo", "-pix_fmt", form, "-s", shown]
    source += ["-framerate", str(scoring.rate), "-i", "-"]
    outputs = ["[out1]", "[out2]"] if xpsnr else ["[out2]"]
    nowhere = [word for name in outputs for word in ("-map", name, "-f", "null", "-")]
    quiet = ["-hide_banner", "-nostdin", "-v", "error"]
    return [program, *quiet, *source, "-lavfi", graph, *nowhere]
