"""Jobs that make samples: whole stills, given pairs, and degraded moving clips.

A clip is a crop that pans over a still, or real frames of a video; a job is a function
without arguments that a worker process can be sent.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from videnhance.frame import Frame, Pixels
from videnhance.media.reader.video_reader import VideoReader
from videnhance.training.data import Item, residual_of
from videnhance.training.degrade import Luma, Mix, bicubic_halved, degraded, drawn
from videnhance.training.stills import luma_of, pair_of, rgb_of

__all__ = [
    "CLIP_FRAMES",
    "SMALL",
    "Job",
    "Part",
    "clip_jobs",
    "footage_jobs",
    "frame_count",
    "kept_items",
    "luma_runs",
    "panned",
    "still_jobs",
    "video_paths",
]

SMALL = 160
"""Side of a small crop of a clip; its target has twice that."""
CLIP_FRAMES = 6
"""Frames of a clip: enough that a coder predicts most of them."""
_KEPT_FRAMES = 2
_PAN = 5
"""Pixels that a clip moves for each frame, at most."""
_STILL_SHARE, _STILL_LOOKS = 0.25, 0.5
"""How many clips stand still; of those for looks, which learn from them not to flicker,
more."""
_LEAST = 32
"""Stills with a shorter side teach nothing."""

_VIDEOS = {
    ".avi", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".ts", ".webm", ".wmv",
}  # fmt: skip

Job = Callable[[], list[Item]]
Part = tuple[float, float]
"""From and to which share of its frames a video is used."""

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
        both = [
            _planes(p, channels, factor=1.0, full_range=False) for p in (path, pair)
        ]
        large, small = _even(both[0]), both[1]
        return [(small, residual_of(small, large))]
    made = []
    for factor, full_range in _VERSIONS:
        large = _even(_planes(path, channels, factor=factor, full_range=full_range))
        if min(large.shape[:2]) < 2 * _LEAST:
            break
        halves = [bicubic_halved(large[..., n]) for n in range(channels)]
        small = np.stack(halves, axis=-1)
        made.append((small, residual_of(small, large)))
        if large.shape[0] * large.shape[1] < _LARGE:
            break
    return made


def _planes(path: Path, channels: int, *, factor: float, full_range: bool) -> Pixels:
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


def clip_jobs(
    paths: Sequence[Path], clips: int, *, mix: Mix, seed: int = 0
) -> list[Job]:
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
    still = _STILL_LOOKS if mix is Mix.LOOK else _STILL_SHARE
    made: list[Item] = []
    for _ in range(count):
        frames = panned(planes[int(rng.random() < 0.4)], rng, still=still)
        small, targets = degraded(frames, drawn(rng, mix), rng=rng)
        made += kept_items(small, targets, rng=rng)
    return made


def kept_items(
    small: Sequence[Luma], targets: Sequence[Luma], *, rng: np.random.Generator
) -> list[Item]:
    """Some of a clip's frames as samples: neighbours teach nearly the same."""
    chosen = rng.choice(len(small), _KEPT_FRAMES, replace=False)
    pairs = [(small[n][..., None], targets[n][..., None]) for n in chosen]
    return [(little, residual_of(little, target)) for little, target in pairs]


def panned(
    luma: Luma, rng: np.random.Generator, *, still: float = _STILL_SHARE
) -> list[Luma]:
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
    top, left = _busiest(luma, need, rng=rng)
    moves = rng.random() < 1 - still
    dy, dx = rng.integers(0, _PAN + 1, 2) * moves
    steps = [(top + dy * t, left + dx * t) for t in range(CLIP_FRAMES)]
    return [np.ascontiguousarray(luma[y : y + side, x : x + side]) for y, x in steps]


def _busiest(luma: Luma, side: int, *, rng: np.random.Generator) -> tuple[int, int]:
    """The corner of the busiest of three random crops: skies teach nothing."""
    spots = []
    for _ in range(3):
        y = int(rng.integers(0, luma.shape[0] - side + 1))
        x = int(rng.integers(0, luma.shape[1] - side + 1))
        crop = luma[y : y + side : 2, x : x + side : 2].astype(np.int16)
        spots.append((float(np.abs(np.diff(crop, axis=1)).mean()), y, x))
    return max(spots)[1:] if rng.random() < 0.7 else spots[0][1:]


def video_paths(places: Sequence[Path]) -> list[Path]:
    """The videos among these files and below these folders, sorted."""
    found = [p for place in places for p in (place, *place.rglob("*"))]
    return sorted({p for p in found if p.suffix.lower() in _VIDEOS and p.is_file()})


def frame_count(path: Path) -> int:
    """The frames of a video, counted by decoding it. Raises InputError."""
    with VideoReader(path) as reader:
        return sum(1 for _ in reader)


def _luma(frame: Frame) -> Luma:
    plane = frame.planes[0]
    return (plane >> (frame.layout.depth - 8)).astype(np.uint8)


def luma_runs(path: Path, part: Part, *, count: int) -> Iterator[list[Luma]]:
    """At most `count` runs of CLIP_FRAMES frames, spread over a part of a video.

    The sides are cut to multiples of 4. Raises InputError.
    """
    total = frame_count(path)
    first, last = round(total * part[0]), round(total * part[1]) - CLIP_FRAMES
    starts = {int(n) for n in np.linspace(first, max(last, first), count)}
    run: list[Luma] = []
    with VideoReader(path) as reader:
        for frame in reader:
            if run or frame.index in starts:
                luma = _luma(frame)
                height, width = luma.shape[0] // 4 * 4, luma.shape[1] // 4 * 4
                run.append(np.ascontiguousarray(luma[:height, :width]))
            if len(run) == CLIP_FRAMES:
                yield run
                run = []


def footage_jobs(
    paths: Sequence[Path],
    clips: int,
    *,
    mix: Mix,
    part: Part = (0.0, 1.0),
    seed: int = 0,
) -> list[Job]:
    """Jobs that make `clips` degraded clips in all, as many of each video."""
    each = -(-clips // max(len(paths), 1))
    return [
        partial(_cropped_clips, path, each, mix, part, seed + n)
        for n, path in enumerate(paths)
    ]


def _cropped_clips(
    path: Path, count: int, mix: Mix, part: Part, seed: int
) -> list[Item]:
    rng = np.random.default_rng(seed)
    made: list[Item] = []
    runs = list(luma_runs(path, part, count=min(count, 40)))
    for n in range(count if runs else 0):
        clip = _cropped(runs[n % len(runs)], rng)
        small, targets = degraded(clip, drawn(rng, mix), rng=rng)
        made += kept_items(small, targets, rng=rng)
    return made


def _cropped(run: list[Luma], rng: np.random.Generator) -> list[Luma]:
    """The same crop of each frame, of twice SMALL where the frames are large enough."""
    height, width = (min(2 * SMALL, side) for side in run[0].shape)
    y = int(rng.integers(0, run[0].shape[0] - height + 1))
    x = int(rng.integers(0, run[0].shape[1] - width + 1))
    return [np.ascontiguousarray(f[y : y + height, x : x + width]) for f in run]
