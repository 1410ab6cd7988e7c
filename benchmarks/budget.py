#!/usr/bin/env python3
"""Measures time budgets: is the rate held, and what does that cost in quality.

Each clip is halved by area and coded again, so that the original is known, repeated,
and converted by `--target-fps` at the rate at which it has as many pixels a second as
--load says; then with every frame by the network, and by none. Gains are those of
luma's PSNR over the plain enlargement, on the first frames after a second. Prints
Markdown. Needs ffmpeg. --prepare makes beforehand what has no rate to hold, in FOLDER.

    benchmarks/budget.py FOLDER CLIP... [--load 640x360@60] [--seconds 12] [--busy N]
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

from psnr import psnr

from videnhance.frame.geometry import size_of
from videnhance.media.probe import probe
from videnhance.media.reader.video_reader import VideoReader

COMPARED = 150
"""Frames."""
SPIN = "while True: pass"


def halved(clip: Path, made: Path, frames: int) -> None:
    """The clip at half the size, repeated, and its luma's original beside it."""
    even = "crop=trunc(iw/4)*4:trunc(ih/4)*4,setpts=N/25/TB,format=yuv420p"
    original = made.with_suffix(".original.mkv")
    for path, count, look, quality in (
        (original, 4 * COMPARED, even, "-qp 0 -preset ultrafast"),
        (made, frames, f"{even},scale=iw/2:ih/2:flags=area", "-crf 20"),
    ):
        command = (
            f"ffmpeg -nostdin -v error -y -stream_loop -1 -i CLIP -an -r 25 -vf {look} "
            f"-c:v libx264 {quality} -frames:v {count} PATH"
        )
        names = {"CLIP": str(clip), "PATH": str(path)}
        subprocess.run([names.get(w, w) for w in command.split()], check=True)


def converted(source: Path, target: Path, *options: str) -> dict[str, Any]:
    """Converts by the command line; gives the report."""
    report = target.with_suffix(".json")
    command = [sys.executable, "-m", "videnhance", str(source), str(target), "-y", "-q"]
    subprocess.run(
        [*command, "--discard", "--report", str(report), *options], check=True
    )
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def quality(made: Path, original: Path, first: int) -> float:
    """Mean PSNR of luma of some frames."""
    with VideoReader(made) as ours, VideoReader(original) as theirs:
        pairs = islice(zip(ours, theirs, strict=False), first, first + COMPARED)
        return fmean(psnr(a.planes[0], b.planes[0]) for a, b in pairs)


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Beside so many programs that each take a core."""
    with ExitStack() as stack:
        for _ in range(count):
            process = stack.enter_context(
                subprocess.Popen([sys.executable, "-c", SPIN])
            )
            stack.callback(process.kill)
        yield


def row(clip: Path, options: argparse.Namespace) -> str | None:
    """A row of the table; None if only the rest was made."""
    size, _, rate = options.load.partition("@")
    source: Path = options.folder / f"{clip.stem}.mkv"
    every, base = (source.with_suffix(f".{name}.mkv") for name in ("every", "base"))
    original = source.with_suffix(".original.mkv")
    if not base.exists():
        halved(clip, source, options.frames)
        short = ("--max-frames", str(4 * COMPARED))
        converted(source, every, *short)
        converted(source, base, "--strength", "0", *short)
    if options.prepare:
        return None
    info = probe(source)
    fps = float(rate) * size_of(size).area / info.size.area
    frames = round(options.seconds * fps)
    target = source.with_suffix(".out.mkv")
    with busy(options.busy):
        report = converted(
            source, target, f"--target-fps={fps:.2f}", f"--max-frames={frames}"
        )
    budget = report["budget"]
    first = min(round(fps), frames // 3)
    plain, whole, got = (quality(one, original, first) for one in (base, every, target))
    return (
        f"| {clip.stem} | {info.size} | {fps:.1f} | {budget['frames_per_second']:.1f} "
        f"| {report['engine'].split()[0]} | {budget['network']:.2f} "
        f"| {whole - plain:+.2f} | {got - plain:+.2f} | {whole - got:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--load", default="640x360@60", metavar="WxH@FPS")
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--frames", type=int, default=3000, help="of the inputs")
    parser.add_argument("--busy", type=int, default=0, metavar="N")
    parser.add_argument("--prepare", action="store_true")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True, parents=True)
    print("| clip | input | wanted | held | model | network | every | this | loss |")
    print("|---|---|---:|---:|---|---:|---:|---:|---:|")
    for clip in options.clips:
        if (words := row(clip, options)) is not None:
            print(words, flush=True)


if __name__ == "__main__":
    main()
