"""The same network in ONNX Runtime, OpenVINO and ncnn, where they are installed."""

import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from videnhance.errors import optional
from videnhance.models.engines import Bench, Engine, Floats, Ready, levels
from videnhance.models.network import SRVGGNetLightweight

__all__ = ["RIVALS", "write_ncnn"]

# Reports to its makers when OpenVINO is loaded, which does as well without: None makes
# its import fail.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


def _onnxruntime(bench: Bench, path: Path) -> Ready:
    library = optional("onnxruntime", extra="engines")
    options = library.SessionOptions()
    options.intra_op_num_threads = bench.threads
    options.inter_op_num_threads = 1
    session = library.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"]
    )
    given = {"x": bench.floats}
    return Ready(lambda: session.run(None, given)[0], levels)


def _openvino(bench: Bench, path: Path) -> Ready:
    core = optional("openvino", extra="engines").Core()
    settings = {"INFERENCE_NUM_THREADS": bench.threads, "PERFORMANCE_HINT": "LATENCY"}
    # Otherwise bfloat16, where the processor has it: another network.
    settings["INFERENCE_PRECISION_HINT"] = "f32"
    model = core.read_model(path)
    model.reshape({"x": list(bench.floats.shape)})
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    given = [bench.floats]
    return Ready(lambda: request.infer(given)[0], levels)


def _ncnn(bench: Bench) -> Ready:
    library = optional("ncnn", extra="engines")
    net = library.Net()
    net.opt.num_threads = bench.threads
    for half in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic"):
        setattr(net.opt, half, False)
    net.opt.use_bf16_storage = False
    param, weights = write_ncnn(bench.network, bench.folder / "network")
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
        return levels(np.stack([np.array(mat) for mat in found]))

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


RIVALS: dict[str, Engine] = {
    "ONNX Runtime float32": lambda bench: _onnxruntime(bench, bench.onnx),
    "ONNX Runtime int8": lambda bench: _onnxruntime(bench, bench.onnx_int8),
    "OpenVINO float32": lambda bench: _openvino(bench, bench.onnx),
    "OpenVINO int8": lambda bench: _openvino(bench, bench.onnx_int8),
    "ncnn float32": _ncnn,
}
"""By the name in the table."""
