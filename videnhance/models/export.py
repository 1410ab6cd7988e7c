"""`model export`: a network for other programs, as picture in, picture out.

What is exported takes N x C x H x W in [0, 1] (luma, or RGB; no mean, no deviation) and
gives N x C x 2H x 2W in [0, 1]: the base is inside. Each file is loaded back by the
engine that will run it, and compared.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.jit.mobile import _load_for_lite_interpreter
from torch.nn import functional
from torch.utils import mobile_optimizer

from videnhance.errors import printable
from videnhance.frame import Pixels
from videnhance.models.foreign import base_phases, convolved, read_residual
from videnhance.models.torchscript import (
    deprecated,
    loaded,
    quiet_tools,
    saved,
    scripted,
)
from videnhance.system.optional import optional

__all__ = [
    "EXPORTERS",
    "OPSET",
    "Parity",
    "Picture",
    "Written",
    "exported",
    "parity",
    "write_onnx",
]

OPSET = 18
_EXAMPLE = 48, 64
"""Height and width that are traced with; any other does as well."""
_LARGEST = 2048
"""Sides that an ExecuTorch file is planned for."""

Run = Callable[[Tensor], Tensor]


class Picture(nn.Module):
    """A residual and the base: the whole enlargement, from picture to picture."""

    def __init__(self, residual: nn.Module, channels: int) -> None:
        super().__init__()
        self.residual = residual
        self.channels = channels
        self.register_buffer("phases", base_phases().repeat(channels, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        base = convolved(x, self.phases, groups=self.channels)  # type: ignore[arg-type]
        large = functional.pixel_shuffle(self.residual(x) + base, 2)
        return large.clamp(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Written:
    """An exported file, loaded back."""

    path: Path
    engine: str
    """What ran it here."""
    run: Run = field(repr=False)
    notes: tuple[str, ...] = ()
    """What there is to know of it, in words."""


def _torchscript(picture: Picture, path: Path) -> Written:
    data = saved(scripted(picture))
    path.write_bytes(data)
    return Written(path, "torch.jit", loaded(data))


def _mobile(picture: Picture, path: Path) -> Written:
    script, notes = scripted(picture), []
    with deprecated():
        try:
            script = mobile_optimizer.optimize_for_mobile(script)
            notes.append("optimized for mobile: convolutions are XNNPACK's")
        except RuntimeError as error:
            reason = "this build of torch has no XNNPACK"
            if "XNNPACK is not enabled" not in str(error):
                reason = str(error).strip().splitlines()[0]
            notes.append(
                f"optimize_for_mobile does nothing here: {reason}; the file is frozen "
                "and runs, without XNNPACK's kernels"
            )
        script._save_for_lite_interpreter(str(path))
        run: Run = _load_for_lite_interpreter(str(path))
    notes.append("PyTorch Mobile is no longer developed; its successor is ExecuTorch")
    return Written(path, "torch lite interpreter", run, tuple(notes))


def write_onnx(network: nn.Module, channels: int, *, path: Path) -> None:
    """Writes what takes N x C x H x W, `picture`, for any N, H and W."""
    optional("onnxscript", extra="onnx")
    with deprecated(), quiet_tools():
        torch.onnx.export(
            network,
            (torch.rand(1, channels, *_EXAMPLE),),
            path,
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
            external_data=False,
            input_names=["picture"],
            output_names=["enlarged"],
            dynamic_shapes={"x": {0: "count", 2: "height", 3: "width"}},
        )


def _onnx(picture: Picture, path: Path) -> Written:
    library = optional("onnx", extra="onnx")
    runtime = optional("onnxruntime", extra="onnx")
    write_onnx(picture, picture.channels, path=path)
    library.checker.check_model(str(path), full_check=True)
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(x: Tensor) -> Tensor:
        return torch.from_numpy(session.run(None, {"picture": x.numpy()})[0])

    engine = f"ONNX Runtime {runtime.__version__}"
    return Written(path, engine, run, (f"opset {OPSET}",))


def _executorch(picture: Picture, path: Path) -> Written:
    xnnpack = optional(
        "executorch.backends.xnnpack.partition.xnnpack_partitioner", extra="executorch"
    )
    lowering = optional("executorch.exir", extra="executorch")
    runtime = optional("executorch.runtime", extra="executorch").Runtime.get()
    dims = {2: torch.export.Dim("height", min=16, max=_LARGEST)}
    dims[3] = torch.export.Dim("width", min=16, max=_LARGEST)
    example = torch.rand(1, picture.channels, *_EXAMPLE)
    with deprecated():
        program = torch.export.export(picture, (example,), dynamic_shapes={"x": dims})
        edge = lowering.to_edge_transform_and_lower(
            program, partitioner=[xnnpack.XnnpackPartitioner()]
        )
        path.write_bytes(edge.to_executorch().buffer)
    method = runtime.load_program(path).load_method("forward")

    def run(x: Tensor) -> Tensor:
        found: Tensor = method.execute([x.contiguous()])[0]
        return found

    return Written(path, "ExecuTorch with XNNPACK", run)


Exporter = Callable[[Picture, Path], Written]
EXPORTERS: dict[str, tuple[str, Exporter]] = {
    "torchscript": (".pt", _torchscript),
    "onnx": (".onnx", _onnx),
    "mobile": (".ptl", _mobile),
    "executorch": (".pte", _executorch),
}
"""By the word of `--format`: what a file is called, and what writes it."""


@dataclass(frozen=True, slots=True)
class Parity:
    """How a file's picture differs from the network's, in 8-bit levels."""

    picture: str
    largest: float
    psnr: float
    """dB; infinite if equal."""

    def line(self) -> str:
        """As a row of a table."""
        return f"{self.picture:<24} {self.largest:12.6f} {self.psnr:10.2f} dB"


def exported(model: str, form: str, *, target: Path) -> tuple[Picture, Written]:
    """Writes the network in a form to TARGET with its suffix.

    Raises ModelError, or MissingLibraryError if the form needs what is not installed.
    """
    residual = read_residual(model).eval()
    channels = int(next(residual.parameters()).shape[1])
    picture = Picture(residual, channels).eval()
    suffix, write = EXPORTERS[form]
    target.parent.mkdir(parents=True, exist_ok=True)
    return picture, write(picture, target.with_suffix(suffix))


def parity(
    picture: Picture, written: Written, *, seen: Iterable[tuple[str, Pixels]]
) -> Iterator[Parity]:
    """Compares the file with the network on named pictures, H x W x C."""
    for name, pixels in seen:
        planes = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
        x = torch.from_numpy(planes).float() / 255
        with torch.inference_mode():
            error = (written.run(x.clone()) - picture(x)).double() * 255
        mean = float(error.square().mean())
        psnr = float(10 * np.log10(255**2 / mean)) if mean else float("inf")
        yield Parity(printable(name), float(error.abs().max()), psnr)
