"""Jobs that make samples: whole stills, given pairs, and degraded moving clips.

A clip is a crop that pans over a still, or real frames of a video; a job is a function
without arguments that a worker process can be sent.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from videnhance.frame import Pixels
from videnhance.training.data import Item, residual_of
from videnhance.training.degrade import Luma, Mix, bicubic_halved, degraded, drawn
from videnhance.training.stills import luma_of, pair_of, rgb_of

__all__ = [
    "CLIP_FRAMES",
    "SMALL",
    "Job",
    "clip_jobs",
    "kept_items",
    "panned",
    "still_jobs",
]

SMALL = 160
"""Side of a small crop of a clip; its target has twice that."""
CLIP_FRAMES = 6
"""Frames of a clip: enough that a coder predicts most of them."""
_KEPT_FRAMES = 2
_PAN = 5
"""Pixels that a clip moves for each frame, at most."""
_LEAST = 32
"""Stills with a shorter side teach nothing."""

Job = Callable[[], list[Item]]

_VERSIONS = (1.0, False), (0.7, True), (0.5, False)
"""Sizes of a large still that are learnt from, and whether in full range: what is
smooth at its full size has detail at half of it."""
_LARGE = 600_000
"""Pixels from which a still is used in smaller sizes, too."""


def still_jobs(paths: Sequence[Path], channels: int) -> list[Job]:
    """A job for each still: all of it, halved by antialiased bicubic, or its pair."""
    return [partial(_whole, path, channels) for path in paths]


def _whole(path: Path, channels: int) -> list[Item]:
    pair = pair_of(path)
    if pair is not None:
        both = [_planes(p, channels, 1.0, False) for p in (path, pair)]
        large, small = _even(both[0]), both[1]
        return [(small, residual_of(small, large))]
    made = []
    for factor, full_range in _VERSIONS:
        large = _even(_planes(path, channels, factor, full_range))
        if min(large.shape[:2]) < 2 * _LEAST:
            break
        halves = [bicubic_halved(large[..., n]) for n in range(channels)]
        small = np.stack(halves, axis=-1)
        made.append((small, residual_of(small, large)))
        if large.shape[0] * large.shape[1] < _LARGE:
            break
    return made


def _planes(path: Path, channels: int, factor: float, full_range: bool) -> Pixels:
    """A still as H x W x C, made smaller by a factor."""
    one = luma_of(path, full_range)[..., None] if channels == 1 else rgb_of(path)
    if factor == 1.0:
        return one
    size = round(one.shape[1] * factor), round(one.shape[0] * factor)
    smaller = cv2.resize(one, size, interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, np.uint8).reshape(size[1], size[0], channels)


def _even(picture: Pixels) -> Pixels:
    height, width = picture.shape[:2]
    return picture[: height // 2 * 2, : width // 2 * 2]


def clip_jobs(paths: Sequence[Path], clips: int, mix: Mix, seed: int = 0) -> list[Job]:
    """Jobs that make `clips` degraded clips of luma, more of the larger stills."""
    rng = np.random.default_rng(seed)
    weights = np.array([_area(path) for path in paths]) ** 0.5
    counts = rng.multinomial(clips, weights / weights.sum())
    return [
        partial(_clips, path, int(count), mix, seed + n)
        for n, (path, count) in enumerate(zip(paths, counts, strict=True))
    ]


def _area(path: Path) -> float:
    with Image.open(path) as image:
        return float(image.width * image.height)


def _clips(path: Path, count: int, mix: Mix, seed: int) -> list[Item]:
    rng = np.random.default_rng(seed)
    planes = [luma_of(path, full_range) for full_range in (False, True)]
    made: list[Item] = []
    for _ in range(count):
        frames = panned(planes[int(rng.random() < 0.4)], rng)
        small, targets = degraded(frames, drawn(rng, mix), rng)
        made += kept_items(small, targets, rng)
    return made


def kept_items(
    small: Sequence[Luma], targets: Sequence[Luma], rng: np.random.Generator
) -> list[Item]:
    """Some of a clip's frames as samples: neighbours teach nearly the same."""
    chosen = rng.choice(len(small), _KEPT_FRAMES, replace=False)
    pairs = [(small[n][..., None], targets[n][..., None]) for n in chosen]
    return [(little, residual_of(little, target)) for little, target in pairs]


def panned(luma: Luma, rng: np.random.Generator) -> list[Luma]:
    """A clip: the crop of twice SMALL that pans over the still, or stands."""
    side = 2 * SMALL
    need = side + _PAN * CLIP_FRAMES
    short = min(luma.shape)
    if short < need:
        factor = need / short
        size = (round(luma.shape[1] * factor) + 1, round(luma.shape[0] * factor) + 1)
        luma = np.asarray(
            cv2.resize(luma, size, interpolation=cv2.INTER_CUBIC), np.uint8
        )
    top, left = _busiest(luma, need, rng)
    moves = rng.random() < 0.75
    dy, dx = rng.integers(0, _PAN + 1, 2) * moves
    steps = [(top + dy * t, left + dx * t) for t in range(CLIP_FRAMES)]
    return [np.ascontiguousarray(luma[y : y + side, x : x + side]) for y, x in steps]


def _busiest(luma: Luma, side: int, rng: np.random.Generator) -> tuple[int, int]:
    """The corner of the busiest of three random crops: skies teach nothing."""
    spots = []
    for _ in range(3):
        y = int(rng.integers(0, luma.shape[0] - side + 1))
        x = int(rng.integers(0, luma.shape[1] - side + 1))
        crop = luma[y : y + side : 2, x : x + side : 2].astype(np.int16)
        spots.append((float(np.abs(np.diff(crop, axis=1)).mean()), y, x))
    return max(spots)[1:] if rng.random() < 0.7 else spots[0][1:]
