"""`model train`: from folders of stills or videos to a trained network.

WORK/samples, held   what is trained on and what is measured, made once
WORK/checkpoint.pt   where a run goes on from; beside it one from before settling
WORK/network.pth     the averaged weights, folded; `epoch-NN.pth` if epochs count
WORK/log.csv         loss and PSNR; `curve.png` draws them
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import numpy as np
import torch
from torch import Tensor

from videnhance.errors import UsageError, counted, printable
from videnhance.models.network import PRESETS, SRVGGNetLightweight
from videnhance.models.weights import read_network, write_network
from videnhance.system.memory import keep_freed_memory
from videnhance.training.curve import Point, added, drawn_curve
from videnhance.training.data import RESIDUAL_UNIT, Samples
from videnhance.training.dataset import Material, held_samples, training_samples
from videnhance.training.recipe import RECIPES, Recipe
from videnhance.training.teacher import Lesson, taught
from videnhance.training.trainer import Trainer, epoch_steps, trained

__all__ = [
    "Course",
    "Difference",
    "base_psnr",
    "compared",
    "held_psnr",
    "run",
]

_HELD_SIDE = 256
"""Of large held-out samples the middle is measured."""
_HELD_ITEMS = 96
_BORDER = 2
_NOTICED = 0.02
"""dB; less is within what another seed would change."""


@dataclass(frozen=True, slots=True)
class Course:
    """A whole run."""

    material: Material
    work: Path
    preset: str = "default"
    recipe: Recipe = RECIPES["default"]
    start: str | None = None
    """A model whose weights are begun with."""
    lesson: Lesson | None = None
    resume: bool = False
    device: str = "cpu"
    every: int = 1000
    """Steps between two measurements."""
    epochs: int | None = None
    """Instead of the recipe's steps: how often each sample is seen."""
    threads: int | None = None
    """Of torch; None: as many as there are cores. Another number, other last digits."""

    @property
    def checkpoint(self) -> Path:
        """Where the run goes on from."""
        return self.work / "checkpoint.pt"


def run(course: Course) -> Iterator[tuple[Point, int]]:
    """Trains; yields points of the log, each with the number of all steps.

    Raises UsageError if the folder holds another run, InputError if there is nothing to
    train on, ModelError if a model to start with or to learn from cannot be read.
    """
    _check(course)
    keep_freed_memory()  # a step's blocks are all large: 1.5 times as fast
    if course.threads is not None:
        torch.set_num_threads(course.threads)
    course.work.mkdir(parents=True, exist_ok=True)
    samples = training_samples(course.material, course.work / "samples")
    if course.lesson is not None:
        samples = taught(samples, course.work / "samples", lesson=course.lesson)
    held = held_samples(course.material, course.work / "held")
    recipe, every = course.recipe, course.every
    if course.epochs is not None:
        every = epoch_steps(samples, recipe)
        recipe = replace(recipe, steps=course.epochs * every)
    trainer = _trainer(course, samples, recipe=recipe)
    begun = time.perf_counter()
    for progress in trained(trainer, course.checkpoint, every):
        psnr = held_psnr(progress.network, held)
        seconds = time.perf_counter() - begun
        point = Point(progress.step, progress.loss, psnr, seconds)
        drawn_curve(added(course.work / "log.csv", point), course.work / "curve.png")
        write_network(progress.network, course.work / "network.pth")
        if course.epochs is not None:
            name = f"epoch-{progress.step // every:02d}.pth"
            write_network(progress.network, course.work / name)
        yield point, recipe.steps


def _check(course: Course) -> None:
    if course.checkpoint.exists() and not course.resume:
        raise UsageError(
            f"{printable(course.work)} holds an unfinished or finished run; "
            "add --resume to go on with it, or name another folder"
        )
    if course.device.startswith("cuda") and not torch.cuda.is_available():
        raise UsageError("--device cuda: torch finds no CUDA device; use cpu")


def _trainer(course: Course, samples: Samples, *, recipe: Recipe) -> Trainer:
    shape = PRESETS[course.preset]
    start = read_network(course.start) if course.start else None
    if start is not None and start.shape != shape:
        raise UsageError(
            f"--start {printable(course.start)} is {start.shape}, not the preset "
            f"{course.preset}: {shape}; choose the preset that it has"
        )
    return Trainer(shape, samples, recipe, start, course.device)


def _wanted(samples: Samples) -> Iterator[tuple[Tensor, Tensor]]:
    """The held-out samples: 1 x C x H x W in [0, 1], and the wanted grey levels."""
    for index in np.linspace(0, len(samples) - 1, min(len(samples), _HELD_ITEMS)):
        small, residual = samples.item(int(index))
        top, left = (max(side - _HELD_SIDE, 0) // 2 for side in small.shape[:2])
        a = small[top : top + _HELD_SIDE, left : left + _HELD_SIDE]
        bottom, right = 2 * (top + a.shape[0]), 2 * (left + a.shape[1])
        b = residual[2 * top : bottom, 2 * left : right]
        inputs = torch.from_numpy(a.transpose(2, 0, 1)[None].astype(np.float32) / 255)
        levels = b.transpose(2, 0, 1)[None].astype(np.float32) * RESIDUAL_UNIT
        yield inputs, torch.from_numpy(levels)


def _psnr(error: Tensor) -> float:
    inner = error[..., _BORDER:-_BORDER, _BORDER:-_BORDER].double()
    return float(10 * torch.log10(255**2 / inner.square().mean().clamp_min(1e-9)))


def held_psnr(network: SRVGGNetLightweight, held: Samples) -> float:
    """Mean PSNR in dB over held-out samples, before rounding, in float32."""
    device = next(network.parameters()).device
    with torch.inference_mode():
        return fmean(
            _psnr(network(inputs.to(device)).cpu() * 255 - wanted)
            for inputs, wanted in _wanted(held)
        )


def base_psnr(held: Samples) -> float:
    """The same for the base alone."""
    return fmean(_psnr(wanted) for _, wanted in _wanted(held))


@dataclass(frozen=True, slots=True)
class Difference:
    """PSNR in dB of the held-out samples, before rounding, in float32."""

    base: float
    before: float
    """With the weights that the run began with."""
    after: float
    samples: int

    @property
    def is_better(self) -> bool:
        """Whether it is worth using."""
        return self.after - self.before >= _NOTICED

    def lines(self) -> list[str]:
        """The comparison in words."""
        verdict = (
            "better: use it" if self.is_better else "not better: keep the one before"
        )
        return [
            f"held out and not trained on: {counted(self.samples, 'sample')}",
            f"  base    {self.base:.3f} dB",
            f"  before  {self.before:.3f} dB ({self.before - self.base:+.3f})",
            f"  after   {self.after:.3f} dB ({self.after - self.base:+.3f})",
            f"{self.after - self.before:+.3f} dB, {verdict}",
        ]


def compared(course: Course) -> Difference:
    """Measures a run's result against what it began with, on what neither has seen."""
    if course.start is None:
        raise UsageError("there is nothing to compare with; name a --start")
    held = held_samples(course.material, course.work / "held")
    before = held_psnr(read_network(course.start), held)
    after = held_psnr(read_network(str(course.work / "network.pth")), held)
    return Difference(base_psnr(held), before, after, len(held))
