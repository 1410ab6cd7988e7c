"""Other people's networks as a residual over our base.

SRVGG networks (Real-ESRGAN's "Compact") take RGB and give a picture of 1, 2 or 4 times
the size, as what they add to the nearest pixels. All but the activations is linear, so
the rest is folded exactly: three equal colours in and luma out make the network a luma
one, and the mean of 2 x 2 pixels makes 4 times the size twice the size.

Networks of other families are read by spandrel, where it is installed, and run as what
they do to a grey picture, in float32: traced, and compared with themselves at another
size.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from videnhance.errors import ModelError, counted, printable
from videnhance.frame import ZERO_CODE
from videnhance.models.network import NetworkShape, SRVGGNetLightweight
from videnhance.models.torchscript import deprecated
from videnhance.models.weights import (
    SUFFIXES,
    network_of,
    read_network,
    read_tensors,
    shape_of,
)
from videnhance.system.optional import optional

__all__ = [
    "Grey",
    "OverBase",
    "Surround",
    "as_luma",
    "base_phases",
    "convolved",
    "halo_of",
    "read_foreign",
    "read_residual",
    "traced",
]

_LUMA = (0.299, 0.587, 0.114)
_REACH = 2
"""Pixels to each side that the base looks at."""
# The base's taps (`videnhance.pipeline.resize`), for the first and second of each two.
_TAPS = ((-3.0, 29.0, 111.0, -9.0, 0.0), (0.0, -9.0, 111.0, 29.0, -3.0))
_SUM = 128.0
_PROBE = 48
"""How far to each side it is looked for what a pixel depends on."""
_SEEN = 1e-4
"""Share of the largest influence below which a pixel counts as not seen."""
_EXAMPLE, _OTHER = (48, 64), (57, 43)
"""Heights and widths that are traced with, and compared at."""


def _luma_weights(channels: int) -> Tensor:
    return torch.tensor(_LUMA if channels == 3 else (1.0,))


def as_luma(network: SRVGGNetLightweight) -> SRVGGNetLightweight:
    """The luma network that does to a grey picture what an RGB network does.

    A scale of 4 becomes 2, by the mean. Raises ModelError for other channels or scales.
    """
    shape = network.shape
    if shape.channels not in (1, 3) or shape.scale not in (1, 2, 4):
        raise ModelError(
            f"the network has {counted(shape.channels, 'channel')} and enlarges by "
            f"{shape.scale}; 1 or 3 channels and a scale of 1, 2 or 4 can be used"
        )
    scale = min(shape.scale, 2)
    wanted = NetworkShape(1, shape.features, shape.convs, scale, shape.activation)
    made = SRVGGNetLightweight(wanted)
    state = {k: v.detach().clone() for k, v in network.state_dict().items()}
    state["body.0.weight"] = state["body.0.weight"].sum(dim=1, keepdim=True)
    last = f"body.{len(network.body) - 1}"
    for name in (f"{last}.weight", f"{last}.bias"):
        state[name] = _luma_rows(state[name], shape)
    made.load_state_dict(state)
    return made.eval()


def _luma_rows(rows: Tensor, shape: NetworkShape) -> Tensor:
    """The outputs (colour x phase) of the last convolution as phases of luma."""
    phases = rows.reshape(shape.channels, shape.scale, shape.scale, *rows.shape[1:])
    luma = torch.tensordot(_luma_weights(shape.channels).to(rows), phases, dims=1)
    if shape.scale == 4:
        luma = luma.unflatten(1, (2, 2)).unflatten(0, (2, 2)).mean(dim=(1, 3))
    joined: Tensor = luma.reshape(-1, *rows.shape[1:])
    return joined


def base_phases() -> Tensor:
    """The base as a convolution: 4 x 1 x 5 x 5, one kernel for each phase."""
    taps = torch.tensor(_TAPS) / _SUM
    return torch.einsum("iy,jx->ijyx", taps, taps).reshape(4, 1, 5, 5)


def convolved(x: Tensor, phases: Tensor, groups: int = 1) -> Tensor:
    """Phases of N x C x H x W before the pixel shuffle; edges repeat."""
    # TorchScript compiles this, and takes no keyword-only parameter with a default.
    padded = functional.pad(x, [2, 2, 2, 2], mode="replicate")
    return functional.conv2d(padded, phases, groups=groups)


class Surround(nn.Module):
    """What is linear around a luma network of scale 1 or 2 that makes pictures.

    From the input, N x 1 x H x W, and what the network's last layer gives, to the
    residual over the base before the pixel shuffle, N x 4 x H x W.
    """

    def __init__(self, doubles: bool) -> None:
        super().__init__()
        self.doubles = doubles
        phases = base_phases()
        if doubles:
            nearest = torch.zeros_like(phases)
            nearest[:, :, _REACH, _REACH] = 1.0
            phases = nearest - phases
        self.register_buffer("phases", phases)

    def forward(self, x: Tensor, added: Tensor) -> Tensor:
        linear = convolved(x if self.doubles else added, self.phases)  # type: ignore[arg-type]
        return added + linear if self.doubles else linear


class OverBase(nn.Module):
    """What a luma network that makes pictures adds to our base.

    N x 1 x H x W in [0, 1] to the residual before the pixel shuffle, N x 4 x H x W.
    """

    def __init__(self, network: SRVGGNetLightweight) -> None:
        super().__init__()
        self.body = network.body
        self.shape = network.shape
        self.frame = Surround(network.shape.scale == 2)
        # What the network looks at, and beyond it the base, in input pixels.
        self.halo = network.shape.halo + (0 if self.frame.doubles else _REACH)

    def forward(self, x: Tensor) -> Tensor:
        residual: Tensor = self.frame(x, self.body(x))
        return residual


def read_residual(name_or_path: str) -> nn.Module:
    """What a model adds to the base before the pixel shuffle: ours, or a Compact's.

    N x C x H x W in [0, 1] to N x 4C x H x W. Raises ModelError.
    """
    path = Path(name_or_path)
    if path.suffix in SUFFIXES:
        tensors, about = read_tensors(path)
        if about.get("adds_to") != "bicubic":
            return OverBase(as_luma(network_of(tensors, shape_of(tensors, path))))
    return read_network(name_or_path).body


class Grey(nn.Module):
    """uint8 N x 1 x H x W to residual codes over the base, N x 1 x 2H x 2W."""

    def __init__(
        self, network: nn.Module, *, channels: int, scale: int, step: float
    ) -> None:
        super().__init__()
        self.network = network
        self.channels = channels
        self.scale = scale
        self.codes_per_unit = 255.0 / step
        self.register_buffer("phases", base_phases())
        self.register_buffer("luma", _luma_weights(channels)[:, None, None])

    def forward(self, pixels: Tensor) -> Tensor:
        codes = self.residual(pixels.float() / 255) * self.codes_per_unit
        return (codes.round() + ZERO_CODE).clamp(0, 255).to(torch.uint8)

    def residual(self, x: Tensor) -> Tensor:
        """N x 1 x H x W in [0, 1] to what is added to the base."""
        made = self.network(x.expand(-1, self.channels, -1, -1))
        luma = (made * self.luma).sum(1, keepdim=True)
        if self.scale == 1:
            return self._doubled(luma - x)
        large = functional.avg_pool2d(luma, 2) if self.scale == 4 else luma
        return large - self._doubled(x)

    def _doubled(self, x: Tensor) -> Tensor:
        return functional.pixel_shuffle(convolved(x, self.phases), 2)  # type: ignore[arg-type]


def read_foreign(path: Path, step: float) -> Grey:
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
    needs = found.size_requirements
    ways = found.input_channels, found.output_channels
    if found.scale not in (1, 2, 4) or ways not in ((1, 1), (3, 3)) or not needs.none:
        raise ModelError(
            f"{printable(path)} enlarges by {found.scale}, from {ways[0]} to {ways[1]} "
            f"channels, with {needs}; 1, 2 or 4 times, 1 or 3 channels and any size of "
            "picture can be used"
        )
    network = found.model.eval().float()
    return Grey(network, channels=ways[0], scale=found.scale, step=step).eval()


def halo_of(grey: Grey) -> int:
    """How far to each side the network looks, in input pixels; 48 at most."""
    side = 2 * _PROBE + 1
    x = torch.rand(1, 1, side, side, requires_grad=True)
    middle = slice(2 * _PROBE, 2 * _PROBE + 2)
    grey.residual(x)[..., middle, middle].sum().backward()
    assert x.grad is not None
    influence = x.grad[0, 0].abs()
    rows, columns = torch.nonzero(influence > _SEEN * influence.max(), as_tuple=True)
    reach = max(int((n - _PROBE).abs().max()) for n in (rows, columns))
    return min(reach, _PROBE)


def traced(grey: Grey, name: str) -> torch.jit.ScriptModule:
    """The network as a program. Raises ModelError if it depends on the size."""
    with deprecated(), torch.inference_mode():
        example = torch.randint(0, 256, (1, 1, *_EXAMPLE), dtype=torch.uint8)
        other = torch.randint(0, 256, (1, 1, *_OTHER), dtype=torch.uint8)
        try:
            script: torch.jit.ScriptModule = torch.jit.trace(grey, example)
            same = bool((script(other).int() - grey(other).int()).abs().max() <= 1)
        except RuntimeError:
            same = False
    if not same:
        raise ModelError(
            f"{printable(name)} does other things to pictures of other sizes, so it "
            "cannot be run in tiles; use a network of convolutions"
        )
    return script
