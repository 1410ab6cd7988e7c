"""Quantization-aware training: the folded network learns to live with its rounding."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from videnhance.models.network import SRVGGNetLightweight
from videnhance.models.program import grids_of
from videnhance.training.data import Samples
from videnhance.training.fake_quant import residual_in_int8
from videnhance.training.recipe import Loss
from videnhance.training.trainer import settled_loss

__all__ = ["Rounding", "rounded"]


@dataclass(frozen=True, slots=True)
class Rounding:
    """How a network is trained to be rounded."""

    steps: int = 2000
    batch: int = 16
    crop: int = 48
    learning_rate: float = 2e-5
    """At the start; it falls to nothing in a straight line."""
    loss: Loss = Loss.LOGARITHM
    """Best that of the end of training: another one undoes some of it."""
    seed: int = 0


def rounded(
    network: SRVGGNetLightweight,
    samples: Samples,
    calibration: Sequence[Tensor],
    step: float,
    how: Rounding,
) -> Iterator[tuple[int, float, SRVGGNetLightweight]]:
    """Yields the step, the loss and the network as it is trained, every 100 steps.

    The loss that is told is the mean squared error in grey levels, whatever falls. The
    ranges of the activations are those of `calibration` and stay; what is deployed is
    calibrated anew.
    """
    made = copy.deepcopy(network.folded())
    grids = grids_of(made, calibration, step)
    layers = range(len(grids))
    optimizer = torch.optim.Adam(made.parameters(), how.learning_rate)
    usable = samples.of_side(how.crop)
    shares = samples.weights(usable)
    losses: list[float] = []
    for number in range(how.steps):
        rng = np.random.default_rng((how.seed, number))
        chosen = rng.choice(usable, how.batch, p=shares)
        inputs, wanted = map(torch.from_numpy, samples.batch(chosen, how.crop, rng))
        for group in optimizer.param_groups:
            group["lr"] = how.learning_rate * (1 - number / how.steps)
        optimizer.zero_grad()
        given = functional.pixel_shuffle(
            residual_in_int8(made, grids, inputs, layers), network.shape.scale
        )
        error = given - wanted
        settled_loss(error, how.loss).backward()
        optimizer.step()
        losses.append(float(error.detach().square().mean()) * 255**2)
        if (number + 1) % 100 == 0 or number + 1 == how.steps:
            yield number + 1, float(np.mean(losses)), made
            losses.clear()
