"""A larger network as a teacher: what it makes of every sample, made once and kept.

`taught.<hash of its weights>.<sharpness in percent>.raw` lies beside the samples:
residuals over the base, one sample after the other. A pass that was stopped goes on
where its file ends. Networks of Real-ESRGAN's Compact family (Wang et al., 2021, arXiv
2107.10833) are shown grey RGB, in the full range that they know: that matters, their
colours hardly do (0.4 of VMAF).
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from videnhance.errors import ModelError, printable
from videnhance.frame import Pixels
from videnhance.models.network import SRVGGNetLightweight
from videnhance.models.weights import (
    network_of,
    read_tensors,
    sha256_of,
    shape_of,
)
from videnhance.training.data import RESIDUAL_UNIT, Residuals, Samples
from videnhance.training.degrade import HALVING, sharpened
from videnhance.training.losses import base_of

__all__ = ["Lesson", "Teacher", "added_to", "read_teacher", "taught"]

logger = logging.getLogger(__name__)

_ROWS = 192
"""Rows that a teacher is shown at once: large stills would fill the memory."""
_LUMA = (0.299, 0.587, 0.114)
_SECONDS = 5.0
"""Between two words about how far a pass has come."""
_STUDIO, _OVERSHOOT = (16.0, 235.0), 4
_INT16 = np.iinfo(np.int16)

Teacher = Callable[[Tensor], Tensor]
"""N x 1 x H x W in [0, 1] to what it adds to the base, N x 1 x 2H x 2W."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """Who teaches, and how much."""

    teacher: Path
    """A file of weights."""
    share: float
    """How much of what is wanted is the teacher's; the rest is the original's."""
    sharpened: float = 0.0
    """Amount of an unsharp mask of the teacher's pictures: a student is softer."""


def read_teacher(path: Path) -> SRVGGNetLightweight:
    """The teacher in a file of weights: RGB or luma, for 2 or 4 times the size.

    Raises ModelError if it is of another family, or enlarges by another factor.
    """
    tensors, about = read_tensors(path)
    shape = shape_of(tensors, path, about.get("activation", ""))
    if shape.scale not in (2, 4) or about.get("adds_to") == "bicubic":
        raise ModelError(
            f"{printable(path)} is no teacher: name weights of Real-ESRGAN's Compact "
            "family that enlarge by 2 or 4"
        )
    return network_of(tensors, shape)


def added_to(network: SRVGGNetLightweight) -> Teacher:
    """What a Compact network adds to the base of a grey picture.

    Four times the size is halved by MATLAB's antialiased bicubic.
    """
    shape = network.shape
    weights = torch.tensor(_LUMA if shape.channels == 3 else (1.0,))

    def added(x: Tensor) -> Tensor:
        colours = x.expand(-1, shape.channels, -1, -1)
        colours = colours.contiguous(memory_format=torch.channels_last)
        nearest = functional.interpolate(x, scale_factor=float(shape.scale))
        with torch.autocast("cpu", torch.bfloat16):
            found = network(colours)
        luma = torch.einsum("nchw,c->nhw", found.float(), weights)[:, None] + nearest
        large = _halved(luma) if shape.scale == 4 else luma
        return large.clamp(0, 1) - base_of(x)

    return added


def _halved(large: Tensor) -> Tensor:
    taps = torch.tensor(HALVING, dtype=torch.float32)
    padded = functional.pad(large, [3, 3, 3, 3], mode="replicate")
    rows = functional.conv2d(padded, taps.reshape(1, 1, -1, 1), stride=(2, 1))
    return functional.conv2d(rows, taps.reshape(1, 1, 1, -1), stride=(1, 2))


def taught(samples: Samples, folder: Path, *, lesson: Lesson) -> Samples:
    """The samples in `folder` with a share of what a teacher makes of them.

    What is missing is made first. Raises ModelError if the teacher cannot be read.
    """
    percent = round(100 * lesson.sharpened)
    path = folder / f"taught.{sha256_of(lesson.teacher)[:12]}.{percent}.raw"
    done = path.stat().st_size if path.exists() else 0
    if done < samples.residual.nbytes:
        _pass(samples, path, lesson=lesson)
    made = np.memmap(path, np.int16, "r")
    return replace(samples, taught=made, share=lesson.share)


def _pass(samples: Samples, path: Path, *, lesson: Lesson) -> None:
    """Appends what is missing: a stopped pass leaves whole samples and a bit."""
    ends = 8 * (samples.places[:, 0] + samples.places[:, 1:].prod(axis=1))
    path.touch()
    first = int(np.searchsorted(ends, path.stat().st_size, side="right"))
    teacher = read_teacher(lesson.teacher)
    added, halo = added_to(teacher), teacher.shape.halo
    begun = told = time.monotonic()
    with path.open("r+b") as file, torch.inference_mode():
        file.truncate(file.seek(int(ends[first - 1]) if first else 0))
        for number in range(first, len(samples)):
            small, _ = samples.item(number)
            found = _lesson(small, added, halo=halo)
            file.write(_sharper(small, found, lesson.sharpened).tobytes())
            now, made = time.monotonic(), number + 1
            if now - told > _SECONDS or made == len(samples):
                left = (now - begun) / (made - first) * (len(samples) - made)
                logger.info(
                    "taught %d of %d samples, %.0f s left", made, len(samples), left
                )
                told = now


def _lesson(small: Pixels, added: Teacher, *, halo: int) -> Residuals:
    """The teacher's residual of an H x W x 1 picture, 2H x 2W x 1, in strips."""
    black, white = _levels(small)
    out = np.empty((2 * small.shape[0], 2 * small.shape[1], 1), np.int16)
    for top in range(0, small.shape[0], _ROWS):
        first, last = max(top - halo, 0), min(top + _ROWS + halo, small.shape[0])
        levels = small[first:last, :, 0].astype(np.float32)
        strip = torch.from_numpy((levels - black) / (white - black))
        residual = added(strip[None, None])[0, 0, 2 * (top - first) :][: 2 * _ROWS]
        units = residual.detach().numpy() * ((white - black) / RESIDUAL_UNIT)
        rounded = np.rint(np.clip(units, _INT16.min, _INT16.max))
        out[2 * top : 2 * top + len(rounded), :, 0] = rounded
    return out


def _sharper(small: Pixels, lesson: Residuals, amount: float) -> Residuals:
    """The residuals that make a sharper picture."""
    if not amount:
        return lesson
    x = torch.from_numpy(small[None, None, :, :, 0].astype(np.float32))
    base, residual = base_of(x)[0, 0].numpy(), lesson[..., 0] * RESIDUAL_UNIT
    picture = np.clip(sharpened(base + residual, amount), 0, 255)
    units = np.rint((picture - base) / RESIDUAL_UNIT)[..., None]
    made: Residuals = units.astype(np.int16)
    return made


def _levels(small: Pixels) -> tuple[float, float]:
    """Black and white: of the studio range, unless there is darker or lighter."""
    darkest, lightest = np.percentile(small, (1, 99))
    low, high = _STUDIO
    beyond = darkest < low - _OVERSHOOT or lightest > high + _OVERSHOOT
    return (0.0, 255.0) if beyond else _STUDIO
