"""Training samples: small pictures and the residual that the network should add.

Samples are made once, in parallel, and kept as flat memory-mapped files; a batch is cut
out of them by index, so a training step never waits for a decoder.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from videnhance.errors import InputError, printable
from videnhance.frame import Pixels
from videnhance.pipeline.resize import FRACTION_BITS, doubled_strips

__all__ = [
    "RESIDUAL_UNIT",
    "Batch",
    "Item",
    "Residuals",
    "Samples",
    "make_samples",
    "residual_of",
]

logger = logging.getLogger(__name__)

RESIDUAL_UNIT = 1 / 64
"""Grey levels for each step of a stored residual (int16: up to +-512)."""
_UNITS = 1 / (RESIDUAL_UNIT * (1 << FRACTION_BITS))

Residuals = npt.NDArray[np.int16]
"""2H x 2W x C, in steps of RESIDUAL_UNIT."""
Item = tuple[Pixels, Residuals]
"""A small picture, H x W x C, and its residual."""
Batch = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""N x C x c x c in [0, 1], and residuals N x C x 2c x 2c in the same unit."""


def residual_of(small: Pixels, target: Pixels) -> Residuals:
    """Target minus the unrounded base of an H x W x C picture."""
    out = np.empty(target.shape, np.int16)
    for channel in range(small.shape[2]):
        for rows, fixed in doubled_strips(np.ascontiguousarray(small[..., channel])):
            wanted = target[rows, :, channel].astype(np.float32) * (1 << FRACTION_BITS)
            out[rows, :, channel] = np.rint((wanted - fixed) * _UNITS)
    return out


