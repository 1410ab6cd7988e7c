"""Crops of pictures, as the ranges of int8 activations are taken from."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from videnhance.errors import InputError
from videnhance.frame import Pixels

__all__ = ["crops"]

_BATCHES, _BATCH, _SIDE = 24, 8, 96
"""192 crops, of this side where the pictures are large enough."""
_LEAST = 16


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
