"""Quantization-aware training: the folded network learns to live with its rounding.

The int8 network is simulated in float, on the grids of the program that is deployed.
Gradients pass through the rounding (Jacob et al., 2018, arXiv 1712.05877).
"""

import copy
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from videnhance.models.network import SRVGGNetLightweight
from videnhance.models.program import WEIGHT_MAX, Grid, grids_of, weight_scales
from videnhance.training.data import Samples
from videnhance.training.losses import base_of, settled_loss
from videnhance.training.recipe import Loss

__all__ = ["Rounding", "residual_in_int8", "rounded", "sensitivity"]


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


def residual_in_int8(
    network: SRVGGNetLightweight,
    grids: Sequence[Grid],
    x: Tensor,
    *,
    layers: Collection[int],
) -> Tensor:
    """What a folded ReLU network adds, before the pixel shuffle, with some in int8.

    `layers` are numbers of convolutions, from 0; the others are float.
    """
    convs = [layer for layer in network.body if isinstance(layer, nn.Conv2d)]
    for number, (conv, grid) in enumerate(zip(convs, grids, strict=True)):
        weight = conv.weight
        if number in layers:
            scales = weight_scales(weight)
            zeros = torch.zeros(len(scales), dtype=torch.int32)
            weight = torch.fake_quantize_per_channel_affine(
                weight, scales, zeros, 0, -WEIGHT_MAX - 1, WEIGHT_MAX
            )
        x = functional.conv2d(x, weight, conv.bias, padding=1)
        if number + 1 < len(convs):
            x = functional.relu(x)
        if number in layers:
            x = torch.fake_quantize_per_tensor_affine(x, *grid, 0, 255)
    return x


def sensitivity(
    network: SRVGGNetLightweight, grids: Sequence[Grid], batches: Sequence[Tensor]
) -> Iterator[float]:
    """For each convolution, what it alone in int8 does: PSNR in dB to all float.

    The least is the most sensitive one.
    """
    network.eval()
    with torch.inference_mode():
        exact = [network.body(batch) for batch in batches]
        for number in range(len(grids)):
            errors = []
            for x, wanted in zip(batches, exact, strict=True):
                given = residual_in_int8(network, grids, x, layers={number})
                errors.append(float((given - wanted).square().mean()))
            mean = max(sum(errors) / len(errors), 1e-12)
            yield float(-10 * torch.log10(torch.tensor(mean)))


def rounded(
    network: SRVGGNetLightweight,
    samples: Samples,
    *,
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
    grids = grids_of(made, calibration, step=step)
    layers = range(len(grids))
    optimizer = torch.optim.Adam(made.parameters(), how.learning_rate)
    usable = samples.of_side(how.crop)
    shares = samples.weights(usable)
    losses: list[float] = []
    for number in range(how.steps):
        rng = np.random.default_rng((how.seed, number))
        chosen = rng.choice(usable, how.batch, p=shares)
        paired = how.loss is Loss.LOOK
        batch = samples.batch(chosen, how.crop, rng, paired=paired)
        inputs, wanted = map(torch.from_numpy, batch)
        for group in optimizer.param_groups:
            group["lr"] = how.learning_rate * (1 - number / how.steps)
        optimizer.zero_grad()
        given = residual_in_int8(made, grids, inputs, layers=layers)
        given = functional.pixel_shuffle(given, network.shape.scale)
        loss = settled_loss(given, wanted, loss=how.loss, base=base_of(inputs))
        loss.backward()
        optimizer.step()
        errors = (given.detach() - wanted) * 255
        losses.append(float(errors.square().mean()))
        if (number + 1) % 100 == 0 or number + 1 == how.steps:
            yield number + 1, float(np.mean(losses)), made
            losses.clear()
