"""`model test`: every form is loaded and measured, and a picture is enlarged."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from tests.models import network, write_model
from tests.stills import write_still
from videnhance.cli import app
from videnhance.errors import ModelError
from videnhance.frame.geometry import Size
from videnhance.models import timing
from videnhance.models.card import card_names
from videnhance.models.choice import Choice
from videnhance.models.network import NetworkShape
from videnhance.models.test import HEAD, before_after, loaded_forms, speeds
from videnhance.models.timing import SIZES
from videnhance.training.stills import rgb_of


@pytest.fixture(autouse=True)
def _no_warming(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "_WARM_UP_SECONDS", 0.0)


def test_every_form_is_loaded() -> None:
    forms = loaded_forms(Choice())
    assert {form.network.precision for form in forms} == {"int8", "float32"}
    assert all(form.nbytes > 10_000 and len(form.sha256) == 64 for form in forms)
    assert "sha256" in forms[0].line()


def test_a_model_from_elsewhere_must_be_trusted(tmp_path: Path) -> None:
    card = write_model(tmp_path)
    with pytest.raises(ModelError, match="add --trust-model"):
        loaded_forms(Choice(str(card)))
    assert len(loaded_forms(Choice(str(card), trusted=True))) == 1


def test_each_form_is_measured_at_each_size_and_count(tmp_path: Path) -> None:
    forms = loaded_forms(Choice(str(write_model(tmp_path)), trusted=True))
    sizes = [Size(33, 21), Size(16, 16)]
    rows = list(speeds(forms, sizes, [1, 2], 3))
    assert [(row.threads, row.size) for row in rows] == [
        (count, size) for count in (1, 2) for size in sizes
    ]
    assert all(len(row.times.milliseconds) == 3 for row in rows)
    assert "33x21" in rows[0].line()


def test_both_are_drawn_at_the_size_of_the_larger(tmp_path: Path) -> None:
    small = write_still(tmp_path / "a.png", 30, 20, 1)
    large = write_still(tmp_path / "b.png", 60, 40, 1)
    size = before_after(rgb_of(small), rgb_of(large), target=tmp_path / "c.png")
    assert size == Size(60, 40)
    with Image.open(tmp_path / "c.png") as image:
        assert image.size == (128, 40)
        both = np.asarray(image)
    assert np.array_equal(both[:, 68:], rgb_of(large))
    assert np.array_equal(both[1:40:2, 1:60:2], rgb_of(small))


def test_a_wrong_size_is_named(tmp_path: Path) -> None:
    small = write_still(tmp_path / "a.png", 30, 20, 1)
    with pytest.raises(ModelError, match="is 30x20, not twice 30x20"):
        before_after(rgb_of(small), rgb_of(small), target=tmp_path / "c.png")


def test_the_command_enlarges_and_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "SIZES", (Size(16, 12),))
    small = write_still(tmp_path / "a.png", 30, 20, 1)
    large = tmp_path / "b.png"
    line = ["model", "test", "--threads", "1", "--runs", "2", "--image", str(small)]
    done = CliRunner().invoke(app, [*line, "--to", str(large)])
    assert done.exit_code == 0, done.output
    assert "60x40, twice the source" in done.stdout
    assert (tmp_path / "b.before_after.png").exists()
    assert len(done.stdout.split("frames/s\n")[1].splitlines()) == 2
    without = CliRunner().invoke(app, line)
    assert without.exit_code == 2
    assert "give it by --to" in without.stderr


def test_weights_of_others_are_made_a_model_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    weights = tmp_path / "mine.pth"
    torch.save(
        {"params": network(NetworkShape(3, 6, 2, 2, "prelu")).state_dict()}, weights
    )
    words = ["model", "test", str(weights), "--runs", "2", "--threads", "1"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert f"makes a model of {weights}" in done.stderr
    float32, int8, _, head, *rows = done.stdout.split("\n")
    assert float32.startswith("float32")
    assert int8.startswith("int8")
    assert head.split() == HEAD.split()
    assert len([row for row in rows if row]) == 2 * len(SIZES)
    # Columns stand under their heads.
    assert {len(row) for row in rows if row} == {len(head)}


def test_the_list_of_models_is_that_of_the_cards() -> None:
    done = CliRunner().invoke(app, ["model", "list"])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    marked = [line.split()[1] for line in lines if line.startswith("* ")]
    assert marked == ["default", "is"]
    named = {line[2:].split()[0] for line in lines[1:] if line[2:3].isalpha()}
    assert set(card_names()) <= named
    cards = json.loads(CliRunner().invoke(app, ["model", "list", "--json"]).stdout)
    assert [card["name"] for card in cards] == card_names()
    assert all(card["licence"] and card["for"] for card in cards)
