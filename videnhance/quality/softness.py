"""How far the detail of a picture goes, and what enlarging leaves in it.

Natural pictures have amplitudes that fall as 1 / frequency (Field, 1987); where they
fall faster, a picture is softer than its size. Interpolated pixels are smoother than
those between them, in a rhythm that tells by how much a picture was enlarged
(Gallagher, 2005).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from videnhance.frame import Pixels

__all__ = ["Softness", "softness_of"]

Curve = npt.NDArray[np.float32]

_SIDE = 64
"""Pixels of a block whose spectrum is taken."""
_BUSIEST = 48
"""Blocks, at most a quarter of a picture's."""
_LEAST_BLOCKS = 8
_LOW = slice(4, 11)
"""Frequencies, in periods a block, that every picture has detail at."""
_FIRST = 6
_FALLEN = 0.25
"""Of the power at low frequencies (-6 dB), where detail ends."""
_AROUND = (25, 1)
_LARGEST = 0.5
_BACKGROUND = np.linspace(0.2, 0.5, 97)
"""Frequencies that tell how strong a rhythm is by chance."""
_OF_CODING = (1 / 8, 1 / 4, 3 / 8)
"""Blocks of 8 and 4 pixels have these, too."""
_TWICE, _HALF_AS_MUCH = 1 / 2, 1 / 3
_LEAST_TWICE, _LEAST_HALF = 0.015, 0.006
_ABOVE_CODING, _ABOVE_CHANCE = 2.2, 4.0
_SOFT_ENOUGH_TWICE, _SOFT_ENOUGH_HALF = 0.62, 0.7
"""Share of detail at most: a sharp picture with such a rhythm has it from elsewhere."""


@dataclass(frozen=True, slots=True)
class Softness:
    """How much of its size the detail of a clip fills."""

    across: float
    """Of the frequencies that the width can hold, the share that has detail: 0 to 1."""
    down: float
    enlarged: float | None
    """The factor that it was enlarged by, where that left traces: 1.5 or 2."""

    @property
    def detail(self) -> float:
        """The mean of both directions."""
        return (self.across + self.down) / 2


def softness_of(pictures: Sequence[Pixels], *, whole: bool = True) -> Softness | None:
    """What pictures of one clip, H x W, tell together; None if they are too small.

    If they are not `whole` but of two fields, only their width is looked at.
    """
    shape = pictures[0].shape if pictures else (0, 0)
    alike = [picture for picture in pictures if picture.shape == shape]
    if np.prod([side // _SIDE for side in shape]) < _LEAST_BLOCKS:
        return None
    across = _reach(alike)
    down = _reach([picture.T for picture in alike]) if whole else across
    found = Softness(across, down, None)
    ways = [alike, [picture.T for picture in alike]][: 1 + whole]
    rhythms = [_rhythm(way) for way in ways]
    return Softness(across, down, _factor(rhythms, found.detail))


def _reach(pictures: Sequence[Pixels]) -> float:
    """The share of frequencies across that has detail."""
    power = np.sum([_spectrum(picture) for picture in pictures], axis=0)
    frequency = np.arange(power.size, dtype=np.float32)
    level = power * frequency**2
    level[1:-1] = (level[:-2] + level[1:-1] + level[2:]) / 3
    fallen = np.flatnonzero(level[_FIRST:] < _FALLEN * level[_LOW].mean())
    if not fallen.size:
        return 1.0
    return float((fallen[0] + _FIRST) / (power.size - 1))


def _spectrum(picture: Pixels) -> Curve:
    """Power across of the busiest blocks, less that of the calmest: noise has both."""
    rows, columns = (side // _SIDE for side in picture.shape)
    inner = picture[: rows * _SIDE, : columns * _SIDE].astype(np.float32)
    tiled = inner.reshape(rows, _SIDE, columns, _SIDE).swapaxes(1, 2)
    blocks: Curve = tiled.reshape(-1, _SIDE, _SIDE)
    edges = np.abs(np.diff(blocks, axis=1)).mean(axis=(1, 2))
    edges += np.abs(np.diff(blocks, axis=2)).mean(axis=(1, 2))
    order = np.argsort(edges)
    count = max(min(_BUSIEST, len(order) // 4), 1)
    busy, calm = (_power(blocks[part]) for part in (order[-count:], order[:count]))
    power: Curve = np.maximum(busy - calm, 0)
    return power


def _power(blocks: Curve) -> Curve:
    level = blocks - blocks.mean(axis=(1, 2), keepdims=True)
    window = np.hanning(_SIDE + 2)[1:-1].astype(np.float32)
    waves = np.fft.rfft(level * window, axis=2)
    power: Curve = (np.abs(waves) ** 2).mean(axis=(0, 1)).astype(np.float32)
    return power


def _rhythm(pictures: Sequence[Pixels]) -> Curve:
    """By how much steps to the next column are larger than around it, by column."""
    steps = np.zeros(pictures[0].shape[1] - 1, np.float32)
    for picture in pictures:
        steps += cv2.absdiff(picture[:, 1:], picture[:, :-1]).mean(axis=0)
    around = cv2.blur(steps[np.newaxis], _AROUND)[0]
    rhythm: Curve = np.clip(steps / (around + 1e-3) - 1, -_LARGEST, _LARGEST)
    return rhythm


def _strength(rhythm: Curve, frequency: float) -> float:
    places = np.arange(rhythm.size)
    return float(abs(np.exp(-2j * np.pi * frequency * places) @ rhythm) / rhythm.size)


def _factor(rhythms: Sequence[Curve], detail: float) -> float | None:
    """The factor that the rhythms speak for, all of them together."""
    mean = [
        float(np.mean([_strength(rhythm, frequency) for rhythm in rhythms]))
        for frequency in (_TWICE, _HALF_AS_MUCH, *_OF_CODING)
    ]
    twice, half, coding = mean[0], mean[1], max(mean[2:])
    chance = np.median([[_strength(r, f) for f in _BACKGROUND] for r in rhythms])
    if detail <= _SOFT_ENOUGH_TWICE and twice >= max(
        _LEAST_TWICE, _ABOVE_CODING * coding
    ):
        return 2.0
    if detail <= _SOFT_ENOUGH_HALF and half >= max(
        _LEAST_HALF, _ABOVE_CHANCE * float(chance)
    ):
        return 1.5
    return None
