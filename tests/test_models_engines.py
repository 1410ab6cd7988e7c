"""Engines: the same network gives the same residual in each."""

from pathlib import Path

import numpy as np
import pytest

from tests.models import network, noise
from videnhance.models.engines import TORCH, Bench
from videnhance.models.network import NetworkShape
from videnhance.models.torchscript import deprecated

SHAPE = NetworkShape(features=8, convs=2)
# A residual code is half a grey level; int8 rounds on the way, too.
BOUNDS = {"torch eager float32": 0.001, "TorchScript float32": 0.26}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A small frame."""
    return Bench(network(SHAPE, seed=1), noise(1, 24, 40, 1), 1, tmp_path)


@pytest.mark.parametrize("name", TORCH)
def test_torch_gives_the_networks_residual(bench: Bench, name: str) -> None:
    with deprecated():
        ready = TORCH[name](bench)
        found = ready.residual(ready.run())
    wanted = TORCH["torch eager float32"](bench)
    error = np.abs(found - wanted.residual(wanted.run()))
    assert found.shape == (1, 1, 48, 80)
    assert error.max() <= BOUNDS.get(name, 2)
    assert found.std() > 0.5


def test_a_frame_is_given_as_floats(bench: Bench) -> None:
    assert bench.floats.shape == (1, 1, 24, 40)
    assert bench.floats[0, 0, 3, 5] == np.float32(bench.pixels[0, 3, 5, 0]) / 255
    assert bench.texture[0].shape == (8, 1, 24, 24)
