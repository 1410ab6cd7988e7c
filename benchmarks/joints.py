#!/usr/bin/env python3
"""Measures what the joints of segments cost: quality beside them, flicker, and size.

Each clip is halved by area, converted by the program in one segment and in several, and
compared with itself. Of the two frames before and the two after each joint: what PSNR
of luma they lose to the same frames of the single segment, in dB. Flicker: how much
more (mean grey levels) the picture changes over the joint than the original does; then
the same of the single segment, which a key frame or the original's noise may explain.
Prints Markdown.

    benchmarks/joints.py CLIP... [--segments 25] [--skips 1 4] [--frames 300] [-- WORDS]
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np
import numpy.typing as npt
from psnr import psnr

from videnhance.media.reader.video_reader import VideoReader

Luma = npt.NDArray[np.uint8]
SINGLE = 10_000
"""Frames of a segment that holds the whole clip."""
BESIDE = (-2, -1, 0, 1)
"""Frames beside a joint, counted from the first after it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A converted clip beside its original."""

    quality: list[float]
    """PSNR of luma, frame by frame."""
    change: list[float]
    """Mean grey levels from the frame before, less what the original changes by."""
    size: int
    """Bytes."""


def originals(path: Path, count: int) -> list[Luma]:
    """The first frames' luma, cut to multiples of 4."""
    with VideoReader(path) as reader:
        lumas = [frame.planes[0] for frame in islice(reader, count)]
    height, width = (side // 4 * 4 for side in lumas[0].shape)
    return [np.ascontiguousarray(luma[:height, :width]) for luma in lumas]


def write_halved(path: Path, frames: list[Luma]) -> None:
    """Writes them at half the size without loss, with neutral chroma."""
    height, width = (side // 2 for side in frames[0].shape)
    words = ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s"]
    words += [f"{width}x{height}", "-r", "25", "-i", "-", "-c:v", "ffv1", "-y"]
    with subprocess.Popen([*words, str(path)], stdin=subprocess.PIPE) as coder:
        assert coder.stdin
        for luma in frames:
            small = cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA)
            coder.stdin.write(small.tobytes())
            coder.stdin.write(bytes([128]) * (width * height // 2))
    if coder.returncode:
        raise SystemExit(f"ffmpeg cannot write {path}")


def converted(clip: Path, out: Path, segment: int, extra: list[str]) -> Path:
    """Converts in segments of so many frames."""
    words = [sys.executable, "-m", "videnhance", "convert", str(clip), str(out)]
    words += ["-q", "-y", "--discard", "--precision", "int8", "--segment", str(segment)]
    subprocess.run([*words, *extra], check=True)
    return out


def seen(path: Path, frames: list[Luma]) -> Seen:
    """Compares the file with the original frames."""
    quality, change = [], [0.0]
    before: Luma | None = None
    with VideoReader(path) as reader:
        for n, (frame, wanted) in enumerate(zip(reader, frames, strict=True)):
            luma = np.array(frame.planes[0], np.uint8)
            quality.append(psnr(luma, wanted))
            if before is not None:
                moved = cv2.absdiff(luma, before).mean()
                change.append(float(moved - cv2.absdiff(wanted, frames[n - 1]).mean()))
            before = luma
    return Seen(quality, change, path.stat().st_size)


def row(single: Seen, parts: Seen, segment: int) -> Iterator[str]:
    """The cells of a row of the table."""
    joints = range(segment, len(parts.quality) - 1, segment)
    losses = {
        (joint, where): single.quality[joint + where] - parts.quality[joint + where]
        for joint in joints
        for where in BESIDE
    }
    if not losses:
        return
    for where in BESIDE:
        yield f"{fmean(losses[joint, where] for joint in joints):+.2f}"
    worst = max(losses, key=losses.__getitem__)
    yield f"{fmean(losses.values()):+.2f}"
    yield f"{losses[worst]:+.2f} at {worst[0]}{worst[1]:+d}"
    yield f"{fmean(single.quality) - fmean(parts.quality):+.2f}"
    for run in (parts, single):
        yield f"{fmean(run.change[joint] for joint in joints):+.2f}"
        yield f"{max(run.change[joint] for joint in joints):+.2f}"
    yield f"{parts.size / single.size - 1:+.1%}"


def rows(path: Path, options: argparse.Namespace, folder: Path) -> Iterator[str]:
    """The lines of one clip; the clips converted stay in the folder."""
    frames = originals(path, options.frames)
    small = folder / f"{path.stem}.mkv"
    write_halved(small, frames)
    for skip in options.skips:
        words = ["--skip", str(skip), *options.extra]
        found = {
            segment: seen(converted(small, out, segment, words), frames)
            for segment in (SINGLE, *options.segments)
            for out in [folder / f"{path.stem}-{skip}-{segment}.mkv"]
        }
        for segment in options.segments:
            cells = list(row(found[SINGLE], found[segment], segment))
            if cells:
                name = f"{path.stem[:20]} | {skip} | {segment}"
                yield f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Prints a line for each clip, skip and length of segments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--segments", nargs="+", type=int, default=[25])
    parser.add_argument("--skips", nargs="+", type=int, default=[1, 4])
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--keep", type=Path, help="A folder for the converted clips.")
    words = [*sys.argv[1:], "--"]
    end = words.index("--")
    options = parser.parse_args(words[:end])
    options.extra = words[end + 1 : -1]
    print("| clip | skip | segment | -2 | -1 | 0 | +1 | mean | worst | all frames "
          "| flicker | worst | single | worst | size |")  # fmt: skip
    print("|---|---:|---:|" + "---:|" * 12)
    with tempfile.TemporaryDirectory() as name:
        folder = options.keep or Path(name)
        for clip in options.clips:
            for line in rows(clip, options, folder):
                print(line, flush=True)


if __name__ == "__main__":
    main()
