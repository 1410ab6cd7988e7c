"""How well a network enlarges, and what a form of it costs in bytes and time.

By the usual protocol of test sets: PSNR and SSIM of BT.601 studio luma, not rounded,
with 2 pixels of border left out; the small picture is made by MATLAB's antialiased
bicubic.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from videnhance.errors import InputError, printable
from videnhance.frame import ZERO_CODE, Pixels
from videnhance.models.network import SRVGGNetLightweight
from videnhance.models.timing import timed
from videnhance.pipeline.resize import FRACTION_BITS, doubled_strips
from videnhance.training.degrade import bicubic_halved
from videnhance.training.stills import rgb_of, still_paths, studio_luma

__all__ = [
    "Enlarge",
    "Figures",
    "KnownStill",
    "Scores",
    "a_frame",
    "best_milliseconds",
    "bicubic",
    "by_network",
    "by_script",
    "known_stills",
    "mean_scores",
    "psnr_of",
    "ssim",
]

Enlarge = Callable[[Pixels], Pixels]
"""H x W x C to 2H x 2W x C."""
Plane = npt.NDArray[np.float64]

_BORDER = 2
_SIGMA, _RADIUS = 1.5, 5
"""The Gaussian window of SSIM (Wang et al., 2004): 11 x 11."""
_HEIGHT, _WIDTH = 360, 640
_RUNS = 5


@dataclass(frozen=True, slots=True)
class Scores:
    """Means over a test set."""

    psnr: float
    """dB, of luma."""
    ssim: float


@dataclass(frozen=True, slots=True)
class KnownStill:
    """A picture whose original is known."""

    name: str
    small: Pixels = field(repr=False)
    """H x W x 3."""
    luma: Plane = field(repr=False)
    """The original's, 2H x 2W."""

    def seen(self, channels: int) -> Pixels:
        """What a network of 1 (luma) or 3 (RGB) channels is shown."""
        if channels == 3:
            return self.small
        return np.rint(studio_luma(self.small)).astype(np.uint8)[..., None]

    def errors(self, large: Pixels) -> tuple[Plane, Plane]:
        """Luma of an enlargement and of the original, without their borders."""
        ours = studio_luma(large) if large.shape[2] == 3 else large[..., 0]
        inner = (slice(_BORDER, -_BORDER),) * 2
        return ours.astype(np.float64)[inner], self.luma[inner]


def known_stills(folder: Path, side: int | None = None) -> list[KnownStill]:
    """The stills of a folder with their halves; `side` cuts out the middle.

    Raises InputError if there is none.
    """
    found = [_still(path, side) for path in still_paths([folder])]
    if not found:
        raise InputError(
            f"{printable(folder)} holds no picture; name a folder of stills"
        )
    return found


def _still(path: Path, side: int | None) -> KnownStill:
    large = rgb_of(path)
    height, width = large.shape[0] // 2 * 2, large.shape[1] // 2 * 2
    if side is not None:
        top, left = ((n - min(n, side)) // 4 * 2 for n in (height, width))
        height, width = min(height, side), min(width, side)
        large = large[top : top + height, left : left + width]
    large = large[:height, :width]
    small = np.stack([bicubic_halved(large[..., n]) for n in range(3)], axis=-1)
    return KnownStill(path.name, small, studio_luma(large))


def mean_scores(
    stills: Sequence[KnownStill], enlarge: Enlarge, *, channels: int, full: bool = True
) -> Scores:
    """The means over the stills; without `full` SSIM is left out and NaN."""
    pairs = [still.errors(enlarge(still.seen(channels))) for still in stills]
    likeness = fmean(ssim(*pair) for pair in pairs) if full else float("nan")
    return Scores(fmean(_psnr(*pair) for pair in pairs), likeness)


def _psnr(ours: Plane, original: Plane) -> float:
    mean = float(np.mean(np.square(ours - original)))
    return float("inf") if mean == 0 else float(10 * np.log10(255**2 / mean))


def ssim(ours: Plane, original: Plane) -> float:
    """Structural similarity of planes of 8-bit values; only whole windows count."""
    means = [_blurred(ours), _blurred(original)]
    squares = [
        _blurred(plane * plane) - mean * mean
        for plane, mean in zip((ours, original), means, strict=True)
    ]
    covariance = _blurred(ours * original) - means[0] * means[1]
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * means[0] * means[1] + c1) * (2 * covariance + c2)
    bottom = (means[0] ** 2 + means[1] ** 2 + c1) * (squares[0] + squares[1] + c2)
    return float(np.mean(top / bottom))


