"""`model bench`: the forms give one residual, in one table; what is missing is said."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tests.models import REPORT, network, noise
from videnhance.cli import app
from videnhance.errors import MissingLibraryError, UsageError
from videnhance.frame.geometry import Size
from videnhance.models import timing
from videnhance.models.bench import TORCH, Bench, Ready, Row, benched
from videnhance.models.network import NetworkShape
from videnhance.models.torchscript import deprecated
from videnhance.models.weights import write_network


@pytest.fixture(autouse=True)
def _no_warming(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "_WARM_UP_SECONDS", 0.0)


def test_torch_runs_in_three_ways() -> None:
    rows = list(benched("default", Size(48, 32), threads=[1], runs=2))
    assert [row.engine for row in rows if isinstance(row, Row)] == [
        "torch eager float32",
        "TorchScript float32",
        "TorchScript int8",
    ]
    assert isinstance(rows[1], Row)
    assert rows[1].largest <= 0.26


def test_what_is_not_installed_is_said() -> None:
    def absent(bench: Bench) -> Ready:
        raise MissingLibraryError("pip install it")

    engines = TORCH | {"some engine": absent}
    size = Size(48, 32)
    *_, last = benched("default", size, threads=[1], runs=2, engines=engines)
    assert last == "some engine: pip install it"


def test_other_activations_are_refused(tmp_path: Path) -> None:
    write_network(network(REPORT), tmp_path / "a.pth")
    with pytest.raises(UsageError, match="has prelu; name one with ReLU"):
        list(benched(str(tmp_path / "a.pth"), Size(48, 32), threads=[1], runs=2))


def test_the_command_prints_a_table() -> None:
    line = ["model", "bench", "--size", "48x32", "--runs", "2", "--threads", "1"]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 0, done.output
    assert done.stdout.count("\n| ") == 4
    assert CliRunner().invoke(app, [*line[:3], "large"]).exit_code == 2


SHAPE = NetworkShape(features=8, convs=2)
# A residual code is half a grey level; int8 rounds on the way, too.
BOUNDS = {"torch eager float32": 0.001, "TorchScript float32": 0.26}


@pytest.fixture
def bench() -> Bench:
    """A small frame."""
    return Bench(network(SHAPE, seed=1), noise(1, 24, 40, 1), 1)


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
