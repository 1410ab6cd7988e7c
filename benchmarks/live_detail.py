#!/usr/bin/env python3
"""Runs `videnhance live` and compares the detail of what it shows with the source's.

Detail is the mean step between neighbours (gradient) and the mean of the Laplacian, of
luma at the source's size. Twenty frames are kept, one every half second, and looked at
when all is over. `benchmarks/live.py` runs this.

    benchmarks/live_detail.py DETAIL.json live clip.mp4 --loop --seconds 20
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

import videnhance.live  # noqa: F401  # OpenCV before PyAV, or there is no window
from videnhance.cli import app
from videnhance.live.engine import Result
from videnhance.live.stats import Stats
from videnhance.pipeline.plan import CELL, Fill

EVERY, MOST = 15, 20
"""Every so many shown frames one is kept; so many at most, the last ones."""
KEPT: list[Result] = []

Plane = npt.NDArray[np.float32]


def detail(luma: Plane) -> dict[str, Plane]:
    """The gradient and the Laplacian at each pixel but those of the edge."""
    middle = luma[1:-1, 1:-1]
    left, right = luma[1:-1, :-2], luma[1:-1, 2:]
    above, below = luma[:-2, 1:-1], luma[2:, 1:-1]
    gradient = np.abs(middle - left) + np.abs(middle - above)
    return {
        "gradient": gradient,
        "laplace": np.abs(4 * middle - left - right - above - below),
    }


def at_size_of_source(result: Result) -> Plane:
    """The luma of what is shown, averaged down to the source's size."""
    luma = result.after.planes[0].astype(np.float32)
    height, width = result.capture.frame.planes[0].shape
    across, down = luma.shape[1] // width, luma.shape[0] // height
    return luma.reshape(height, down, width, across).mean(axis=(1, 3))


def compared(result: Result) -> dict[str, float]:
    """Detail as a multiple of the source's: of the frame, and where a network was."""
    source = detail(result.capture.frame.planes[0].astype(np.float32))
    shown = detail(at_size_of_source(result))
    fills = result.passes[0].fills != Fill.BASE
    seen = fills.repeat(CELL, axis=0).repeat(CELL, axis=1)
    height, width = result.capture.frame.planes[0].shape
    seen = seen[1 : height - 1, 1 : width - 1]
    made = {}
    for name, before in source.items():
        after = shown[name]
        made[name] = float(after.mean() / before.mean())
        if seen.any():
            made[f"{name} where network"] = float(
                after[seen].mean() / max(before[seen].mean(), 1e-6)
            )
    return made


def summary() -> dict[str, dict[str, float]]:
    """Mean and least of each figure over the frames that were kept."""
    rows = [compared(result) for result in KEPT[-MOST:]]
    names = sorted({name for row in rows for name in row})
    return {
        name: {
            "mean": round(float(np.mean([r[name] for r in rows if name in r])), 4),
            "least": round(min(r[name] for r in rows if name in r), 4),
        }
        for name in names
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("detail", type=Path, help="JSON that is written.")
    parser.add_argument("words", nargs=argparse.REMAINDER, help="Of the program.")
    options = parser.parse_args()
    sys.argv[1:] = options.words
    note = Stats.note

    def noted(stats: Stats, result: Result) -> None:
        note(stats, result)
        if stats.shown % EVERY == 0:
            KEPT.append(result)
            del KEPT[:-MOST]

    Stats.note = noted  # type: ignore[method-assign]  # to look at what is shown
    try:
        app()
    finally:
        options.detail.write_text(json.dumps(summary(), indent=2))


if __name__ == "__main__":
    main()
