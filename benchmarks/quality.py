#!/usr/bin/env python3
"""Measures what the default model gains on clips with a known original.

Each clip is halved by area, as it is and coded by x264 at CRF 23, enlarged again, and
compared with itself: PSNR of luma, 2 pixels of border left out. Prints Markdown.

    benchmarks/quality.py CLIP... [--frames 33] [--json FILE]
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np
import numpy.typing as npt
from psnr import psnr

from videnhance.frame import Family, Frame, Layout
from videnhance.media.encoder.encoder_trial import recoded
from videnhance.media.reader.video_reader import VideoReader
from videnhance.models.choice import Choice
from videnhance.models.runtime import Network, load
from videnhance.pipeline.enhance import Settings, enhanced
from videnhance.pipeline.report import Report
from videnhance.pipeline.resize import doubled
from videnhance.system.threads import available_cores

Luma = npt.NDArray[np.uint8]
GRAY = Layout("gray", Family.GRAY, 8)
MODES = {
    "every frame": {"skip": 1},
    "fuse 0.3": {"fuse": 0.3},
    "skip 2": {"skip": 2},
    "skip 4": {"skip": 4},
}


def originals(path: Path, count: int) -> list[Frame]:
    """The first frames' luma, cut to multiples of 4."""
    with VideoReader(path) as reader:
        frames = list(islice(reader, count))
    return [
        replace(frame, index=n, layout=GRAY, planes=(cut(frame.planes[0]),))
        for n, frame in enumerate(frames)
    ]


def cut(luma: npt.NDArray[np.uint8]) -> Luma:
    """The largest part whose sides are multiples of 4."""
    height, width = luma.shape
    return np.ascontiguousarray(luma[: height // 4 * 4, : width // 4 * 4])


def lanczos(luma: Luma) -> Luma:
    """Twice the size by OpenCV's Lanczos, four lobes."""
    size = (2 * luma.shape[1], 2 * luma.shape[0])
    return cv2.resize(luma, size, interpolation=cv2.INTER_LANCZOS4)


def measured(
    network: Network, frames: list[Frame], small: list[Luma]
) -> Iterator[float]:
    """Mean PSNR of lanczos, of the base, then of each mode; and its network share."""
    wanted = [frame.planes[0] for frame in frames]
    yield fmean(map(psnr, map(lanczos, small), wanted))
    yield fmean(map(psnr, (doubled(luma, 8) for luma in small), wanted))
    halves = [f.with_planes((luma,)) for f, luma in zip(frames, small, strict=True)]
    for mode in MODES.values():
        report = Report()
        settings = Settings(workers=available_cores(), **mode)
        line = enhanced(iter(halves), network, settings, report)
        yield fmean(psnr(f.planes[0], w) for f, w in zip(line, wanted, strict=True))
        yield report.cells["network"] / sum(report.cells.values())


def rows(network: Network, path: Path, count: int) -> Iterator[dict[str, object]]:
    """A row for the clip as it is and one for the coded one."""
    frames = originals(path, count)
    small = [cv2.resize(f.planes[0], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
             for f in frames]  # fmt: skip
    for coding, clip in (
        ("none", small),
        ("CRF 23", recoded(small, "libx264", options={"crf": "23"})),
    ):
        plain, base, *rest = measured(network, frames, clip)
        row: dict[str, object] = {"clip": path.stem, "coding": coding}
        row |= {"lanczos": plain - base, "base": base}
        for name, value, share in zip(MODES, rest[::2], rest[1::2], strict=True):
            row[name], row[f"{name} network"] = value - base, share
        yield row


def table(found: list[dict[str, object]]) -> Iterator[str]:
    """Markdown: gains over the base in dB, and the means."""
    yield f"| clip | coding | base | lanczos | {' | '.join(MODES)} |"
    yield "|---|---|---:|---:|" + "---:|" * len(MODES)
    for row in [*found, mean_of(found, "none"), mean_of(found, "CRF 23")]:
        gains = " | ".join(f"{row[name]:+.2f}" for name in ("lanczos", *MODES))
        yield f"| {row['clip']} | {row['coding']} | {row['base']:.2f} | {gains} |"


def mean_of(found: list[dict[str, object]], coding: str) -> dict[str, object]:
    """The means over the clips of one coding."""
    same = [row for row in found if row["coding"] == coding]
    numbers = {
        k: fmean(r[k] for r in same) for k, v in same[0].items() if isinstance(v, float)
    }  # type: ignore[misc, arg-type]
    return {"clip": "**mean**", "coding": coding} | numbers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--frames", type=int, default=33)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    network = load(Choice(precision="int8", device="cpu"))
    found = [
        row for clip in options.clips for row in rows(network, clip, options.frames)
    ]
    print("\n".join(table(found)))
    if options.json:
        means = [mean_of(found, coding) for coding in ("none", "CRF 23")]
        options.json.write_text(json.dumps(found + means, indent=1) + "\n")


if __name__ == "__main__":
    main()