def _blurred(plane: Plane) -> Plane:
    taps = np.exp(-(np.arange(-_RADIUS, _RADIUS + 1) ** 2) / (2 * _SIGMA**2))
    taps /= taps.sum()
    for axis in (0, 1):
        windows = np.lib.stride_tricks.sliding_window_view(plane, taps.size, axis)
        plane = windows @ taps
    return plane


def bicubic(small: Pixels) -> Pixels:
    """The base alone, rounded."""
    return _completed(small, np.zeros((1, 1, 1)))


def by_network(network: SRVGGNetLightweight) -> Enlarge:
    """Base plus the float residual of a network."""
    network.eval()

    def enlarge(small: Pixels) -> Pixels:
        batch = torch.from_numpy(np.ascontiguousarray(small.transpose(2, 0, 1)))
        device = next(network.parameters()).device
        with torch.inference_mode():
            residual = network(batch[None].to(device).float() / 255)[0].cpu()
        return _completed(small, residual.numpy().transpose(1, 2, 0) * 255.0)

    return enlarge


def by_script(script: torch.jit.ScriptModule, step: float) -> Enlarge:
    """Base plus the residual codes of a model file, `step` grey levels each."""

    def enlarge(small: Pixels) -> Pixels:
        batch = torch.from_numpy(np.ascontiguousarray(small.transpose(2, 0, 1)))
        with torch.inference_mode():
            codes = script(batch[None])
            if codes.shape[2] == batch.shape[1]:
                codes = torch.nn.functional.pixel_shuffle(codes, 2)
        wide = codes[0].numpy().transpose(1, 2, 0).astype(np.float64)
        return _completed(small, (wide - ZERO_CODE) * step)

    return enlarge


def _completed(small: Pixels, residual: npt.NDArray[np.floating]) -> Pixels:
    height, width, channels = small.shape
    out = np.empty((2 * height, 2 * width, channels), np.float64)
    for channel in range(channels):
        for rows, fixed in doubled_strips(np.ascontiguousarray(small[..., channel])):
            out[rows, :, channel] = fixed * (1 / (1 << FRACTION_BITS))
    out += residual
    # A half goes up, as in the pipeline.
    return np.clip(np.floor(out + 0.5), 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one form."""

    name: str
    nbytes: int
    psnr: float
    """dB of luma on test stills; NaN if there were none."""
    milliseconds: float
    """One 640 x 360 frame on the threads of torch, best of five."""

    def line(self) -> str:
        """As a row of a table."""
        quality = "" if self.psnr != self.psnr else f"{self.psnr:9.3f} dB"
        size = f"{self.nbytes / 1e3:9.1f} KB"
        return f"{self.name:<10}{size}{quality}{self.milliseconds:9.1f} ms a frame"


def psnr_of(enlarge: Enlarge, tests: Sequence[KnownStill], *, channels: int) -> float:
    """Mean PSNR in dB; NaN without test stills."""
    if not tests:
        return float("nan")
    return mean_scores(tests, enlarge, channels=channels, full=False).psnr


def a_frame(channels: int) -> Tensor:
    """A 640 x 360 frame of noise, 1 x C x H x W uint8, channels last."""
    made = torch.Generator().manual_seed(0)
    shape = (1, channels, _HEIGHT, _WIDTH)
    frame = torch.randint(0, 256, shape, generator=made, dtype=torch.uint8)
    return frame.contiguous(memory_format=torch.channels_last)


def best_milliseconds(run: Callable[[], object]) -> float:
    """The best of five runs, warmed up."""
    with torch.inference_mode():
        return timed(run, _RUNS).best
