"""Other engines, where they are installed, and the file that is written for ncnn."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from benchmarks.model_engines import rivals, write_ncnn
from tests.models import network, noise
from videnhance.models.bench import TORCH, Bench
from videnhance.models.network import NetworkShape

SHAPE = NetworkShape(features=8, convs=2)
LIBRARIES = {"ONNX": "onnxruntime", "OpenVINO": "openvino", "ncnn": "ncnn"}


@pytest.mark.parametrize("name", rivals(Path()))
def test_it_gives_the_networks_residual(tmp_path: Path, name: str) -> None:
    needed = {LIBRARIES[name.split()[0]]} | (
        {"onnxruntime"} if "int8" in name else set()
    )
    for library in needed:
        pytest.importorskip(library)
    bench = Bench(network(SHAPE, seed=1), noise(1, 24, 40, 1), 1)
    wanted = TORCH["torch eager float32"](bench)
    ready = rivals(tmp_path)[name](bench)
    found = ready.residual(ready.run())
    error = np.abs(found - wanted.residual(wanted.run()))
    assert found.shape == (1, 1, 48, 80)
    assert error.max() <= (4 if "int8" in name else 0.01)


def test_the_file_for_ncnn_is_a_chain(tmp_path: Path) -> None:
    made = network(SHAPE)
    param, weights = write_ncnn(made, tmp_path / "a")
    lines = param.read_text(encoding="utf-8").splitlines()
    assert lines[:3] == ["7767517", "6 6", "Input in 0 1 x"]
    assert lines[-2].endswith("0=4 1=3 4=1 5=1 6=288 9=0")
    assert lines[-1] == "PixelShuffle shuffle 1 1 c3 residual 0=2"
    count = sum(p.numel() for p in made.parameters())
    assert weights.stat().st_size == 4 * (count + 4)


def test_nothing_is_told_to_the_makers_of_libraries() -> None:
    with pytest.raises(ImportError):
        importlib.import_module("openvino_telemetry")
