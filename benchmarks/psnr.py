"""How far a picture is from its original."""

import numpy as np

from videnhance.frame import Plane

__all__ = ["psnr"]


def psnr(ours: Plane, original: Plane, crop: int = 2) -> float:
    """Peak signal-to-noise ratio of 8-bit planes in dB; `crop` is not counted.

    `crop` is the width of the border. Infinite for equal planes; ValueError for planes
    of two sizes.
    """
    if ours.shape != original.shape:
        raise ValueError(f"{ours.shape} and {original.shape} cannot be compared")
    inner = (slice(crop, -crop or None),) * 2
    error = ours[inner].astype(np.float64) - original[inner]
    mean = float(np.mean(np.square(error)))
    return float("inf") if mean == 0 else float(10 * np.log10(255**2 / mean))
