"""The int8 network in float: what the rounding of weights and activations does.

The same grids as in the program that is deployed; gradients pass through the rounding,
so a network can be trained with it (Jacob et al., 2018, arXiv 1712.05877).
"""

from collections.abc import Collection, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from videnhance.models.network import SRVGGNetLightweight
from videnhance.models.program import WEIGHT_MAX, Grid, weight_scales

__all__ = ["Layers", "residual_in_int8", "sensitivity"]

Layers = Collection[int]
"""Numbers of convolutions, from 0."""


def residual_in_int8(
    network: SRVGGNetLightweight, grids: Sequence[Grid], x: Tensor, layers: Layers
) -> Tensor:
    """What a folded ReLU network adds, before the pixel shuffle, with some in int8.

    The layers not named are float.
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
            errors = [
                float(
                    (residual_in_int8(network, grids, x, {number}) - y).square().mean()
                )
                for x, y in zip(batches, exact, strict=True)
            ]
            mean = max(sum(errors) / len(errors), 1e-12)
            yield float(-10 * torch.log10(torch.tensor(mean)))
