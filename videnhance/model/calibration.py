"""What the ranges of int8 activations are taken from: crops of what will be seen."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from videnhance.errors import InputError
from videnhance.frame import Pixels
from videnhance.model.clips import still_jobs
from videnhance.model.data import Samples
from videnhance.model.footage import luma_runs, video_paths
from videnhance.model.stills import still_paths

__all__ = ["calibration_of", "crops"]

_BATCHES, _BATCH, _SIDE = 24, 8, 96
"""192 crops, of this side where the pictures are large enough."""
_RUNS = 8
"""Places in a video that are looked at."""
_LEAST = 16


def calibration_of(
    places: Sequence[Path], channels: int, samples: Samples | None
) -> list[Tensor]:
    """Float batches, N x C x H x W in [0, 1]: of videos and stills, or of samples.

    Stills are halved first, videos are taken as they are. Raises InputError.
    """
    pictures = [*_of_places(places, channels)]
    if not pictures and samples is not None:
        chosen = np.linspace(0, len(samples) - 1, min(len(samples), 4 * _BATCHES))
        pictures = [samples.item(int(n))[0] for n in chosen]
    if not pictures:
        raise InputError(
            "there is nothing to calibrate with; name stills or a clip by --calibrate"
        )
    return crops(pictures)


def _of_places(places: Sequence[Path], channels: int) -> Iterator[Pixels]:
    stills = still_paths(places)
    # As many as crops are needed: each is read whole.
    every = max(len(stills) // (_BATCHES * _BATCH // 4), 1)
    for job in still_jobs(stills[::every], channels):
        yield from (small for small, _ in job()[:1])
    for path in video_paths(places) if channels == 1 else ():
        for run in luma_runs(path, (0.0, 1.0), _RUNS):
            yield run[0][..., None]


def crops(pictures: Sequence[Pixels]) -> list[Tensor]:
    """The batches, cut at random places that are the same each time.

    Raises InputError if no picture is large enough.
    """
    usable = [p for p in pictures if min(p.shape[:2]) >= _LEAST]
    if not usable:
        raise InputError(
            f"no picture to calibrate with is {_LEAST} x {_LEAST} pixels large"
        )
    side = min(_SIDE, *(min(p.shape[:2]) for p in usable))
    rng = np.random.default_rng(5)
    batches = []
    for _ in range(_BATCHES):
        chosen = rng.integers(len(usable), size=_BATCH)
        cut = [_cut(usable[int(n)], side, rng) for n in chosen]
        batch = np.stack(cut).transpose(0, 3, 1, 2).astype(np.float32) / 255
        batches.append(torch.from_numpy(np.ascontiguousarray(batch)))
    return batches


def _cut(picture: Pixels, side: int, rng: np.random.Generator) -> Pixels:
    y = int(rng.integers(0, picture.shape[0] - side + 1))
    x = int(rng.integers(0, picture.shape[1] - side + 1))
    return picture[y : y + side, x : x + side]
