"""Other people's networks as a luma residual over our base: to teach, and to export.

SRVGG networks (Real-ESRGAN's "Compact") take RGB and give a picture of 1, 2 or 4 times
the size, as what they add to the nearest pixels. All but the activations is linear, so
the rest is folded exactly: three equal colours in and luma out make the network a luma
one, and the mean of 2 x 2 pixels makes 4 times the size twice the size. By `--model`
they run in colour (`videnhance.models.pictures`).
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from videnhance.errors import ModelError, counted
from videnhance.models.choice import SUFFIXES
from videnhance.models.network import NetworkShape, SRVGGNetLightweight
from videnhance.models.weights import network_of, read_network, read_tensors, shape_of

__all__ = [
    "OverBase",
    "Surround",
    "as_luma",
    "base_phases",
    "convolved",
    "read_residual",
]

_LUMA = (0.299, 0.587, 0.114)
_REACH = 2
"""Pixels to each side that the base looks at."""
# The base's taps (`videnhance.pipeline.resize`), for the first and second of each two.
_TAPS = ((-3.0, 29.0, 111.0, -9.0, 0.0), (0.0, -9.0, 111.0, 29.0, -3.0))
_SUM = 128.0


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
