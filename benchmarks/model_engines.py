#!/usr/bin/env python3
"""Compares engines on one frame: torch in its ways, ONNX Runtime, OpenVINO and ncnn.

    pip install onnx onnxscript onnxruntime openvino ncnn
    benchmarks/model_engines.py [MODEL] [--size 640x360] [--threads N] [--runs 9]

Prints the table of `videnhance model bench` with rows for those that are installed.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from videnhance.frame.geometry import size_of
from videnhance.models.bench import (
    HEAD,
    TORCH,
    Bench,
    Engine,
    Floats,
    Ready,
    Row,
    benched,
)
from videnhance.models.export import write_onnx
from videnhance.models.network import SRVGGNetLightweight
from videnhance.models.torchscript import quiet_tools
from videnhance.system.optional import optional
from videnhance.system.processor import processor_name
from videnhance.system.threads import available_cores

# Reports to its makers when OpenVINO is loaded, which does as well without: None makes
# its import fail.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


def rivals(folder: Path) -> dict[str, Engine]:
    """Other engines by the name in the table; they write their files to the folder."""
    return {
        "ONNX Runtime float32": lambda bench: _onnxruntime(bench, _onnx(bench, folder)),
        "ONNX Runtime int8": lambda bench: _onnxruntime(bench, _int8(bench, folder)),
        "OpenVINO float32": lambda bench: _openvino(bench, _onnx(bench, folder)),
        "OpenVINO int8": lambda bench: _openvino(bench, _int8(bench, folder)),
        "ncnn float32": lambda bench: _ncnn(bench, folder),
    }


def _engine(name: str) -> ModuleType:
    return optional(name, remedy=f"pip install {name.partition('.')[0]}")


def _onnx(bench: Bench, folder: Path) -> Path:
    """The network as an ONNX file, written at first."""
    path = folder / "network.onnx"
    if not path.exists():
        write_onnx(bench.network, bench.network.shape.channels, path=path)
    return path


class _Batches:
    """What ONNX Runtime takes its calibration from."""

    def __init__(self, batches: Iterator[dict[str, Floats]]) -> None:
        self._batches = batches

    def get_next(self) -> dict[str, Floats] | None:
        return next(self._batches, None)


def _int8(bench: Bench, folder: Path) -> Path:
    """The same with weights and activations in 8 bits, written at first."""
    tool = _engine("onnxruntime.quantization")
    path = folder / "network.int8.onnx"
    if path.exists():
        return path
    batches = _Batches(iter([{"picture": batch.numpy()} for batch in bench.texture]))
    with quiet_tools():
        tool.quantize_static(
            str(_onnx(bench, folder)),
            str(path),
            batches,
            per_channel=True,
            # Sums stay within 16 bits on processors without VNNI, as ours do.
            reduce_range=not torch.cpu._is_vnni_supported(),
            activation_type=tool.QuantType.QUInt8,
            weight_type=tool.QuantType.QInt8,
        )
    return path


def _onnxruntime(bench: Bench, path: Path) -> Ready:
    library = _engine("onnxruntime")
    options = library.SessionOptions()
    options.intra_op_num_threads = bench.threads
    options.inter_op_num_threads = 1
    session = library.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"]
    )
    given = {"picture": bench.floats}
    return Ready(lambda: session.run(None, given)[0])


def _openvino(bench: Bench, path: Path) -> Ready:
    core = _engine("openvino").Core()
    settings = {"INFERENCE_NUM_THREADS": bench.threads, "PERFORMANCE_HINT": "LATENCY"}
    # Otherwise bfloat16, where the processor has it: another network.
    settings["INFERENCE_PRECISION_HINT"] = "f32"
    model = core.read_model(path)
    model.reshape({"picture": list(bench.floats.shape)})
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    given = [bench.floats]
    return Ready(lambda: request.infer(given)[0])


def _ncnn(bench: Bench, folder: Path) -> Ready:
    library = _engine("ncnn")
    net = library.Net()
    net.opt.num_threads = bench.threads
    for half in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic"):
        setattr(net.opt, half, False)
    net.opt.use_bf16_storage = False
    param, weights = write_ncnn(bench.network, folder / "network")
    net.load_param(str(param))
    net.load_model(str(weights))
    # Copies: ncnn does not hold on to the array that it is given.
    frames = [library.Mat(frame).clone() for frame in bench.floats]

    def run() -> list[Any]:
        found = []
        for frame in frames:
            extractor = net.create_extractor()
            extractor.input("x", frame)
            found.append(extractor.extract("residual")[1])
        return found

    def residual(found: list[Any]) -> Floats:
        return np.stack([np.array(mat, np.float32) for mat in found]) * np.float32(255)

    return Ready(run, residual)


def write_ncnn(network: SRVGGNetLightweight, path: Path) -> tuple[Path, Path]:
    """Writes the network as ncnn's `.param` and `.bin`: a chain of convolutions."""
    convs = [layer for layer in network.body if isinstance(layer, nn.Conv2d)]
    names = ["x", *(f"c{n}" for n in range(len(convs))), "residual"]
    lines = ["Input in 0 1 x"]
    for (conv, last), (before, after) in zip(
        _marked(convs), pairwise(names[:-1]), strict=True
    ):
        size = conv.weight.numel()
        lines.append(
            f"Convolution {after} 1 1 {before} {after} 0={conv.out_channels} 1=3 4=1 "
            f"5=1 6={size} 9={0 if last else 1}"
        )
    lines.append(
        f"PixelShuffle shuffle 1 1 {names[-2]} residual 0={network.shape.scale}"
    )
    head = ["7767517", f"{len(lines)} {len(lines)}"]
    param, weights = path.with_suffix(".param"), path.with_suffix(".bin")
    param.write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")
    with weights.open("wb") as file:
        for conv in convs:
            # The flag says that float32 values follow.
            file.write(np.zeros(1, np.uint32).tobytes())
            for values in (conv.weight, conv.bias):
                assert values is not None
                file.write(values.detach().numpy().astype("<f4").tobytes())
    return param, weights


def _marked(convs: list[nn.Conv2d]) -> Iterator[tuple[nn.Conv2d, bool]]:
    for conv in convs:
        yield conv, conv is convs[-1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", nargs="?", default="default")
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    print(f"{processor_name()}, {options.size}\n\n{HEAD}", flush=True)
    size, threads = size_of(options.size, "--size"), range(1, options.threads + 1)
    with tempfile.TemporaryDirectory() as folder:
        engines = TORCH | rivals(Path(folder))
        for row in benched(
            options.model, size, threads=threads, runs=options.runs, engines=engines
        ):
            if isinstance(row, Row):
                print(row.line(), flush=True)
            else:
                print(row, file=sys.stderr)


if __name__ == "__main__":
    main()
