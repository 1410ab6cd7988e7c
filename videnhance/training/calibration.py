"""What the ranges of int8 activations are taken from: crops of what will be seen."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from videnhance.errors import InputError
from videnhance.frame import Pixels
from videnhance.models.crops import crops
from videnhance.training.clips import still_jobs
from videnhance.training.data import Samples
from videnhance.training.stills import still_paths
from videnhance.training.video_samples import luma_runs, video_paths

__all__ = ["calibration_of"]

_STILLS, _ITEMS = 48, 96
"""How many stills, or samples, are looked at."""
_RUNS = 8
"""Places in a video that are looked at."""


def calibration_of(
    places: Sequence[Path], channels: int, samples: Samples | None
) -> list[Tensor]:
    """Float batches, N x C x H x W in [0, 1]: of videos and stills, or of samples.

    Stills are halved first, videos are taken as they are. Raises InputError.
    """
    pictures = [*_of_places(places, channels)]
    if not pictures and samples is not None:
        chosen = np.linspace(0, len(samples) - 1, min(len(samples), _ITEMS))
        pictures = [samples.item(int(n))[0] for n in chosen]
    if not pictures:
        raise InputError(
            "there is nothing to calibrate with; name stills or a clip by --calibrate"
        )
    return crops(pictures)


def _of_places(places: Sequence[Path], channels: int) -> Iterator[Pixels]:
    stills = still_paths(places)
    # As many as crops are needed: each is read whole.
    every = max(len(stills) // _STILLS, 1)
    for job in still_jobs(stills[::every], channels):
        yield from (small for small, _ in job()[:1])
    for path in video_paths(places) if channels == 1 else ():
        for run in luma_runs(path, (0.0, 1.0), _RUNS):
            yield run[0][..., None]