def make_samples(jobs: Sequence[Callable[[], list[Item]]], folder: Path) -> None:
    """Runs the jobs in parallel and writes what they give, in order.

    `places.npy` is written last: where it is, the samples are whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    places: list[tuple[int, int, int, int]] = []
    offset = 0
    # A forked child would hang in OpenCV if the parent has run its threads.
    with (
        (folder / "small.raw").open("wb") as small_file,
        (folder / "residual.raw").open("wb") as residual_file,
        ProcessPoolExecutor(mp_context=get_context("spawn")) as pool,
    ):
        for number, items in enumerate(pool.map(_run, jobs), 1):
            for small, residual in items:
                places.append((offset, *small.shape))
                offset += small.size
                small_file.write(small.tobytes())
                residual_file.write(residual.tobytes())
            logger.info("%d of %d jobs", number, len(jobs))
    if not places:
        raise InputError(
            f"{printable(folder)}: no sample could be made; "
            "give folders with pictures of at least 32 x 32 pixels"
        )
    np.save(folder / "places.npy", np.array(places, np.int64))


def _run(job: Callable[[], list[Item]]) -> list[Item]:
    cv2.setNumThreads(1)
    return job()


@dataclass(frozen=True, slots=True)
class Samples:
    """The stored samples, memory-mapped."""

    small: Pixels = field(repr=False)
    """All small pictures in a row, flat."""
    residual: Residuals = field(repr=False)
    """All residuals in a row, flat: four for each value of `small`."""
    places: npt.NDArray[np.int64]
    """For each item its offset in `small`, height, width and channels."""
    taught: Residuals | None = field(default=None, repr=False)
    """What a teacher would add instead of the original's residuals, as flat."""
    share: float = 0.0
    """How much of the wanted residual is the teacher's."""

    @classmethod
    def load(cls, folder: Path) -> "Samples":
        """Maps what `make_samples` wrote. Raises InputError if it is not there."""
        try:
            return cls(
                np.memmap(folder / "small.raw", np.uint8, "r"),
                np.memmap(folder / "residual.raw", np.int16, "r"),
                np.load(folder / "places.npy"),
            )
        except (OSError, ValueError) as error:
            raise InputError(
                f"{printable(folder)} holds no samples ({error}); name the folder "
                "`samples` of a training run"
            ) from error

    @classmethod
    def of(cls, items: Sequence[Item]) -> "Samples":
        """Samples in memory."""
        sizes = [small.size for small, _ in items]
        offsets = np.cumsum([0, *sizes[:-1]])
        shapes = [small.shape for small, _ in items]
        return cls(
            np.concatenate([small.ravel() for small, _ in items]),
            np.concatenate([residual.ravel() for _, residual in items]),
            np.column_stack([offsets, shapes]).astype(np.int64),
        )

    def __len__(self) -> int:
        return len(self.places)

    @property
    def channels(self) -> int:
        """1 (luma) or 3 (RGB)."""
        return int(self.places[0, 3])

    def item(self, index: int) -> Item:
        """One sample; its residual is the original's."""
        offset, height, width, channels = map(int, self.places[index])
        small = self.small[offset : offset + height * width * channels]
        residual = self._residual(self.residual, index)
        return small.reshape(height, width, channels), residual

    def _residual(self, flat: Residuals, index: int) -> Residuals:
        offset, height, width, channels = map(int, self.places[index])
        size = height * width * channels
        found = flat[4 * offset : 4 * (offset + size)]
        return found.reshape(2 * height, 2 * width, channels)

    def _neighbour(self, index: int) -> int:
        """The other frame that is kept of a clip; where there is none, itself."""
        other = index ^ 1
        if other >= len(self) or (self.places[other] != self.places[index])[1:].any():
            return index
        return other

    def of_side(self, crop: int) -> npt.NDArray[np.int64]:
        """The indices of the items that hold such a crop. Raises InputError if none."""
        found = np.flatnonzero(self.places[:, 1:3].min(axis=1) >= crop)
        if not found.size:
            raise InputError(
                f"no sample is {crop} x {crop} pixels large; give larger stills, "
                "or a smaller crop"
            )
        return found

    def weights(self, indices: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """How often each item should be drawn: by the root of its area; sums to 1."""
        roots: npt.NDArray[np.float64] = np.sqrt(
            self.places[indices, 1] * self.places[indices, 2]
        )
        shares: npt.NDArray[np.float64] = roots / roots.sum()
        return shares

    def batch(
        self,
        indices: Sequence[int] | npt.NDArray[np.int64],
        crop: int,
        rng: np.random.Generator,
        busy: bool = True,
        paired: bool = False,
    ) -> Batch:
        """A random crop of each item, flipped and turned.

        `busy` takes the busier of two on every second draw: skies teach nothing.
        `paired` shows in every second place what the place before it shows, in the
        other frame that is kept of its clip.
        """
        shape = len(indices), self.channels, crop, crop
        inputs = np.empty(shape, np.float32)
        wanted = np.empty((*shape[:2], 2 * crop, 2 * crop), np.float32)
        for n, index in enumerate(indices):
            if paired and n % 2:
                index = self._neighbour(int(indices[n - 1]))
                small, residual = self.item(index)
            else:
                small, residual = self.item(int(index))
                y, x = _corner(residual, crop, rng=rng, busy=busy)
                turns, flip = int(rng.integers(4)), bool(rng.integers(2))
            a = small[y : y + crop, x : x + crop]
            b = _large(residual, y=y, x=x, crop=crop).astype(np.float32)
            if self.taught is not None:
                lesson = self._residual(self.taught, int(index))
                b += self.share * (_large(lesson, y=y, x=x, crop=crop) - b)
            a, b = np.rot90(a, turns), np.rot90(b, turns)
            inputs[n] = (np.fliplr(a) if flip else a).transpose(2, 0, 1)
            wanted[n] = (np.fliplr(b) if flip else b).transpose(2, 0, 1)
        inputs /= 255
        wanted *= RESIDUAL_UNIT / 255
        return inputs, wanted


def _corner(
    residual: Residuals, crop: int, *, rng: np.random.Generator, busy: bool
) -> tuple[int, int]:
    height, width = (side // 2 for side in residual.shape[:2])
    spots = []
    for _ in range(1 + (busy and bool(rng.integers(2)))):
        y = int(rng.integers(0, height - crop + 1))
        x = int(rng.integers(0, width - crop + 1))
        # A sixteenth of the values tells which is busier.
        part = _large(residual, y=y, x=x, crop=crop)[1::4, 1::4]
        spots.append((float(np.abs(part.astype(np.float32)).mean()), y, x))
    return max(spots, key=lambda spot: spot[0])[1:]


def _large(residual: Residuals, *, y: int, x: int, crop: int) -> Residuals:
    """What belongs to the small crop at (x, y)."""
    return residual[2 * y : 2 * (y + crop), 2 * x : 2 * (x + crop)]
