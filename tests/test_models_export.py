"""Exports: each file is loaded back and does what the network does."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import Tensor
from torch.utils import mobile_optimizer

from tests.models import REPORT, TINY, network
from tests.stills import write_still
from videnhance.cli import app
from videnhance.errors import MissingLibraryError
from videnhance.frame import Pixels
from videnhance.models import export
from videnhance.models.export import EXPORTERS, Written, exported, parity
from videnhance.models.network import NetworkShape
from videnhance.models.weights import write_network
from videnhance.training.measure import by_network, known_stills

NEEDS = {"onnx": "onnxruntime", "executorch": "executorch.runtime"}


@pytest.fixture
def stills(tmp_path: Path) -> Path:
    """Two stills of different size."""
    write_still(tmp_path / "stills" / "a.png", 91, 75, 1)
    write_still(tmp_path / "stills" / "b.png", 60, 64, 2)
    return tmp_path / "stills"


def _seen(stills: Path, channels: int) -> Iterator[tuple[str, Pixels]]:
    return ((still.name, still.seen(channels)) for still in known_stills(stills))


@pytest.mark.parametrize("form", EXPORTERS)
@pytest.mark.parametrize("shape", [TINY, REPORT])
def test_the_file_does_what_the_network_does(
    tmp_path: Path, stills: Path, form: str, shape: NetworkShape
) -> None:
    if form in NEEDS:
        pytest.importorskip(NEEDS[form])
    made = network(shape)
    write_network(made, tmp_path / "a.pth")
    picture, written = exported(
        str(tmp_path / "a.pth"), form, target=tmp_path / "out" / "a"
    )
    assert written.path.suffix == EXPORTERS[form][0]
    rows = list(parity(picture, written, seen=_seen(stills, picture.channels)))
    assert [row.picture for row in rows] == ["a.png", "b.png"]
    assert all(row.largest < 0.01 and row.psnr > 100 for row in rows)
    # And the network's picture is the pipeline's, but for its rounding.
    seen = known_stills(stills)[0].seen(shape.channels)
    x = torch.from_numpy(seen.transpose(2, 0, 1)[None] / np.float32(255))
    large = written.run(x)[0].numpy().transpose(1, 2, 0) * 255
    assert np.abs(large - by_network(made)(seen)).max() < 0.51


def test_other_peoples_networks_are_exported_too(tmp_path: Path, stills: Path) -> None:
    compact = network(NetworkShape(3, 6, 2, 4, "prelu"))
    torch.save({"params": compact.state_dict()}, tmp_path / "a.pth")
    picture, written = exported(
        str(tmp_path / "a.pth"), "mobile", target=tmp_path / "b"
    )
    assert picture.channels == 1
    assert next(parity(picture, written, seen=_seen(stills, 1))).largest < 0.01


def test_what_is_not_optimized_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(script: object) -> object:
        raise RuntimeError("only with XNNPACK. XNNPACK is not enabled. Please build")

    monkeypatch.setattr(mobile_optimizer, "optimize_for_mobile", absent)
    _, written = exported("default", "mobile", target=tmp_path / "a")
    assert "does nothing here: this build of torch has no XNNPACK" in written.notes[0]
    monkeypatch.setattr(mobile_optimizer, "optimize_for_mobile", lambda script: script)
    _, written = exported("default", "mobile", target=tmp_path / "a")
    assert written.notes[0].startswith("optimized for mobile")


def test_a_difference_is_seen(stills: Path) -> None:
    made = network(TINY)
    picture = export.Picture(made.body, 1)

    def wrong(x: Tensor) -> Tensor:
        large: Tensor = picture(x)
        return large + 2 / 255

    written = Written(Path("a"), "none", wrong)
    row = next(parity(picture, written, seen=_seen(stills, 1)))
    assert row.largest == pytest.approx(2, abs=1e-3)
    assert row.psnr == pytest.approx(20 * np.log10(255 / 2), abs=0.01)
    assert "a.png" in row.line()


@pytest.mark.parametrize("form", ["onnx", "executorch"])
def test_a_missing_library_is_named_with_its_extra(
    tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(name: str) -> Callable[[], None]:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr("videnhance.system.optional.import_module", gone)
    with pytest.raises(MissingLibraryError, match=rf"pip install '.\[{form}\]'"):
        exported("default", form, target=tmp_path / "a")


def test_the_command_ends_with_a_table(tmp_path: Path, stills: Path) -> None:
    target = tmp_path / "default.pt"
    line = ["model", "export", "default", "--format", "torchscript"]
    done = CliRunner().invoke(app, [*line, "--to", str(target), "--test", str(stills)])
    assert done.exit_code == 0, done.output
    assert "default.pt, 16" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("b.png")
