"""The base: one plane enlarged to twice its size by bicubic interpolation.

The kernel is Keys' cubic with a = -0.5 (IEEE TASSP 29, 1981), sampled a quarter pixel
to each side. Samples are whole numbers in floating point, small enough to be exact in
any order of addition: the result is the same to the bit on every machine, in training
and in use, with OpenCV, which is twice as fast, and without. Opens no files, starts no
threads.
"""

from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from videnhance.errors import MissingLibraryError
from videnhance.frame import Plane
from videnhance.pipeline.motion import single_threaded_opencv

__all__ = [
    "FRACTION_BITS",
    "Fixed",
    "doubled",
    "doubled_strips",
    "fixed_type",
    "opencv",
    "rounded",
]

Fixed = npt.NDArray[np.floating[Any]]
"""Samples times 2 ** FRACTION_BITS: whole numbers below 2 ** 24 (from 8 bits, float32)
or 2 ** 53 (float64)."""

FRACTION_BITS = 14
_TAPS = (-3.0, 29.0, 111.0, -9.0)
"""The cubic at distances 1.75, .75, .25, 1.25, times 128: 7 fraction bits a pass."""
_LEFT_TAPS = (-1.0, 12.0, 123.0, -6.0), (-9.0, 93.0, 50.0, -6.0)
"""The cubic for samples that lie level with the left of each two, times 128: an eighth
before a sample, at distances 1.875, .875, .125, 1.125, and three eighths after it."""
_BAND_AREA = 60_000
"""Input pixels at a time: few enough that temporaries stay in the second-level cache,
enough that threads seldom wait for the interpreter."""
_ROWS = 8
_COLUMNS = 1280
"""Rows and columns of one matrix product: too small for BLAS to start threads."""


@cache
def opencv() -> ModuleType | None:
    """OpenCV, if it loads; it starts no threads of its own."""
    try:
        return single_threaded_opencv()
    except MissingLibraryError:
        return None


def fixed_type(plane: Plane) -> type[np.floating[Any]]:
    """The floating type in which a plane's samples and sums are exact."""
    return np.float32 if plane.dtype == np.uint8 else np.float64


def doubled_strips(
    plane: Plane, sited_left: bool = False
) -> Iterator[tuple[slice, Fixed]]:
    """Yields the enlarged plane in strips: output rows, and their unrounded samples.

    `sited_left` is for chroma that is stored level with the left of each two luma
    samples, before and after: enlarged like luma it would move half a pixel.

    The strip is scratch memory: the next step overwrites it.
    """
    height, width = plane.shape
    kind = fixed_type(plane)
    band = min(max(_BAND_AREA // width, _ROWS), height)
    wide = np.empty((band + 4, 2 * width), kind)
    strip = np.empty((2 * band, 2 * width), kind)
    for top in range(0, height, band):
        rows = min(band, height - top)
        source = np.clip(np.arange(top - 2, top + rows + 2), 0, height - 1)
        grow = _double_left_columns if sited_left else _double_columns
        grow(plane[source], wide[: rows + 4])
        out = strip[: 2 * rows]
        for start in range(0, rows, _ROWS):
            count = min(_ROWS, rows - start)
            matrix = _rows_matrix(count).astype(kind)
            for left in range(0, 2 * width, _COLUMNS):
                part = slice(left, left + _COLUMNS)
                here = wide[start : start + count + 4, part]
                np.matmul(matrix, here, out=out[2 * start : 2 * (start + count), part])
        yield slice(2 * top, 2 * (top + rows)), out


@cache
def _rows_matrix(count: int) -> npt.NDArray[np.float64]:
    """2 count x (count + 4): makes twice as many rows; two neighbours on each side."""
    matrix = np.zeros((2 * count, count + 4))
    for row in range(count):
        matrix[2 * row, row : row + 4] = _TAPS
        matrix[2 * row + 1, row + 1 : row + 5] = _TAPS[::-1]
    return matrix


def _padded(rows: Plane, kind: np.dtype[Any]) -> Fixed:
    """Two more columns at each side, which repeat the outermost."""
    padded = np.empty((rows.shape[0], rows.shape[1] + 4), kind)
    padded[:, 2:-2] = rows
    padded[:, :2], padded[:, -2:] = rows[:, :1], rows[:, -1:]
    return padded


def _filtered_columns(
    cv2: ModuleType, rows: Plane, taps: tuple[tuple[float, ...], ...], *, out: Fixed
) -> None:
    """Makes of each sample two, by taps on four around it: those before it first."""
    edge = cv2.BORDER_REPLICATE
    phases = [
        cv2.filter2D(rows, cv2.CV_32F, np.array([k]), anchor=(at, 0), borderType=edge)
        for k, at in zip(taps, (2, 1), strict=True)
    ]
    cv2.merge(phases, out.reshape(*rows.shape, 2))


def _double_left_columns(rows: Plane, out: Fixed) -> None:
    cv2 = opencv()
    if cv2 is not None and rows.dtype == np.uint8:
        _filtered_columns(cv2, rows, _LEFT_TAPS, out=out)
        return
    width, padded = rows.shape[1], _padded(rows, out.dtype)
    for phase, taps in enumerate(_LEFT_TAPS):
        parts = (
            padded[:, start : start + width] * out.dtype.type(tap)
            for start, tap in enumerate(taps, phase)
        )
        total = next(parts)
        for part in parts:
            total += part
        out[:, phase::2] = total


def _double_columns(rows: Plane, out: Fixed) -> None:
    cv2 = opencv()
    if cv2 is not None and rows.dtype == np.uint8:
        _filtered_columns(cv2, rows, (_TAPS, _TAPS[::-1]), out=out)
        return
    width, padded = rows.shape[1], _padded(rows, out.dtype)
    # Each product serves a left and a right sample.
    far, near, own, beyond = (padded * out.dtype.type(tap) for tap in _TAPS)
    left = far[:, :width] + near[:, 1 : width + 1]
    left += own[:, 2 : width + 2]
    np.add(left, beyond[:, 3 : width + 3], out=out[:, 0::2])
    right = beyond[:, 1 : width + 1] + own[:, 2 : width + 2]
    right += near[:, 3 : width + 3]
    np.add(right, far[:, 4 : width + 4], out=out[:, 1::2])


def rounded(fixed: Fixed, depth: int, out: Plane) -> None:
    """Rounds samples to the nearest of `depth` bits into `out`. Overwrites `fixed`."""
    fixed += 1 << (FRACTION_BITS - 1)
    fixed *= 1 / (1 << FRACTION_BITS)
    np.clip(fixed, 0, (1 << depth) - 1, out=fixed)
    np.copyto(out, fixed, casting="unsafe")  # cuts off: a half was added before


def doubled(plane: Plane, depth: int, sited_left: bool = False) -> Plane:
    """The enlarged plane, rounded: 2H x 2W of the same type."""
    out: Plane = np.empty((2 * plane.shape[0], 2 * plane.shape[1]), plane.dtype)
    for rows, fixed in doubled_strips(plane, sited_left):
        rounded(fixed, depth, out[rows])
    return out
