"""From a trained network to TorchScript that takes uint8 and gives residual codes.

Static int8: weights per output channel, activations by histogram. Weights stay within
+-64, so two products of 8-bit activations fit the 16-bit sums of processors without
VNNI (255 * 64 * 2 < 32768). Sums are the same on every x86 processor; the code of one
that lies between two codes can differ by one.

The pixel shuffle is left to the runtime, where it costs a tenth of torch's.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.ao import quantization

from videnhance.frame import ZERO_CODE
from videnhance.model.network import SRVGGNetLightweight
from videnhance.model.torchscript import deprecated, scripted

__all__ = ["ZERO_CODE", "float32_script", "int8_script"]

_WEIGHT_MAX = 63


class _Float32(nn.Module):
    """uint8 N x C x H x W to residual codes N x 4C x H x W, through float32."""

    def __init__(self, network: SRVGGNetLightweight, step: float) -> None:
        super().__init__()
        self.body = network.body
        self.codes_per_unit = 255.0 / step

    def forward(self, pixels: Tensor) -> Tensor:
        residual = self.body(pixels.to(torch.float32) * (1.0 / 255.0))
        codes = torch.round(residual * self.codes_per_unit) + 128.0
        return codes.clamp(0.0, 255.0).to(torch.uint8)


class _Calibrated(nn.Module):
    """What the quantization tool sees: float in, with a marker for the input."""

    def __init__(self, network: SRVGGNetLightweight) -> None:
        super().__init__()
        self.quant = quantization.QuantStub()
        self.body = network.body

    def forward(self, x: Tensor) -> Tensor:
        return self.body(self.quant(x))  # type: ignore[no-any-return]


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
        quant_min=-_WEIGHT_MAX - 1,
        quant_max=_WEIGHT_MAX,
    )
    return observer


def float32_script(network: SRVGGNetLightweight, step: float) -> torch.jit.ScriptModule:
    """The network as TorchScript; `step` grey levels a residual code."""
    return scripted(_Float32(network, step))


def int8_script(
    network: SRVGGNetLightweight, calibration: Iterable[Tensor], step: float
) -> torch.jit.ScriptModule:
    """The network in static int8 as TorchScript.

    `calibration` holds float batches, N x C x H x W in [0, 1], of what it will see.
    The network must have ReLU: other activations have no fused int8 kernel.
    """
    if network.shape.activation != "relu":
        raise ValueError(f"int8 needs ReLU, the network has {network.shape.activation}")
    with deprecated():
        prepared = _prepared(network, step)
        with torch.no_grad():
            for batch in calibration:
                prepared(batch)
        quantization.convert(prepared, inplace=True)
    return scripted(_Int8(prepared.body))


def _prepared(network: SRVGGNetLightweight, step: float) -> _Calibrated:
    model = _Calibrated(network.folded()).eval()
    last = len(model.body) - 1
    pairs = [[f"body.{n}", f"body.{n + 1}"] for n in range(0, last, 2)]
    quantization.fuse_modules(model, pairs, inplace=True)
    activation = quantization.HistogramObserver.with_args(reduce_range=False)
    configs = {
        "": quantization.QConfig(activation, _weights()),
        "quant": _fixed(1.0 / 255.0, 0),
        f"body.{last}": _fixed(step / 255.0, ZERO_CODE),
    }
    quantization.propagate_qconfig_(model, configs)
    quantization.prepare(model, inplace=True)
    return model
