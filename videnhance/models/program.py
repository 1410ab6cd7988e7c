"""From a network to a program (TorchScript) that takes uint8 and gives residual codes.

Static int8: weights per output channel, activations by histogram. Weights stay within
+-64, so two products of 8-bit activations fit the 16-bit sums of processors without
VNNI (255 * 64 * 2 < 32768). Sums are the same on every x86 processor. Kernels scale
them in single precision, in one order or another: the code of one that lies halfway
between two can differ by one, which the layers behind it see.

The pixel shuffle is left to the runtime, where it costs a tenth of torch's.
"""

import copy
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.ao import quantization

from videnhance.errors import InputError
from videnhance.frame import ZERO_CODE, Pixels
from videnhance.models.network import NetworkShape, SRVGGNetLightweight
from videnhance.models.torchscript import deprecated, int8_engine, scripted

__all__ = [
    "WEIGHT_MAX",
    "Bodied",
    "Grid",
    "calibration_crops",
    "card_facts",
    "float32_script",
    "grids_of",
    "int8_body",
    "int8_script",
    "prefer_int8_engine",
    "weight_scales",
]

WEIGHT_MAX = 63
"""The largest code of a weight; the least is one further from zero."""

Grid = tuple[float, int]
"""Scale and zero point of a layer's activations, which have 8 bits."""
_BATCHES, _BATCH, _SIDE = 24, 8, 96
"""192 crops to calibrate with, of this side where the pictures are large enough."""
_LEAST = 16


class Bodied(Protocol):
    """A row of convolutions and activations, of a known shape."""

    body: nn.Sequential
    shape: NetworkShape


class _Float32(nn.Module):
    """uint8 N x C x H x W to residual codes N x 4C x H x W, through float32."""

    def __init__(self, residual: nn.Module, step: float) -> None:
        super().__init__()
        self.residual = residual
        self.codes_per_unit = 255.0 / step

    def forward(self, pixels: Tensor) -> Tensor:
        residual = self.residual(pixels.to(torch.float32) * (1.0 / 255.0))
        codes = torch.round(residual * self.codes_per_unit) + 128.0
        return codes.clamp(0.0, 255.0).to(torch.uint8)


class _Calibrated(nn.Module):
    """What the quantization tool sees: float in, with a marker for the input."""

    body: nn.Sequential

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.quant = quantization.QuantStub()
        assert isinstance(body, nn.Sequential)
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        return self.body(self.quant(x))  # type: ignore[no-any-return]


class _Kept(nn.Module):
    """A layer that stays float between two that do not."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.floats = quantization.DeQuantStub()
        self.layer = layer
        self.codes = quantization.QuantStub()

    def forward(self, x: Tensor) -> Tensor:
        return self.codes(self.layer(self.floats(x)))  # type: ignore[no-any-return]


class _Both(nn.Module):
    """The values, and beside them what ReLU leaves of them: twice the channels."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, torch.relu(x)], dim=1)


