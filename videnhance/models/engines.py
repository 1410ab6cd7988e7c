"""Engines that run the same network: torch in three ways, and others where installed.

Each is given the same frame in the form that it takes, and gives the residual over the
base after the pixel shuffle.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from videnhance.errors import optional
from videnhance.frame import ZERO_CODE, Pixels
from videnhance.models.crops import crops
from videnhance.models.network import SRVGGNetLightweight
from videnhance.models.program import float32_script, int8_script, prefer_int8_engine
from videnhance.models.runtime import shuffled
from videnhance.models.torchscript import deprecated, loaded, quiet_tools, saved

__all__ = ["TORCH", "Bench", "Engine", "Floats", "Ready"]

Floats = npt.NDArray[np.float32]
_STEP = 0.5


@dataclass(frozen=True, slots=True)
class Bench:
    """What an engine is given."""

    network: SRVGGNetLightweight
    """Folded, with ReLU."""
    pixels: Pixels = field(repr=False)
    """N x H x W x C."""
    threads: int
    folder: Path
    """Where files may be put."""

    @property
    def floats(self) -> Floats:
        """The frame as N x C x H x W in [0, 1]."""
        planes = self.pixels.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(planes, np.float32) / np.float32(255)

    @property
    def texture(self) -> list[torch.Tensor]:
        """What is calibrated with: crops of the frame."""
        return crops(list(self.pixels))[:4]

    @property
    def onnx(self) -> Path:
        """The network as an ONNX file, written at first."""
        optional("onnxscript", extra="engines")
        path = self.folder / "network.onnx"
        if path.exists():
            return path
        with deprecated(), quiet_tools():
            torch.onnx.export(
                self.network,
                (torch.rand(1, self.network.shape.channels, 48, 64),),
                path,
                opset_version=18,
                dynamo=True,
                verbose=False,
                external_data=False,
                input_names=["x"],
                dynamic_shapes={"x": {0: "n", 2: "h", 3: "w"}},
            )
        return path

    @property
    def onnx_int8(self) -> Path:
        """The same with weights and activations in 8 bits, written at first."""
        tool = optional("onnxruntime.quantization", extra="engines")
        path = self.folder / "network.int8.onnx"
        if path.exists():
            return path
        batches = _Batches(iter([{"x": batch.numpy()} for batch in self.texture]))
        with quiet_tools():
            tool.quantize_static(
                str(self.onnx),
                str(path),
                batches,
                per_channel=True,
                # Sums stay within 16 bits on processors without VNNI, as ours do.
                reduce_range=not torch.cpu._is_vnni_supported(),
                activation_type=tool.QuantType.QUInt8,
                weight_type=tool.QuantType.QInt8,
            )
        return path


class _Batches:
    """What ONNX Runtime takes its calibration from."""

    def __init__(self, batches: Iterator[dict[str, Floats]]) -> None:
        self._batches = batches

    def get_next(self) -> dict[str, Floats] | None:
        return next(self._batches, None)


@dataclass(frozen=True, slots=True)
class Ready:
    """A network in an engine, with its frame."""

    run: Callable[[], Any] = field(repr=False)
    """Runs it once."""
    residual: Callable[[Any], Floats] = field(repr=False)
    """What `run` gave, in grey levels: N x C x 2H x 2W."""


Engine = Callable[[Bench], Ready]
"""Raises MissingLibraryError if what it needs is not installed."""


def levels(found: Any) -> Floats:  # noqa: ANN401  # whatever the engine calls an array
    """A residual in [-1, 1] in grey levels."""
    return np.asarray(found, np.float32) * np.float32(255)


def _eager(bench: Bench) -> Ready:
    torch.set_num_threads(bench.threads)
    network, x = bench.network.eval(), torch.from_numpy(bench.floats)

    def run() -> torch.Tensor:
        with torch.inference_mode():
            return network(x)  # type: ignore[no-any-return]

    return Ready(run, levels)


def _program(bench: Bench, script: torch.jit.ScriptModule) -> Ready:
    torch.set_num_threads(bench.threads)
    channels = bench.network.shape.channels
    batch = torch.from_numpy(bench.pixels).permute(0, 3, 1, 2)

    def run() -> Pixels:
        with torch.inference_mode():
            codes = script(batch)
        return shuffled(codes.permute(0, 2, 3, 1).numpy(), channels)

    def residual(codes: Pixels) -> Floats:
        planes = codes.transpose(0, 3, 1, 2).astype(np.float32)
        return (planes - ZERO_CODE) * np.float32(_STEP)

    return Ready(run, residual)


def _float32(bench: Bench) -> Ready:
    script = loaded(saved(float32_script(bench.network, _STEP)))
    with deprecated():
        script = torch.jit.optimize_for_inference(torch.jit.freeze(script))
    return _program(bench, script)


def _int8(bench: Bench) -> Ready:
    prefer_int8_engine()
    return _program(bench, int8_script(bench.network, bench.texture, _STEP))


TORCH: dict[str, Engine] = {
    "torch eager float32": _eager,
    "TorchScript float32": _float32,
    "TorchScript int8": _int8,
}
"""By the name in the table."""
