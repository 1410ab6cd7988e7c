"""Videos to train on: runs of their own frames, as luma."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from videnhance.frame import Frame
from videnhance.media.reader.video_reader import VideoReader
from videnhance.training.clips import CLIP_FRAMES, SMALL, Job, kept_items
from videnhance.training.data import Item
from videnhance.training.degrade import Luma, Mix, degraded, drawn

__all__ = ["Part", "footage_jobs", "frame_count", "luma_runs", "video_paths"]

_SUFFIXES = {
    ".avi", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpg", ".ts", ".webm", ".wmv",
}  # fmt: skip

Part = tuple[float, float]
"""From and to which share of its frames a video is used."""


def video_paths(places: Sequence[Path]) -> list[Path]:
    """The videos among these files and below these folders, sorted."""
    found = [p for place in places for p in (place, *place.rglob("*"))]
    return sorted({p for p in found if p.suffix.lower() in _SUFFIXES and p.is_file()})


def frame_count(path: Path) -> int:
    """The frames of a video, counted by decoding it. Raises InputError."""
    with VideoReader(path) as reader:
        return sum(1 for _ in reader)


def _luma(frame: Frame) -> Luma:
    plane = frame.planes[0]
    return (plane >> (frame.layout.depth - 8)).astype(np.uint8)


def luma_runs(path: Path, part: Part, count: int) -> Iterator[list[Luma]]:
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
    paths: Sequence[Path], clips: int, mix: Mix, part: Part = (0.0, 1.0), seed: int = 0
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
    runs = list(luma_runs(path, part, min(count, 40)))
    for n in range(count if runs else 0):
        clip = _cropped(runs[n % len(runs)], rng)
        small, targets = degraded(clip, drawn(rng, mix), rng)
        made += kept_items(small, targets, rng)
    return made


def _cropped(run: list[Luma], rng: np.random.Generator) -> list[Luma]:
    """The same crop of each frame, of twice SMALL where the frames are large enough."""
    height, width = (min(2 * SMALL, side) for side in run[0].shape)
    y = int(rng.integers(0, run[0].shape[0] - height + 1))
    x = int(rng.integers(0, run[0].shape[1] - width + 1))
    return [np.ascontiguousarray(f[y : y + height, x : x + width]) for f in run]
