"""`model bench`: one table of engines; what is not installed is said."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.models import REPORT, network
from videnhance.cli import app
from videnhance.errors import MissingLibraryError, UsageError
from videnhance.geometry import Size
from videnhance.models import bench, timing
from videnhance.models.bench import Row, benched
from videnhance.models.engines import Bench, Ready
from videnhance.models.weights import write_network


@pytest.fixture(autouse=True)
def _no_warming(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "_WARM_UP_SECONDS", 0.0)


def test_torch_runs_in_three_ways() -> None:
    rows = list(benched("default", Size(48, 32), [1], 2, against=False))
    assert [row.engine for row in rows if isinstance(row, Row)] == [
        "torch eager float32",
        "TorchScript float32",
        "TorchScript int8",
    ]
    assert isinstance(rows[1], Row)
    assert rows[1].largest <= 0.26


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(bench: Bench) -> Ready:
        raise MissingLibraryError("pip install it")

    monkeypatch.setattr(bench, "RIVALS", {"some engine": absent})
    *_, last = benched("default", Size(48, 32), [1], 2, against=True)
    assert last == "some engine: pip install it"


def test_other_activations_are_refused(tmp_path: Path) -> None:
    write_network(network(REPORT), tmp_path / "a.pth")
    with pytest.raises(UsageError, match="has prelu; name one with ReLU"):
        list(benched(str(tmp_path / "a.pth"), Size(48, 32), [1], 2, against=False))


def test_the_command_prints_a_table() -> None:
    line = ["model", "bench", "--size", "48x32", "--runs", "2", "--threads", "1"]
    done = CliRunner().invoke(app, line)
    assert done.exit_code == 0, done.output
    assert done.stdout.count("\n| ") == 4
    assert CliRunner().invoke(app, [*line[:3], "large"]).exit_code == 2
