"""Training samples: small luma crops and the residual that the network should add.

Samples are made once, in parallel, and kept as memory-mapped files; a batch is cut out
of them by index, so a training step never waits for a decoder.
"""

import logging
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from videnhance.model.degrade import Luma, degraded, drawn
from videnhance.resize import FRACTION_BITS, doubled_strips

__all__ = ["RESIDUAL_UNIT", "Samples", "luma_of", "make_samples", "still_paths"]

logger = logging.getLogger(__name__)

SMALL = 160
"""Side of a stored small crop; its target has twice that."""
RESIDUAL_UNIT = 1 / 64
"""Grey levels for each step of a stored residual (int16: up to +-512)."""
_UNITS = 1 / (RESIDUAL_UNIT * (1 << FRACTION_BITS))
_CLIP_FRAMES = 6
_KEPT_FRAMES = 2
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}


def still_paths(folders: Sequence[Path]) -> list[Path]:
    """Every picture below the folders, sorted."""
    found = [p for folder in folders for p in folder.rglob("*")]
    return sorted(p for p in found if p.suffix.lower() in _SUFFIXES)


def luma_of(path: Path, full_range: bool = False) -> Luma:
    """The BT.601 luma plane of a picture, rounded; studio range unless `full_range`."""
    with Image.open(path) as image:
        rgb = np.asarray(image.convert("RGB"), np.float32)
    scale, offset = (1.0, 0.0) if full_range else (219 / 255, 16.0)
    luma = offset + scale * (rgb @ np.array([0.299, 0.587, 0.114], np.float32))
    rounded: Luma = np.rint(luma).astype(np.uint8)
    return rounded


def _busiest(luma: Luma, side: int, rng: np.random.Generator) -> tuple[int, int]:
    """The corner of the busiest of three random crops: skies teach nothing."""
    spots = []
    for _ in range(3):
        y = int(rng.integers(0, luma.shape[0] - side + 1))
        x = int(rng.integers(0, luma.shape[1] - side + 1))
        crop = luma[y : y + side : 2, x : x + side : 2].astype(np.int16)
        spots.append((float(np.abs(np.diff(crop, axis=1)).mean()), y, x))
    return max(spots)[1:] if rng.random() < 0.7 else spots[0][1:]


def _panned(luma: Luma, rng: np.random.Generator) -> list[Luma]:
    """A clip: the crop of twice SMALL that pans over the still, or stands."""
    pan = 5
    side = 2 * SMALL
    need = side + pan * _CLIP_FRAMES
    short = min(luma.shape)
    if short < need:
        factor = need / short
        size = (round(luma.shape[1] * factor) + 1, round(luma.shape[0] * factor) + 1)
        luma = np.asarray(
            cv2.resize(luma, size, interpolation=cv2.INTER_CUBIC), np.uint8
        )
    top, left = _busiest(luma, need, rng)
    moves = rng.random() < 0.75
    dy, dx = rng.integers(0, pan + 1, 2) * moves
    steps = [(top + dy * t, left + dx * t) for t in range(_CLIP_FRAMES)]
    return [np.ascontiguousarray(luma[y : y + side, x : x + side]) for y, x in steps]


def residual_of(small: Luma, target: Luma) -> npt.NDArray[np.int16]:
    """Target minus the unrounded base, in steps of RESIDUAL_UNIT grey levels."""
    out = np.empty(target.shape, np.int16)
    for rows, fixed in doubled_strips(small):
        wanted = target[rows].astype(np.float32) * (1 << FRACTION_BITS)
        out[rows] = np.rint((wanted - fixed) * _UNITS)
    return out


def _samples_of(
    path: Path, count: int, seed: int
) -> list[tuple[Luma, npt.NDArray[np.int16]]]:
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    planes = [luma_of(path, full_range) for full_range in (False, True)]
    made = []
    for _ in range(count):
        clip = _panned(planes[int(rng.random() < 0.4)], rng)
        small, targets = degraded(clip, drawn(rng), rng)
        for index in rng.choice(_CLIP_FRAMES, _KEPT_FRAMES, replace=False):
            made.append((small[index], residual_of(small[index], targets[index])))
    return made


def _area(path: Path) -> float:
    with Image.open(path) as image:
        return float(image.width * image.height)


def make_samples(
    paths: Sequence[Path], clips: int, folder: Path, seed: int = 0
) -> None:
    """Writes `small.npy` (N x S x S uint8) and `residual.npy` (N x 2S x 2S int16)."""
    rng = np.random.default_rng(seed)
    weights = np.array([_area(path) for path in paths]) ** 0.5
    counts = rng.multinomial(clips, weights / weights.sum())
    total = clips * _KEPT_FRAMES
    folder.mkdir(parents=True, exist_ok=True)
    small = np.lib.format.open_memmap(
        folder / "small.npy", "w+", np.uint8, (total, SMALL, SMALL)
    )
    residual = np.lib.format.open_memmap(
        folder / "residual.npy", "w+", np.int16, (total, 2 * SMALL, 2 * SMALL)
    )
    at = 0
    # A forked child would hang in OpenCV if the parent has run its threads.
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        jobs = pool.map(
            _samples_of, paths, counts.tolist(), range(seed, seed + len(paths))
        )
        for made in jobs:
            for pair in made:
                small[at], residual[at] = pair
                at += 1
            logger.info("%d of %d samples", at, total)


@dataclass(frozen=True, slots=True)
class Samples:
    """The stored samples, memory-mapped."""

    small: Luma
    """N x S x S."""
    residual: npt.NDArray[np.int16]
    """N x 2S x 2S, in steps of RESIDUAL_UNIT."""

    @classmethod
    def load(cls, folder: Path) -> "Samples":
        """Maps what `make_samples` wrote."""
        return cls(
            np.load(folder / "small.npy", mmap_mode="r"),
            np.load(folder / "residual.npy", mmap_mode="r"),
        )

    def batch(
        self, size: int, crop: int, rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Random crops, flipped and turned: N x 1 x c x c in [0, 1], and residuals."""
        side = self.small.shape[1]
        inputs = np.empty((size, 1, crop, crop), np.float32)
        wanted = np.empty((size, 1, 2 * crop, 2 * crop), np.float32)
        for n in range(size):
            index = rng.integers(len(self.small))
            y, x = rng.integers(0, side - crop + 1, 2)
            a = self.small[index, y : y + crop, x : x + crop]
            b = self.residual[index, 2 * y : 2 * (y + crop), 2 * x : 2 * (x + crop)]
            turns, flip = int(rng.integers(4)), bool(rng.integers(2))
            a, b = np.rot90(a, turns), np.rot90(b, turns)
            inputs[n, 0] = np.fliplr(a) if flip else a
            wanted[n, 0] = np.fliplr(b) if flip else b
        inputs /= 255
        wanted *= RESIDUAL_UNIT / 255
        return inputs, wanted
