"""Networks that make pictures, as what they add to the base at the size that is wanted.

Other people's networks look like themselves only as they were trained: in colour, once,
at their own factor. What they make is then brought to the wanted size: halved by
bicubic interpolation that does not alias, or doubled by the base. The residual over the
base is what the pipeline moves, keeps and adds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from videnhance.errors import ModelError, printable
from videnhance.models.foreign import base_phases, convolved
from videnhance.models.network import SRVGGNetLightweight
from videnhance.models.program import int8_body
from videnhance.models.torchscript import deprecated, scripted
from videnhance.system.optional import optional

__all__ = [
    "RESIZING_REACH",
    "Compact",
    "Foreign",
    "Sized",
    "float32_program",
    "int8_program",
    "reach_of",
    "read_foreign",
    "traced",
]

FACTORS = (1, 2, 4)
RESIZING_REACH = 3
"""Input pixels to each side that resizing looks at: halved twice, or doubled twice."""
_HALVING = (-3.0, -9.0, 29.0, 111.0, 111.0, 29.0, -9.0, -3.0)
"""Keys' cubic (a = -0.5) stretched to twice its width, times 256."""
_PROBE = 48
"""How far to each side it is looked for what a pixel depends on."""
_SEEN = 1e-4
"""Share of the largest influence below which a pixel counts as not seen."""
_EXAMPLE, _OTHER = (48, 64), (57, 43)
"""Heights and widths that are traced with, and compared at."""


class OverNearest(nn.Module):
    """Adds what a Compact network's last layer gives to the nearest pixels."""

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor, added: Tensor) -> Tensor:
        """N x C x sH x sW, of N x C x H x W and N x s * s * C x H x W."""
        large = functional.pixel_shuffle(added, self.factor)
        return large + functional.interpolate(
            x, scale_factor=float(self.factor), mode="nearest"
        )


class Compact(nn.Module):
    """A network of Real-ESRGAN's Compact family: N x C x H x W in [0, 1] to a picture.

    Raises ModelError for factors and channels that cannot be used.
    """

    def __init__(self, network: SRVGGNetLightweight, name: str = "the network") -> None:
        super().__init__()
        self.shape = network.shape
        _check_kind(name, self.shape.scale, (self.shape.channels,) * 2)
        self.body, self.over = network.body, OverNearest(self.shape.scale)

    def forward(self, x: Tensor) -> Tensor:
        picture: Tensor = self.over(x, self.body(x))
        return picture


class Sized(nn.Module):
    """A picture of `own` times the size, as residual codes at the wanted factor."""

    phases: Tensor
    across: Tensor
    down: Tensor

    def __init__(self, *, channels: int, own: int, step: float) -> None:
        super().__init__()
        self.channels, self.own, self.codes_per_unit = channels, own, 255.0 / step
        self.register_buffer("phases", base_phases().repeat(channels, 1, 1, 1))
        taps = torch.tensor(_HALVING) / sum(_HALVING)
        halving = taps.repeat(channels, 1, 1, 1)
        self.register_buffer("across", halving)
        self.register_buffer("down", halving.transpose(2, 3).contiguous())

    def forward(self, x: Tensor, picture: Tensor, factor: int) -> Tensor:
        """uint8 N x C x sH x sW, of the input in [0, 1] and the picture made of it."""
        codes = self.residual(x, picture, factor) * self.codes_per_unit
        return (torch.round(codes) + 128.0).clamp(0.0, 255.0).to(torch.uint8)

    @torch.jit.export
    def residual(self, x: Tensor, picture: Tensor, factor: int) -> Tensor:
        """What the picture, at `factor` times the size, adds to the base."""
        # As in a file: what is brighter than white is white before it is halved.
        brought, now = picture.clamp(0.0, 1.0), self.own
        while now > factor:
            brought, now = self.halved(brought), now // 2
        while now < factor:
            brought, now = self.doubled(brought), now * 2
        base, now = x, 1
        while now < factor:
            base, now = self.doubled(base), now * 2
        return brought - base

    @torch.jit.export
    def halved(self, x: Tensor) -> Tensor:
        """Half the size: N x C x 2H x 2W to N x C x H x W."""
        padded = functional.pad(x, [3, 3, 3, 3], mode="replicate")
        rows = functional.conv2d(
            padded, self.across, stride=[1, 2], groups=self.channels
        )
        return functional.conv2d(rows, self.down, stride=[2, 1], groups=self.channels)

    @torch.jit.export
    def doubled(self, x: Tensor) -> Tensor:
        """Twice the size, as the base."""
        return functional.pixel_shuffle(convolved(x, self.phases, self.channels), 2)


class _Float32(nn.Module):
    """uint8 N x C x H x W and a factor to residual codes."""

    def __init__(self, network: nn.Module, sized: Sized) -> None:
        super().__init__()
        self.network, self.sized = network, sized

    def forward(self, pixels: Tensor, factor: int) -> Tensor:
        x = pixels.to(torch.float32) * (1.0 / 255.0)
        codes: Tensor = self.sized(x, self.network(x), factor)
        return codes


