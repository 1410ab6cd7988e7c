#!/usr/bin/env python3
"""Compares models on clips with a known original, as they are and coded by x264.

Each clip is halved by area, coded at some CRFs, and enlarged again. For each form the
means over the clips of: PSNR of luma in dB and SSIM, 2 pixels of border left out; tOF,
how far the optical flow from frame to frame is from the original's, in pixels (Chu et
al., 2020); flicker, the mean change in grey levels of pixels that stand still in the
original; and milliseconds a frame on the clock. Prints Markdown, a table for each
coding.

    benchmarks/coded.py CLIP... [--models default restore] [--codings none 23 28]
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from psnr import psnr
from quality import Luma, lanczos, originals

from videnhance.frame import Frame
from videnhance.media.encoder.encoder_trial import recoded
from videnhance.models.choice import Choice
from videnhance.models.runtime import Network, load
from videnhance.pipeline.enhance import Settings, enhanced
from videnhance.pipeline.report import Report
from videnhance.pipeline.resize import doubled
from videnhance.quality.temporal import OverTime
from videnhance.system.threads import available_cores
from videnhance.training.measure import ssim

SSIM_EVERY = 8
"""Frames: it takes longer than all the rest."""

Enlarge = Callable[[list[Frame]], Iterator[Luma]]


@dataclass(frozen=True, slots=True)
class Form:
    """A way to enlarge a clip."""

    name: str
    enlarge: Enlarge


def each(enlarge: Callable[[Luma], Luma]) -> Enlarge:
    """Frame by frame."""
    return lambda frames: (enlarge(frame.planes[0]) for frame in frames)


def piped(network: Network, fuse: float | None) -> Enlarge:
    """Through the pipeline, with its default fusion or another."""

    def enlarge(frames: list[Frame]) -> Iterator[Luma]:
        more = {} if fuse is None else {"fuse": fuse}
        settings = Settings(skip=1, workers=available_cores(), **more)
        for frame in enhanced(iter(frames), network, settings, Report()):
            yield frame.planes[0]

    return enlarge


def forms(models: list[str]) -> Iterator[Form]:
    """What is compared."""
    yield Form("base", each(lambda luma: doubled(luma, 8)))
    yield Form("lanczos", each(lanczos))
    for name in models:
        network = load(Choice(name, "int8", "cpu", trusted=True))
        if name == models[0]:
            yield Form(f"{name}, not fused", piped(network, 0.0))
        yield Form(name, piped(network, None))


def in_time(made: list[Luma], wanted: list[Luma]) -> Iterator[tuple[float, float]]:
    """For each two frames: the error of the flow, and what still pixels change."""
    watch = OverTime()
    moves = [watch(y, [x])[0] for x, y in zip(made, wanted, strict=True)]
    yield from moves[1:]


def figures(form: Form, frames: list[Frame], wanted: list[Luma]) -> list[float]:
    """PSNR, SSIM, tOF, flicker and milliseconds of one form on one clip."""
    begun = time.perf_counter()
    made = list(form.enlarge(frames))
    spent = time.perf_counter() - begun
    pairs = list(zip(made, wanted, strict=True))
    alike = [
        ssim(*(p[2:-2, 2:-2].astype(np.float64) for p in pair))
        for pair in pairs[::SSIM_EVERY]
    ]
    moves = np.nanmean([*in_time(made, wanted)], axis=0)
    quality = [np.mean([psnr(*pair) for pair in pairs]), np.mean(alike)]
    return [*map(float, quality), *map(float, moves), 1000 * spent / len(frames)]


def coded(small: list[Luma], coding: str) -> list[Luma]:
    """The clip as it is, or by x264 at a CRF."""
    return (
        small
        if coding == "none"
        else recoded(small, "libx264", options={"crf": coding})
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--models", nargs="+", default=["default"])
    parser.add_argument("--codings", nargs="+", default=["none", "23", "28", "33"])
    parser.add_argument("--frames", type=int, default=33)
    options = parser.parse_args()
    compared = list(forms(options.models))
    for coding in options.codings:
        found: dict[str, list[list[float]]] = {form.name: [] for form in compared}
        for path in options.clips:
            frames = originals(path, options.frames)
            wanted = [frame.planes[0] for frame in frames]
            small = [cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
                     for p in wanted]  # fmt: skip
            halves = [
                frame.with_planes((luma,))
                for frame, luma in zip(frames, coded(small, coding), strict=True)
            ]
            for form in compared:
                found[form.name].append(figures(form, halves, wanted))
        words = "none" if coding == "none" else f"x264, CRF {coding}"
        print(f"\n| coded: {words} | PSNR-Y | SSIM | tOF | flicker | ms |")
        print("|---|---:|---:|---:|---:|---:|")
        for name, rows in found.items():
            a, b, c, d, e = np.mean(rows, axis=0)
            print(f"| {name} | {a:.2f} | {b:.4f} | {c:.3f} | {d:.3f} | {e:.1f} |")


if __name__ == "__main__":
    main()
