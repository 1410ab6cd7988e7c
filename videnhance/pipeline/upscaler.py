"""Networks as the pipeline needs them, and stand-ins that wrap or replace one."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from videnhance.frame import ZERO_CODE, Pixels
from videnhance.pipeline import tiles

__all__ = ["Bicubic", "SameSize", "Upscaler"]


class Upscaler(Protocol):
    """A network as the pipeline needs it; must be callable from several threads."""

    @property
    def channels(self) -> int:
        """1 (luma) or 3 (RGB)."""
        ...

    @property
    def scale(self) -> int:
        """How many times larger its codes are: 2; 1 or 4 if it is `at` these."""
        ...

    @property
    def halo(self) -> int:
        """Receptive field to each side, in input pixels."""
        ...

    @property
    def step(self) -> float:
        """Grey levels that one residual code stands for."""
        ...

    @property
    def max_row_width(self) -> int:
        """Input pixels of a row up to which it computes fast; or more than any row."""
        ...

    def at(self, factor: int) -> "Upscaler":
        """The same for results of `factor` times the size, if it knows more than 2."""
        ...

    def __call__(self, pixels: Pixels) -> Pixels:
        """N x H x W x C uint8 to codes N x sH x sW x C uint8; 128 adds nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Bicubic:
    """The stand-in: no residual, so the output is the base."""

    channels: int = 1
    halo: int = 0
    step: float = 1.0
    max_row_width: int = tiles.ANY_WIDTH
    scale: int = 2

    def at(self, factor: int) -> "Bicubic":
        """Itself."""
        del factor
        return self

    def __call__(self, pixels: Pixels) -> Pixels:
        """Codes of nothing, at twice the size."""
        count, height, width, channels = pixels.shape
        shape = (count, 2 * height, 2 * width, channels)
        return np.full(shape, ZERO_CODE, np.uint8)


@dataclass(frozen=True, slots=True)
class SameSize:
    """A network for frames that keep their size: the four codes of a pixel averaged.

    Right where the network has run: so the residual is a quarter as large to paste, to
    move along and to add.
    """

    upscaler: Upscaler
    scale: int = 1

    def at(self, factor: int) -> "SameSize":
        """Itself."""
        del factor
        return self

    @property
    def channels(self) -> int:
        """The network's."""
        return self.upscaler.channels

    @property
    def halo(self) -> int:
        """The network's."""
        return self.upscaler.halo

    @property
    def step(self) -> float:
        """Half the network's: a mean may lie between two codes."""
        return self.upscaler.step / 2

    @property
    def max_row_width(self) -> int:
        """The network's."""
        return self.upscaler.max_row_width

    def __call__(self, pixels: Pixels) -> Pixels:
        """N x H x W x C uint8 to codes N x H x W x C uint8; 128 adds nothing."""
        sums = _sums_of_four(self.upscaler(pixels))
        # A half is rounded down here, and up when the mean is added: what comes out in
        # 8 bits is as if it were never rounded. What is beyond the codes is cut off.
        sums -= 2 * ZERO_CODE
        sums >>= 1
        np.clip(sums, 0, 255, out=sums)
        return sums.astype(np.uint8)


def _sums_of_four(codes: Pixels) -> npt.NDArray[np.int16]:
    """N x H x W x C of N x 2H x 2W x C."""
    count, height, width, channels = codes.shape
    if channels > 1:
        blocks = codes.reshape(count, height // 2, 2, width // 2, 2, channels)
        return np.asarray(blocks.sum(axis=(2, 4), dtype=np.int16))
    # Two neighbours are the bytes of one number: whole rows are added at once.
    pairs = np.ascontiguousarray(codes).reshape(count, height, width).view(np.uint16)
    sums = pairs & 255
    sums += pairs >> 8
    return (sums[:, ::2] + sums[:, 1::2]).view(np.int16)[..., None]
