"""The SRVGGNetLightweight network: 3x3 convolutions in a row and a pixel shuffle.

It predicts the residual over the base (`pipeline.resize`), never the picture itself.
Training uses the collapsible blocks of SESR (Bhardwaj et al., 2022, arXiv 2103.09404):
a wide linear block that folds exactly into one 3x3 convolution.
"""

import copy
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["PRESETS", "CollapsibleConv", "NetworkShape", "SRVGGNetLightweight"]


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """The numbers that define a network."""

    channels: int = 1
    """Input and output channels: 1 (luma) or 3 (RGB)."""
    features: int = 32
    convs: int = 4
    """3x3 convolutions between the first and the last one."""
    scale: int = 2
    activation: str = "relu"
    """`relu`, `leakyrelu` or `prelu`; only `relu` has a fused int8 kernel."""

    @property
    def halo(self) -> int:
        """Receptive field to each side of a pixel, in input pixels."""
        return self.convs + 2

    @property
    def macs_per_pixel(self) -> int:
        """Multiply-accumulate operations for each input pixel."""
        outside = self.features * self.channels * (1 + self.scale**2)
        return 9 * (outside + self.convs * self.features**2)


class CollapsibleConv(nn.Module):
    """A 3x3 convolution written as expand 3x3, project 1x1 and identity.

    The three linear maps are folded into one kernel at each step, so training costs
    hardly more than the plain convolution, and `folded()` is exact.
    """

    def __init__(self, inputs: int, outputs: int, width: int = 128) -> None:
        super().__init__()
        self.expand = nn.Parameter(torch.empty(width, inputs, 3, 3))
        self.project = nn.Parameter(torch.empty(outputs, width))
        self.bias = nn.Parameter(torch.zeros(outputs))
        nn.init.kaiming_normal_(self.expand, nonlinearity="linear")
        nn.init.kaiming_normal_(self.project, nonlinearity="linear")
        identity = torch.zeros(outputs, inputs, 3, 3)
        if inputs == outputs:
            identity[range(inputs), range(inputs), 1, 1] = 1.0
            # The identity carries the signal at the start; a full-size linear block
            # beside it would double the variance at each layer.
            nn.init.normal_(self.project, std=0.1 / width**0.5)
        self.register_buffer("identity", identity, persistent=False)

    def kernel(self) -> Tensor:
        """The folded weight, outputs x inputs x 3 x 3."""
        linear = torch.einsum("ow,wihk->oihk", self.project, self.expand)
        return linear + self.get_buffer("identity")

    def forward(self, x: Tensor) -> Tensor:
        # A fifth faster than a contiguous kernel beside channels-last input.
        kernel = self.kernel().contiguous(memory_format=torch.channels_last)
        return functional.conv2d(x, kernel, self.bias, padding=1)

    def take(self, conv: nn.Conv2d) -> None:
        """Becomes the same map as a convolution: `project` solves for its kernel.

        Exact, since `expand` has at least as many rows as a kernel has values, or is
        given the values itself.
        """
        wanted = (conv.weight - self.get_buffer("identity")).detach()
        outputs, width = wanted.shape[0], self.expand.shape[0]
        with torch.no_grad():
            flat = self.expand.reshape(width, -1)
            if width < flat.shape[1]:
                # The kernels of the outputs themselves, beside the random ones.
                flat[:outputs] = wanted.reshape(outputs, -1)
                self.project.zero_()
                self.project[:, :outputs] = torch.eye(outputs)
            else:
                solved = torch.linalg.lstsq(flat.T, wanted.reshape(outputs, -1).T)
                self.project.copy_(solved.solution.T)
            if conv.bias is not None:
                self.bias.copy_(conv.bias)

    def folded(self) -> nn.Conv2d:
        """The same map as one plain convolution."""
        kernel = self.kernel()
        conv = nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, padding=1)
        conv.weight = nn.Parameter(kernel.detach().clone())
        conv.bias = nn.Parameter(self.bias.detach().clone())
        return conv


PRESETS = {
    "fast": NetworkShape(features=16, convs=5),
    "default": NetworkShape(),
    "quality": NetworkShape(convs=11),
    "report": NetworkShape(channels=3, activation="prelu"),
}
"""Luma at 12K, 38K and 103K multiplications for each pixel, and the report's RGB."""


def _activation(name: str, features: int) -> nn.Module:
    table: dict[str, nn.Module] = {
        "relu": nn.ReLU(),
        "leakyrelu": nn.LeakyReLU(0.1),
        "prelu": nn.PReLU(features),
    }
    if name not in table:
        raise ValueError(f"activation {name!r} is unknown; use one of {sorted(table)}")
    return table[name]


class SRVGGNetLightweight(nn.Module):
    """N x C x H x W in [0, 1] to the residual, N x C x sH x sW, in the same unit."""

    def __init__(self, shape: NetworkShape, collapsible: bool = False) -> None:
        super().__init__()
        self.shape = shape
        conv = CollapsibleConv if collapsible else _plain_conv
        widths = [shape.channels] + [shape.features] * (shape.convs + 1)
        body: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            body += [conv(inputs, outputs), _activation(shape.activation, outputs)]
        body.append(conv(shape.features, shape.channels * shape.scale**2))
        self.body = nn.Sequential(*body)
        self.shuffle = nn.PixelShuffle(shape.scale)

    def forward(self, x: Tensor) -> Tensor:
        residual: Tensor = self.shuffle(self.body(x))
        return residual

    def folded(self) -> "SRVGGNetLightweight":
        """The same network with plain convolutions, for inference."""
        plain = SRVGGNetLightweight(self.shape)
        for index, layer in enumerate(self.body):
            if isinstance(layer, CollapsibleConv):
                plain.body[index] = layer.folded()
            else:
                plain.body[index] = copy.deepcopy(layer)
        return plain

    def unfolded(self, collapsible: bool = True) -> "SRVGGNetLightweight":
        """The same map, to train on: collapsible blocks around plain convolutions."""
        wide = SRVGGNetLightweight(self.shape, collapsible)
        for ours, theirs in zip(wide.body, self.folded().body, strict=True):
            if isinstance(ours, CollapsibleConv) and isinstance(theirs, nn.Conv2d):
                ours.take(theirs)
            else:
                ours.load_state_dict(theirs.state_dict())
        return wide


def _plain_conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)
