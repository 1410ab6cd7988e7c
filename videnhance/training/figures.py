"""What a form of a network costs and gives: bytes, PSNR, time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from videnhance.models.timing import timed
from videnhance.training.measure import Enlarge, KnownStill, mean_scores

__all__ = ["Figures", "a_frame", "best_milliseconds", "psnr_of"]

_HEIGHT, _WIDTH = 360, 640
_RUNS = 5


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


def psnr_of(enlarge: Enlarge, tests: Sequence[KnownStill], channels: int) -> float:
    """Mean PSNR in dB; NaN without test stills."""
    if not tests:
        return float("nan")
    return mean_scores(tests, enlarge, channels, full=False).psnr


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