class _Int8(nn.Module):
    """uint8 N x C x H x W to codes N x 4C x H x W; no float tensor on the way."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, pixels: Tensor) -> Tensor:
        codes = torch._make_per_tensor_quantized_tensor(pixels, 1.0 / 255.0, 0)
        return self.body(codes).int_repr()  # type: ignore[no-any-return]


def _fixed(scale: float, zero: int) -> quantization.QConfig:
    observer = quantization.FixedQParamsObserver.with_args(
        scale=scale, zero_point=zero, dtype=torch.quint8, quant_min=0, quant_max=255
    )
    return quantization.QConfig(activation=observer, weight=_weights())


def _weights() -> type[nn.Module]:
    observer: type[nn.Module] = quantization.PerChannelMinMaxObserver.with_args(
        dtype=torch.qint8,
        qscheme=torch.per_channel_symmetric,
        quant_min=-WEIGHT_MAX - 1,
        quant_max=WEIGHT_MAX,
    )
    return observer


def prefer_int8_engine() -> None:
    """Packs int8 weights for the engine that will run them."""
    torch.backends.quantized.engine = int8_engine()


def weight_scales(weight: Tensor) -> Tensor:
    """The scale of each output channel of a convolution, as it is deployed."""
    observer = _weights()()
    observer(weight.detach())
    scales: Tensor = observer.calculate_qparams()[0]  # type: ignore[operator]
    return scales


def calibration_crops(pictures: Sequence[Pixels]) -> list[Tensor]:
    """Batches of crops, N x C x H x W in [0, 1], at places that are the same each time.

    Raises InputError if no picture is large enough.
    """
    usable = [p for p in pictures if min(p.shape[:2]) >= _LEAST]
    if not usable:
        raise InputError(
            f"no picture to calibrate with is {_LEAST} x {_LEAST} pixels large"
        )
    side = min(_SIDE, *(min(p.shape[:2]) for p in usable))
    rng = np.random.default_rng(5)
    batches = []
    for _ in range(_BATCHES):
        chosen = rng.integers(len(usable), size=_BATCH)
        cut = [_cut(usable[int(n)], side, rng=rng) for n in chosen]
        batch = np.stack(cut).transpose(0, 3, 1, 2).astype(np.float32) / 255
        batches.append(torch.from_numpy(np.ascontiguousarray(batch)))
    return batches


def _cut(picture: Pixels, side: int, *, rng: np.random.Generator) -> Pixels:
    y = int(rng.integers(0, picture.shape[0] - side + 1))
    x = int(rng.integers(0, picture.shape[1] - side + 1))
    return picture[y : y + side, x : x + side]


def _spread_slopes(body: nn.Sequential) -> None:
    """Writes slopes as a x + (1 - a) relu(x), with a in the next convolution.

    Exact. torch's own int8 PReLU multiplies positive values by the slope, too, and no
    slope is fused into an int8 convolution.
    """
    for index in range(1, len(body), 2):
        slope, conv = body[index], body[index + 1]
        assert isinstance(slope, nn.PReLU | nn.LeakyReLU)
        assert isinstance(conv, nn.Conv2d)
        a = torch.full((conv.in_channels,), 0.0)
        a += slope.weight if isinstance(slope, nn.PReLU) else slope.negative_slope
        shares = torch.cat([a, 1 - a]).detach()[:, None, None]
        wide = nn.Conv2d(2 * conv.in_channels, conv.out_channels, 3, padding=1)
        wide.weight = nn.Parameter(conv.weight.detach().repeat(1, 2, 1, 1) * shares)
        wide.bias = conv.bias
        body[index], body[index + 1] = _Both(), wide


def float32_script(network: SRVGGNetLightweight, step: float) -> torch.jit.ScriptModule:
    """The network as a program; `step` grey levels a residual code."""
    return scripted(_Float32(network.body, step))


def int8_script(
    network: SRVGGNetLightweight,
    calibration: Iterable[Tensor],
    *,
    step: float,
    kept: Sequence[int] = (),
) -> torch.jit.ScriptModule:
    """The network in static int8 as a program.

    `calibration` holds float batches, N x C x H x W in [0, 1], of what it will see. The
    convolutions whose numbers are in `kept` stay float. ReLU is fused; with slopes,
    convolutions have twice the inputs.
    """
    with deprecated():
        prepared = _observed(_prepared(network, step, kept=kept), calibration)
        quantization.convert(prepared, inplace=True)
        return scripted(_Int8(prepared.body))


def int8_body(network: Bodied, calibration: Iterable[Tensor]) -> nn.Module:
    """The body of a network that makes pictures, from codes to codes of any range."""
    with deprecated():
        prepared = _observed(_prepared(network, None, kept=()), calibration)
        quantization.convert(prepared, inplace=True)
        return prepared.body


def grids_of(
    network: SRVGGNetLightweight, calibration: Iterable[Tensor], *, step: float
) -> list[Grid]:
    """Scale and zero point after each convolution and its activation, as deployed."""
    found: list[Grid] = []
    with deprecated():
        prepared = _observed(_prepared(network, step, kept=()), calibration)
        for module in prepared.body:
            if isinstance(module, nn.Conv2d | nn.Sequential):
                scale, zero = module.activation_post_process.calculate_qparams()  # type: ignore[union-attr, operator]
                found.append((float(scale), int(zero)))
    return found


def _observed(prepared: _Calibrated, calibration: Iterable[Tensor]) -> _Calibrated:
    with torch.no_grad():
        for batch in calibration:
            prepared(batch)
    return prepared


def _prepared(
    network: Bodied, step: float | None, *, kept: Sequence[int]
) -> _Calibrated:
    """The network with observers; without a `step` its end may have any range."""
    plain = network.folded() if isinstance(network, SRVGGNetLightweight) else network
    model = _Calibrated(copy.deepcopy(plain.body)).eval()
    last = len(model.body) - 1
    if network.shape.activation != "relu":
        _spread_slopes(model.body)
    else:
        pairs = [[f"body.{n}", f"body.{n + 1}"] for n in range(0, last, 2)]
        quantization.fuse_modules(model, pairs, inplace=True)
    activation = quantization.HistogramObserver.with_args(reduce_range=False)
    free = quantization.QConfig(activation, _weights())
    ends = free if step is None else _fixed(step / 255.0, ZERO_CODE)
    configs: dict[str, quantization.QConfig | None] = {
        "": free,
        "quant": _fixed(1.0 / 255.0, 0),
        f"body.{last}": ends,
    }
    for index in range(1, last, 2):
        configs[f"body.{index}"] = None
    for number in kept:
        index = 2 * number
        model.body[index] = _Kept(model.body[index])
        configs[f"body.{index}"] = ends if index == last else free
        configs[f"body.{index}.layer"] = None
    quantization.propagate_qconfig_(model, configs)
    quantization.prepare(model, inplace=True)
    return model


def card_facts(network: SRVGGNetLightweight, step: float) -> dict[str, Any]:
    """What the card says of a network of scale 2: `step` grey levels a code."""
    shape = network.shape
    return {
        "channels": {1: "luma", 3: "rgb"}[shape.channels],
        "scale": 2,
        "halo": shape.halo,
        "features": shape.features,
        "multiple_of": 1,
        "residual_step": step,
    }