class _Int8(nn.Module):
    """The same with the body of a Compact network in int8."""

    def __init__(
        self, body: nn.Module, bias: Tensor, over: OverNearest, sized: Sized
    ) -> None:
        super().__init__()
        self.body, self.over, self.sized = body, over, sized
        self.register_buffer("bias", bias)

    def forward(self, pixels: Tensor, factor: int) -> Tensor:
        codes = torch._make_per_tensor_quantized_tensor(pixels, 1.0 / 255.0, 0)
        added = self.body(codes).dequantize() - self.bias
        x = pixels.to(torch.float32) * (1.0 / 255.0)
        found: Tensor = self.sized(x, self.over(x, added), factor)
        return found


def float32_program(network: nn.Module, sized: Sized) -> torch.jit.ScriptModule:
    """The network as a program."""
    return scripted(_Float32(network, sized))


def int8_program(
    network: Compact, sized: Sized, calibration: Sequence[Tensor]
) -> torch.jit.ScriptModule:
    """The same in static int8; `calibration` holds batches, N x C x H x W in [0, 1].

    What rounding moves on average is taken off each output of the last layer (Nagel et
    al., 2019, arXiv 1906.04721): each is one phase of the picture, and phases that are
    a level apart are a grid over it.
    """
    with deprecated(), torch.inference_mode():
        body = int8_body(network, calibration)
        moved = torch.zeros(network.shape.channels * network.shape.scale**2)
        for batch in calibration:
            pixels = (batch * 255).round().to(torch.uint8)
            codes = torch._make_per_tensor_quantized_tensor(pixels, 1.0 / 255.0, 0)
            error = body(codes).dequantize() - network.body(batch)
            moved += error.mean(dim=(0, 2, 3)) / len(calibration)
        bias = moved[:, None, None].clone()
    return scripted(_Int8(body, bias, network.over, sized))


@dataclass(frozen=True, slots=True)
class Foreign:
    """A network of another family, which makes pictures."""

    network: nn.Module
    """N x C x H x W in [0, 1] to N x C x sH x sW."""
    channels: int
    factor: int


def read_foreign(path: Path) -> Foreign:
    """A network that spandrel can read. Raises ModelError or MissingLibraryError."""
    spandrel = optional("spandrel", extra="models")
    try:
        found = spandrel.ModelLoader(device="cpu").load_from_file(str(path))
    except Exception as error:
        # Whatever spandrel or a file that it does not know may raise.
        raise ModelError(
            f"{printable(path)} is of no family that is known here, nor to spandrel: "
            f"{error}"
        ) from error
    ways = found.input_channels, found.output_channels
    _check_kind(printable(path), found.scale, ways)
    if not found.size_requirements.none:
        raise ModelError(
            f"{printable(path)} takes pictures of some sizes only, with "
            f"{found.size_requirements}; use a network of convolutions"
        )
    return Foreign(found.model.eval().float(), ways[0], found.scale)


def _check_kind(name: str, factor: int, ways: tuple[int, int]) -> None:
    if factor not in FACTORS or ways not in ((1, 1), (3, 3)):
        raise ModelError(
            f"{name} enlarges by {factor}, from {ways[0]} to {ways[1]} channels; 1, 2 "
            "or 4 times and 1 or 3 channels can be used"
        )


def reach_of(foreign: Foreign) -> int:
    """How far to each side the network looks, in input pixels; 48 at most."""
    side = 2 * _PROBE + 1
    x = torch.rand(1, foreign.channels, side, side, requires_grad=True)
    factor = foreign.factor
    middle = slice(factor * _PROBE, factor * (_PROBE + 1))
    foreign.network(x)[..., middle, middle].sum().backward()
    assert x.grad is not None
    influence = x.grad[0].abs().sum(0)
    rows, columns = torch.nonzero(influence > _SEEN * influence.max(), as_tuple=True)
    reach = max(int((n - _PROBE).abs().max()) for n in (rows, columns))
    return min(reach, _PROBE)


def traced(foreign: Foreign, name: str) -> torch.jit.ScriptModule:
    """The network as a program. Raises ModelError if it depends on the size."""
    with deprecated(), torch.inference_mode():
        example, other = (
            torch.rand(1, foreign.channels, *size) for size in (_EXAMPLE, _OTHER)
        )
        try:
            script: torch.jit.ScriptModule = torch.jit.trace(foreign.network, example)
            made, wanted = script(other), foreign.network(other)
            same = bool((made - wanted).abs().max() <= 1 / 255)
        except RuntimeError:
            same = False
    if not same:
        raise ModelError(
            f"{printable(name)} does other things to pictures of other sizes, so it "
            "cannot be run in tiles; use a network of convolutions"
        )
    return script
