#!/usr/bin/env python3
"""Measures models on test sets as they ship: int8 and float32, through the pipeline.

    benchmarks/table.py EVAL [--models default CARD.json ...] [--sets Set5 Set14 B100]

EVAL holds SET/HR. Each still is halved by MATLAB's antialiased bicubic and enlarged in
tiles, as a frame of video is; PSNR and SSIM of studio luma, 2 pixels left out. Prints
Markdown: a row for bicubic and lanczos, and one for each form of each model.
"""

import argparse
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from videnhance.frame import ColourTags, Family, Frame, Layout, Pixels
from videnhance.models.card import find_card
from videnhance.models.choice import Choice
from videnhance.models.runtime import Network, load
from videnhance.pipeline.enhance import Settings, enhanced
from videnhance.pipeline.report import Report
from videnhance.training.measure import KnownStill, bicubic, known_stills, mean_scores

LAYOUTS = {1: Layout("gray", Family.GRAY, 8), 3: Layout("gbrp", Family.RGB, 8)}
# Small enough that every still is cut into several.
PATCH_AREA = 96 * 96


def lanczos(small: Pixels) -> Pixels:
    """Twice the size by OpenCV's Lanczos, four lobes."""
    size = (2 * small.shape[1], 2 * small.shape[0])
    large = cv2.resize(small, size, interpolation=cv2.INTER_LANCZOS4)
    return large.reshape(size[1], size[0], -1)


def piped(network: Network) -> Callable[[Pixels], Pixels]:
    """One still as a frame through the tiled pipeline, alone."""
    settings = Settings(workers=0, patch_area=PATCH_AREA, fuse=0.0, skip=1)

    def enlarge(small: Pixels) -> Pixels:
        planes = tuple(np.ascontiguousarray(p) for p in small.transpose(2, 0, 1))
        layout = LAYOUTS[network.channels]
        frame = Frame(0, 0, Fraction(1, 25), layout, ColourTags(range=2), planes)
        [made] = enhanced(iter([frame]), network, settings, Report())
        return np.stack(made.planes, axis=-1)

    return enlarge


def forms(names: list[str]) -> Iterator[tuple[str, Callable[[Pixels], Pixels], int]]:
    """What is compared: a name, how it enlarges, and its channels."""
    yield "bicubic", bicubic, 1
    yield "lanczos", lanczos, 1
    for name in names:
        card = find_card(name)
        for precision in sorted(card.files):
            network = load(Choice(name, precision, "cpu", trusted=True))
            yield f"{card.name} {precision}", piped(network), network.channels


def cell(stills: list[KnownStill], enlarge: Callable[[Pixels], Pixels], n: int) -> str:
    """PSNR and SSIM of one form on one set."""
    scores = mean_scores(stills, enlarge, channels=n)
    return f"{scores.psnr:.2f} / {scores.ssim:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("eval", type=Path)
    parser.add_argument("--models", nargs="+", default=["default"])
    parser.add_argument("--sets", nargs="+", default=["Set5", "Set14", "B100"])
    options = parser.parse_args()
    sets = {name: known_stills(options.eval / name / "HR") for name in options.sets}
    print(f"| PSNR-Y, dB / SSIM | {' | '.join(sets)} |")
    print("|---|" + "---:|" * len(sets))
    for name, enlarge, channels in forms(options.models):
        cells = [cell(stills, enlarge, channels) for stills in sets.values()]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
