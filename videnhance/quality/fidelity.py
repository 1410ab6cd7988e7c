"""How near a picture is to its original: PSNR, SSIM and the energy of its edges.

PSNR and SSIM are those of FFmpeg's filters `psnr` and `ssim`.
"""

import cv2
import numpy as np
import numpy.typing as npt

from videnhance.frame import Plane

__all__ = [
    "blockiness",
    "gradient",
    "mean_psnr",
    "mean_square",
    "mean_xpsnr",
    "psnr_of",
    "ssim",
]

Values = npt.NDArray[np.float32] | npt.NDArray[np.float64]

_BLOCK = 4
_CODED = 8
_LEAST_BLOCKS = 6
_WINDOW = 64
"""Pixels of two by two blocks."""


def mean_square(ours: Plane, original: Plane) -> float:
    """Mean squared error of two planes of one size, in squared code values."""
    return float(cv2.norm(ours, original, cv2.NORM_L2SQR)) / ours.size


def psnr_of(mean_squared: float, depth: int = 8) -> float:
    """Peak signal-to-noise ratio in dB of a mean squared error; infinite for none."""
    peak = (1 << depth) - 1
    return float(10 * np.log10(peak**2 / mean_squared)) if mean_squared else np.inf


def mean_psnr(psnrs: npt.ArrayLike) -> float:
    """PSNR in dB of the mean of squared errors that these PSNRs stand for."""
    share = float(np.mean(10 ** (-np.asarray(psnrs, np.float64) / 10)))
    return float(-10 * np.log10(share)) if share else np.inf


def mean_xpsnr(xpsnrs: npt.ArrayLike) -> float:
    """XPSNR in dB of the mean of the roots of errors, as FFmpeg's filter has it."""
    share = float(np.mean(10 ** (-np.asarray(xpsnrs, np.float64) / 20)))
    return float(-20 * np.log10(share)) if share else np.inf


def ssim(ours: Plane, original: Plane, *, depth: int = 8) -> float:
    """Mean structural similarity (Wang et al., 2004) in windows of 8 x 8, 4 apart.

    The window of x264 and of FFmpeg's filter; others use a Gaussian of 11 x 11. NaN
    for planes smaller than a window.
    """
    a, b = (_whole_blocks(plane, depth) for plane in (ours, original))
    if min(a.shape) < 2 * _BLOCK:
        return float("nan")
    sum_a, sum_b = _window_sums(a), _window_sums(b)
    squares, products = _window_sums(a * a + b * b), _window_sums(a * b)
    peak = (1 << depth) - 1
    c1 = int(0.01 * 0.01 * peak**2 * _WINDOW + 0.5)
    c2 = int(0.03 * 0.03 * peak**2 * _WINDOW * (_WINDOW - 1) + 0.5)
    variances = squares * _WINDOW - sum_a * sum_a - sum_b * sum_b
    covariance = products * _WINDOW - sum_a * sum_b
    top = (2 * sum_a * sum_b + c1) * (2 * covariance + c2)
    bottom = (sum_a * sum_a + sum_b * sum_b + c1) * (variances + c2)
    return float(np.mean(top / bottom))


def _whole_blocks(plane: Plane, depth: int) -> Values:
    height, width = (n // _BLOCK * _BLOCK for n in plane.shape)
    inner = plane[:height, :width]
    # Wide enough for exact sums of squares.
    return inner.astype(np.float32) if depth == 8 else inner.astype(np.float64)


def _window_sums(values: Values) -> npt.NDArray[np.float64]:
    """Sums of 8 x 8 windows, 4 apart in both directions."""
    size = (values.shape[1] // _BLOCK, values.shape[0] // _BLOCK)
    means = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    blocks = means.astype(np.float64) * _BLOCK**2
    rows = blocks[:-1] + blocks[1:]
    sums: npt.NDArray[np.float64] = rows[:, :-1] + rows[:, 1:]
    return sums


def blockiness(plane: Plane) -> float:
    """How much steeper a plane is at the edges of blocks than between: 1 is alike.

    The largest ratio of mean differences over blocks of 8 and 16 pixels (8, enlarged)
    in both directions, wherever their grid begins.
    """
    values = plane.astype(np.float32)
    found = [1.0]
    for axis in (0, 1):
        steps = np.abs(np.diff(values, axis=axis)).mean(axis=1 - axis)
        for period in (_CODED, 2 * _CODED):
            count = steps.size // period
            if count < _LEAST_BLOCKS:
                continue
            # The median over the blocks: an edge of the picture is no grid.
            grid = np.median(steps[: count * period].reshape(count, period), axis=0)
            between = np.median(grid)
            found.append(float(grid.max() / between) if between else 1.0)
    return max(found)


def gradient(plane: Plane) -> float:
    """Mean length of the gradient, in code values a pixel: how much edge there is."""
    values = plane.astype(np.float32)
    down, across = np.diff(values, axis=0)[:, :-1], np.diff(values, axis=1)[:-1]
    return float(cv2.magnitude(down, across).mean())
