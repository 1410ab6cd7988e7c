#!/usr/bin/env python3
"""Measures x264's presets in whole conversions: speed, size, and what coding costs.

benchmarks/presets.py CLIP [--crf 18]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path
from statistics import fmean

from psnr import psnr

from videnhance.media.reader.video_reader import VideoReader

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium")


def converted(clip: Path, out: Path, *options: str) -> dict[str, float]:
    """Converts and gives the report's seconds."""
    report = out.with_suffix(".json")
    words = [str(clip), str(out), "-q", "-y", "--report", str(report), *options]
    subprocess.run([sys.executable, "-m", "videnhance", "convert", *words], check=True)
    values = json.loads(report.read_text())
    return values["seconds"] | {"frames": values["frames_out"]}


def loss(coded: Path, lossless: Path) -> float:
    """Mean PSNR of luma of every fifth frame against the lossless file."""
    with VideoReader(coded) as a, VideoReader(lossless) as b:
        pairs = islice(zip(a, b, strict=True), 0, None, 5)
        return fmean(psnr(x.planes[0], y.planes[0]) for x, y in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--crf", default="18")
    options = parser.parse_args()
    print("| preset | frames/s | CPU-ms a frame | KB | PSNR-Y to lossless |")
    print("|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        lossless = Path(folder) / "lossless.mkv"
        converted(options.clip, lossless, "-c", "ffv1", "--no-audio")
        for preset in PRESETS:
            out = Path(folder) / f"{preset}.mp4"
            words = ("--preset", preset, "--crf", options.crf, "--no-audio")
            seconds = converted(options.clip, out, *words)
            frames = seconds["frames"]
            print(
                f"| {preset} | {frames / seconds['converting']:.1f} "
                f"| {1000 * seconds['processor'] / frames:.1f} "
                f"| {out.stat().st_size / 1000:.0f} | {loss(out, lossless):.2f} |"
            )


if __name__ == "__main__":
    main()
