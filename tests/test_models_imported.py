"""Other people's weights: made a model at first use, kept, never run as programs."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch.nn import functional

from tests.frames import RGB, doubled_exactly, frame_of
from tests.models import TINY, network
from videnhance.errors import ModelError, UsageError
from videnhance.frame import Pixels
from videnhance.models import imported, program
from videnhance.models.card import read_card
from videnhance.models.choice import Choice, needs_import
from videnhance.models.imported import (
    cache_folder,
    calibration_chart,
    channels_of,
    import_model,
    with_card,
)
from videnhance.models.network import NetworkShape
from videnhance.models.pictures import RESIZING_REACH
from videnhance.models.runtime import load
from videnhance.models.weights import sha256_of, write_network
from videnhance.pipeline.enhance import Settings, enhanced
from videnhance.pipeline.report import Report

COMPACT = NetworkShape(3, 6, 2, 2, "prelu")


@pytest.fixture(autouse=True)
def _few_crops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "_BATCHES", 2)
    monkeypatch.setattr(program, "_SIDE", 48)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """A small network in Real-ESRGAN's form."""
    torch.save({"params": network(COMPACT, seed=2).state_dict()}, tmp_path / "a.pth")
    return tmp_path / "a.pth"


def _like_a_torch_run(pixels: Pixels) -> npt.NDArray[np.float32]:
    """The network's picture, as its authors make it."""
    x = torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        large = functional.interpolate(x, scale_factor=2, mode="nearest")
        made = (network(COMPACT, seed=2)(x) + large).clamp(0, 1)[0] * 255
    picture: npt.NDArray[np.float32] = made.permute(1, 2, 0).numpy()
    return picture


@pytest.mark.parametrize(("precision", "most"), [("float32", 1), ("int8", 4)])
def test_it_enlarges_as_its_authors_say(
    weights: Path, tmp_path: Path, precision: str, most: int
) -> None:
    seen = calibration_chart(3)
    card = import_model(str(weights), seen, folder=tmp_path / "cache")
    ready = load(Choice(str(card), precision, "cpu", trusted=True))
    assert (ready.channels, ready.scale) == (3, 2)
    assert ready.halo == COMPACT.halo + RESIZING_REACH
    pixels = seen[1][:40, :52]
    codes = ready(pixels[None])[0].astype(float)
    colours = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    bases = [doubled_exactly(plane) for plane in colours]
    got = np.stack(bases, axis=-1) + (codes - 128) * ready.step
    wanted = _like_a_torch_run(pixels)
    assert np.abs(got - wanted).max() <= most
    assert np.abs(wanted - np.stack(bases, axis=-1)).max() > 10


def test_its_own_picture_comes_out_of_the_pipeline(
    weights: Path, tmp_path: Path
) -> None:
    card = import_model(str(weights), calibration_chart(3), folder=tmp_path / "cache")
    ready = load(Choice(str(card), "float32", "cpu", trusted=True))
    pixels = calibration_chart(3)[0][:70, :90]
    planes = tuple(np.ascontiguousarray(pixels[..., n]) for n in range(3))
    settings = Settings(scale=2, fuse=0, workers=0)
    (made,) = enhanced(iter([frame_of(planes, RGB)]), ready, settings, Report())
    apart = np.stack(made.planes, axis=-1).astype(int) - _like_a_torch_run(pixels)
    assert np.abs(apart).max() <= 1.01  # two roundings


def test_int8_that_would_be_seen_is_left_out_and_said(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imported, "_ALIKE_DB", 100.0)
    card = import_model(str(weights), calibration_chart(3), folder=tmp_path / "cache")
    found = read_card(card)
    assert [*found.files] == ["float32"]
    (note,) = found.notes
    assert re.fullmatch(r"int8 would be \d+ dB from its float32 and is left out", note)
    with pytest.raises(UsageError, match="comes as float32; int8 would be"):
        load(Choice(str(card), "int8", "cpu", trusted=True))


def test_what_is_calibrated_with_has_its_channels(weights: Path) -> None:
    assert channels_of(str(weights)) == 3
    assert channels_of("clean:0.3") == 1
    assert {picture.shape[2] for picture in calibration_chart(3)} == {3}


def test_it_is_made_once_and_named_after_its_source(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = import_model(str(weights), calibration_chart(3), folder=tmp_path / "cache")
    fields = json.loads(card.read_text(encoding="utf-8"))
    assert fields["made_of"] == {"a.pth": sha256_of(weights)}
    monkeypatch.setattr(imported, "_make", None)
    assert (
        import_model(str(weights), calibration_chart(3), folder=tmp_path / "cache")
        == card
    )
    assert [p.name for p in (tmp_path / "cache").iterdir()] == [card.parent.name]


def test_another_clip_or_file_makes_another_model(
    weights: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "cache"
    cards = {import_model(str(weights), calibration_chart(3), folder=folder)}
    cards.add(import_model(str(weights), calibration_chart(3)[:1], folder=folder))
    torch.save({"params": network(COMPACT, seed=3).state_dict()}, weights)
    cards.add(import_model(str(weights), calibration_chart(3), folder=folder))
    assert len(cards) == 3


def test_our_own_weights_are_imported_too(tmp_path: Path) -> None:
    write_network(network(TINY), tmp_path / "ours.pth")
    card = import_model(
        str(tmp_path / "ours.pth"), calibration_chart(), folder=tmp_path / "cache"
    )
    assert load(Choice(str(card), "float32", "cpu", trusted=True)).halo == TINY.halo
    write_network(network(NetworkShape(channels=3)), tmp_path / "rgb.pth")
    with pytest.raises(ModelError, match="is one of our RGB networks; quantize it"):
        import_model(
            str(tmp_path / "rgb.pth"), calibration_chart(), folder=tmp_path / "cache"
        )


def test_a_folder_that_cannot_be_written_is_named(
    weights: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ModelError, match=r"cannot be written: .*XDG_CACHE_HOME"):
        import_model(str(weights), calibration_chart(3), folder=tmp_path / "file")


def test_weights_are_told_by_their_suffix() -> None:
    assert needs_import("a/b.pth")
    assert needs_import("a.safetensors")
    assert not needs_import("default")
    assert not needs_import("models/a.json")


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    variable = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    monkeypatch.setenv(variable, "/some/place")
    assert cache_folder() == Path("/some/place/videnhance/models")
    monkeypatch.delenv(variable)
    assert cache_folder().is_relative_to(Path.home())


def test_many_inputs_share_the_model_that_a_chart_calibrated(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imported, "cache_folder", lambda: tmp_path / "cache")
    choice = with_card(Choice(str(weights)))
    assert choice.trusted
    assert choice.model == str(
        import_model(str(weights), calibration_chart(3), folder=tmp_path / "cache")
    )
    assert (
        with_card(Choice(str(weights)), calibration_chart(3)[:1]).model != choice.model
    )
    assert with_card(Choice("default")) == Choice("default")


def test_what_lies_between_the_sets_is_made_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    choice = with_card(Choice("clean:0.3", "int8", "cpu"))
    card = json.loads(Path(choice.model).read_text(encoding="utf-8"))
    assert card["name"] == "clean-0.3"
    assert len(card["made_of"]) == 3
    ready = load(choice)
    pixels = calibration_chart()[2][:40, :52]
    assert ready(pixels[None]).std() > 0
    assert with_card(Choice("clean:0.31")).model != choice.model
