"""What is wrong with pictures, seen without an original: noise, blocks, bands, borders.

Each function looks at luma of 8 bits, H x W.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from videnhance.frame import Pixels

__all__ = [
    "Borders",
    "Noise",
    "Steps",
    "borders_of",
    "changes",
    "drawn_share",
    "noise_of",
    "repeats",
    "steps_of",
]

Values = npt.NDArray[np.float32]

_BLOCK = 16
_CALM = 25
"""Percentile of the blocks by what changes in them."""
_SECOND_DIFFERENCE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
"""The mask that leaves of a picture little but noise, as strong (Immerkaer, 1996)."""
_MEAN_TO_SIGMA = float(np.sqrt(np.pi / 2))
_DARKEST, _BRIGHTEST = 24, 225
"""Means of blocks beyond which noise is cut off."""
_BLACK = 14
"""Grey levels above black that a border may have."""
_NEARLY_ALL = 98
_LEAST_BORDER = 4
"""Pixels; coders and old tapes leave some."""
_SAME, _MOVES = 0.15, 6.0
"""Share of the usual change, and grey levels."""
_FLAT_SIDE = 8
_GAP = 5
_STEPS = (2, 10)
"""Grey levels of a step that is no edge of a thing."""
_GRID = 8
_LEAST_STEPS = 200
_FLAT, _RANGE_PARTS = 1, 16


@dataclass(frozen=True, slots=True)
class Noise:
    """What changes from pixel to pixel, and from picture to picture."""

    sigma: float
    """Standard deviation in grey levels."""
    alike: float
    """How alike neighbours are: 0 in noise of a sensor, more in grain of film."""


@dataclass(frozen=True, slots=True)
class Borders:
    """Black borders, in pixels."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def __bool__(self) -> bool:
        return any((self.top, self.bottom, self.left, self.right))

    def inside(self, picture: Pixels) -> Pixels:
        """The picture without them."""
        height, width = picture.shape
        return picture[self.top : height - self.bottom, self.left : width - self.right]

    def common(self, other: "Borders") -> "Borders":
        """What is black in both."""
        return Borders(
            min(self.top, other.top),
            min(self.bottom, other.bottom),
            min(self.left, other.left),
            min(self.right, other.right),
        )


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps between flat parts, in thousandths of the pixels."""

    blocks: float
    """At the edges of blocks of 8 pixels, more than elsewhere."""
    bands: float
    """Elsewhere."""


def noise_of(picture: Pixels, after: Pixels) -> Noise:
    """Noise of the calmest parts of a picture and the next one.

    The smaller one of two measures: what differs from pixel to pixel may be detail, and
    what differs from picture to picture motion.
    """
    values = picture.astype(np.float32)
    differences = cv2.filter2D(values, -1, _SECOND_DIFFERENCE)
    inside: Values = (np.abs(differences) * _MEAN_TO_SIGMA).astype(np.float32)
    means = _blocks(values).mean(axis=(1, 2))
    mid = (means > _DARKEST) & (means < _BRIGHTEST)
    if not mid.any():
        return Noise(0.0, 0.0)
    fine = float(np.percentile(_blocks(inside)[mid].mean(axis=(1, 2)), _CALM))
    moved = _blocks(after.astype(np.float32) - values)[mid]
    spread = moved.std(axis=(1, 2)) / np.sqrt(2)
    limit = np.percentile(spread, _CALM)
    return Noise(min(fine, float(limit)), _alike(moved[spread <= limit]))


def _alike(blocks: Values) -> float:
    """Correlation of neighbours in both directions."""
    level = blocks - blocks.mean(axis=(1, 2), keepdims=True)
    across = (level[:, :, 1:] * level[:, :, :-1]).mean()
    down = (level[:, 1:] * level[:, :-1]).mean()
    return float((across + down) / 2 / max(float((level**2).mean()), 1e-6))


def _blocks(values: Values) -> Values:
    rows, columns = (side // _BLOCK for side in values.shape)
    inner = values[: rows * _BLOCK, : columns * _BLOCK]
    tiled = inner.reshape(rows, _BLOCK, columns, _BLOCK).swapaxes(1, 2)
    blocks: Values = tiled.reshape(-1, _BLOCK, _BLOCK)
    return blocks


def borders_of(pictures: Sequence[Pixels], *, black: int) -> Borders:
    """What is black in all of these pictures at their edges; `black` is its code."""
    brightest = np.max(pictures, axis=0)
    rows = np.percentile(brightest, _NEARLY_ALL, axis=1) <= black + _BLACK
    columns = np.percentile(brightest, _NEARLY_ALL, axis=0) <= black + _BLACK
    if rows.all() or columns.all():
        return Borders()  # a dark moment
    ends = (rows, rows[::-1], columns, columns[::-1])
    wide = (int(np.argmin(end)) for end in ends)
    return Borders(*(n if n >= _LEAST_BORDER else 0 for n in wide))


def changes(run: Sequence[Pixels]) -> list[float]:
    """How much pictures in a row differ where they differ most, in grey levels."""
    small = [
        cv2.resize(picture, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        for picture in run
    ]
    return [float(np.percentile(cv2.absdiff(a, b), 99)) for a, b in pairwise(small)]


def repeats(found: Sequence[float]) -> tuple[int, int]:
    """Of the changes in a run how many are none, and how many could be seen to be one.

    A picture repeats the one before it only where something moves on both sides of it.
    """
    usual = np.median(sorted(found)[len(found) // 2 :]) if found else 0.0
    if usual < _MOVES:
        return 0, 0
    moves = [n for n, change in enumerate(found) if change > _SAME * usual]
    first, last = (moves[0], moves[-1]) if moves else (0, -1)
    gaps = np.diff(moves)
    if gaps.size and gaps.max() > 3:
        return 0, 0  # it stands still now and then
    return last - first + 1 - len(moves), last - first + 1


def steps_of(picture: Pixels) -> Steps:
    """Steps between flat parts, and how many of them are edges of blocks."""
    on_grid = elsewhere = 0.0
    for plane in (picture, np.ascontiguousarray(picture.T)):
        hard = _hard_steps(plane)
        by_place = np.array([hard[n::_GRID].sum() for n in range(_GRID)], np.float64)
        other = float(np.median(by_place)) * _GRID
        on_grid += max(float(by_place.sum()) - other, 0)
        elsewhere += _soft_steps(plane)
    count = picture.size / 1000
    return Steps(on_grid / count, elsewhere / count)


def _hard_steps(plane: Pixels) -> npt.NDArray[np.float64]:
    """By column, steps from one pixel to the next with nothing on either side."""
    values = plane.astype(np.int16)
    step = np.abs(np.diff(values, axis=1))
    quiet = _quiet(step == 0, _FLAT_SIDE - 1)
    width = step.shape[1] - 2 * (_FLAT_SIDE - 1)
    if width < _GRID:
        return np.zeros(_GRID)
    here = step[:, _FLAT_SIDE - 1 : _FLAT_SIDE - 1 + width]
    flat = quiet[:, :width] & quiet[:, _FLAT_SIDE : _FLAT_SIDE + width]
    found = flat & (here >= _STEPS[0]) & (here <= _STEPS[1])
    counts: npt.NDArray[np.float64] = found.sum(axis=0).astype(np.float64)
    return counts


def _quiet(same: npt.NDArray[np.bool_], count: int) -> npt.NDArray[np.bool_]:
    """Whether so many in a row are true, by the place of the first."""
    sums = np.cumsum(same, axis=1, dtype=np.int32)
    sums = np.pad(sums, ((0, 0), (1, 0)))
    quiet: npt.NDArray[np.bool_] = (sums[:, count:] - sums[:, :-count]) == count
    return quiet


def _soft_steps(plane: Pixels) -> float:
    """Steps over some pixels, with wide flat parts on both sides."""
    side = 2 * _FLAT_SIDE
    row = np.ones((1, side), np.uint8)
    low = cv2.erode(plane, row, anchor=(0, 0)).astype(np.int16)
    high = cv2.dilate(plane, row, anchor=(0, 0)).astype(np.int16)
    shift = side + _GAP
    if plane.shape[1] <= shift + side:
        return 0.0
    width = plane.shape[1] - shift - side + 1
    a_low, b_low = low[:, :width], low[:, shift : shift + width]
    a_high, b_high = high[:, :width], high[:, shift : shift + width]
    flat = (a_high - a_low <= _FLAT) & (b_high - b_low <= _FLAT)
    step = np.abs(a_high + a_low - b_high - b_low) // 2
    found = flat & (step > _STEPS[0]) & (step <= _STEPS[1])
    return float(found.sum()) / _GAP


def drawn_share(picture: Pixels) -> float:
    """The share of a picture that is flat and of few greys, as drawings are."""
    kernel = np.ones((5, 5), np.uint8)
    span = cv2.subtract(cv2.dilate(picture, kernel), cv2.erode(picture, kernel))
    flat = span <= _FLAT
    low, high = np.percentile(picture, (1, 99))
    counts = np.bincount(picture[flat].ravel(), minlength=256) / picture.size
    few = max(round(float(high - low) / _RANGE_PARTS), 1)
    return float(np.sort(counts)[::-1][:few].sum())
