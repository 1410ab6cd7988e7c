"""Grain: what the network took from the source, given back where it is grain.

What a residual does at the size of the source is what was taken there: noise, and where
there are edges the faults of coding around them. Only the fine part of it comes back,
and little of that beside edges. It is the frame's own, so it moves as that of the
source does; where the network took nothing, nothing comes.
"""

import numpy as np
import numpy.typing as npt

from videnhance.frame import ZERO_CODE, Pixels, Plane
from videnhance.pipeline.resize import doubled

__all__ = ["with_grain"]

Levels = npt.NDArray[np.float32]
"""H x W, in grey levels: multiples of a fraction of two, so that sums are exact."""
_AROUND = 5
"""Pixels, across and down, over which what is even is no grain."""
_MOST = 8.0
"""Grey levels: what is taken beyond that is no grain."""
_EDGE = 6.0
"""Grey levels between neighbours at which half of the grain comes back."""


def with_grain(residual: Pixels, seen: Pixels, *, share: float, step: float) -> Pixels:
    """The residual with a share, 0 to 1, of what it takes from `seen` given back.

    Codes sH x sW x C of `step` grey levels, and the H x W x C that the network saw.
    """
    scale, given = residual.shape[0] // seen.shape[0], np.empty_like(residual)
    for channel in range(residual.shape[2]):
        codes = residual[..., channel].astype(np.float32) - ZERO_CODE
        change = _means(codes, scale) * np.float32(step)
        grain = _grain(-change, seen[..., channel] + change)
        plane: Plane = _as_codes(grain / np.float32(step))
        for _ in range(scale // 2):
            plane = doubled(plane, 8)
        back = (plane.astype(np.float32) - ZERO_CODE) * np.float32(share)
        given[..., channel] = _as_codes(codes + back)
    return given


def _as_codes(values: Levels) -> Pixels:
    codes: Pixels = np.clip(np.rint(values) + ZERO_CODE, 0, 255).astype(np.uint8)
    return codes


def _means(codes: Levels, scale: int) -> Levels:
    """Of scale x scale codes each."""
    height, width = codes.shape[0] // scale, codes.shape[1] // scale
    means: Levels = codes.reshape(height, scale, width, scale).mean(axis=(1, 3))
    return means


def _grain(taken: Levels, cleaned: Levels) -> Levels:
    """The part of what was taken that is grain, beside what was left."""
    fine = taken - _box(taken, _AROUND) / np.float32(_AROUND**2)
    soft = np.pad(_box(cleaned, 3) / np.float32(9), 1, mode="edge")
    across = np.abs(soft[1:-1, 2:] - soft[1:-1, :-2]) / 2
    down = np.abs(soft[2:, 1:-1] - soft[:-2, 1:-1]) / 2
    edge = _box(across + down, 3) / np.float32(9 * _EDGE)
    grain: Levels = np.clip(fine, -_MOST, _MOST) / (1 + edge * edge)
    return grain


def _box(values: Levels, side: int) -> Levels:
    """Sums of side x side values around each; the edge repeats."""
    padded = np.pad(values, side // 2, mode="edge")
    height, width = values.shape
    rows = np.sum([padded[n : n + height] for n in range(side)], axis=0)
    sums: Levels = np.sum([rows[:, n : n + width] for n in range(side)], axis=0)
    return sums
