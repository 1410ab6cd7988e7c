"""Cards: what ships fits what it promises, and what does not is refused by name."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.models import REPORT, STEP, TINY, edit_card, network, noise, write_model
from tests.sources import ROOT
from videnhance.errors import ModelError
from videnhance.models.card import ASSETS, card_names, find_card, read_card, write_card
from videnhance.models.choice import Choice
from videnhance.models.program import card_facts, float32_script
from videnhance.models.runtime import load
from videnhance.models.torchscript import loaded, saved

FIELDS = (
    "name",
    "channels",
    "scale",
    "halo",
    "multiple_of",
    "residual_step",
    "files",
)


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A good card of a model that does not ship."""
    return write_model(tmp_path)


def test_the_default_model_ships() -> None:
    assert "default" in card_names()
    assert find_card("default").shipped
    assert set(find_card("default").files) == {"int8", "float32"}


@pytest.mark.parametrize("name", card_names())
def test_shipped_cards_match_their_files(name: str) -> None:
    card = find_card(name)
    assert card.name == name
    for precision, (file, _) in card.files.items():
        assert file == f"{name}.{precision}.pt"
        assert card.weights(precision) == (ASSETS / file).read_bytes()


def test_no_file_ships_without_a_card() -> None:
    named = {
        file for name in card_names() for file, _ in find_card(name).files.values()
    }
    assert {path.name for path in ASSETS.glob("*.pt")} == named


@pytest.mark.parametrize("name", card_names())
def test_shipped_cards_have_every_field(name: str) -> None:
    fields = json.loads((ASSETS / f"{name}.json").read_text(encoding="utf-8"))
    assert set(FIELDS) <= set(fields)


@pytest.mark.parametrize("name", card_names())
def test_the_table_of_the_models_is_of_these_cards(name: str) -> None:
    table = (ROOT / "models" / "README.md").read_text(encoding="utf-8")
    fields = json.loads((ASSETS / f"{name}.json").read_text(encoding="utf-8"))
    rows = [line for line in table.splitlines() if line.startswith(f"| `{name}` |")]
    assert len(rows) == 1 + len(fields["files"])
    assert fields["files"]["int8"]["sha256"][:16] in rows[0]
    for precision, row in zip(fields["files"], rows[1:], strict=True):
        for test_set in ("Set5", "Set14", "B100"):
            value = fields["quality"][f"{test_set} x2 PSNR-Y, {precision}"]
            assert f"| {value:.2f} |" in row


@pytest.mark.parametrize("name", card_names())
def test_shipped_networks_see_as_far_as_their_halo_and_no_further(name: str) -> None:
    network = load(Choice(name, "int8", "cpu"))
    graph = network.script.inlined_graph
    convolutions = [n for n in graph.nodes() if "::conv2d" in n.kind()]
    # Each of them is 3x3: one pixel to each side.
    assert network.halo == len(convolutions)
    side, middle = 2 * network.halo + 3, network.halo + 1
    pixels = noise(1, side, side, network.channels)
    changed = pixels.copy()
    changed[:, [0, -1]] ^= 255
    changed[:, :, [0, -1]] ^= 255
    seen = slice(2 * middle, 2 * middle + 2)
    assert np.array_equal(
        network(changed)[:, seen, seen], network(pixels)[:, seen, seen]
    )
    changed[:, middle - 1] ^= 255
    assert not np.array_equal(
        network(changed)[:, seen, seen], network(pixels)[:, seen, seen]
    )


def test_a_card_is_found_by_its_path(card: Path) -> None:
    found = find_card(str(card))
    assert (found.name, found.channels, found.halo, found.shipped) == (
        "tiny",
        1,
        3,
        False,
    )


@pytest.mark.parametrize("name", ["nothing", "", "default.json", "default.txt", "."])
def test_an_unknown_name_lists_the_known(name: str) -> None:
    with pytest.raises(
        ModelError, match=r"is unknown.*; available: .*default.*path of"
    ):
        find_card(name)


@pytest.mark.parametrize("field", FIELDS)
def test_a_missing_field_is_named(card: Path, field: str) -> None:
    with pytest.raises(ModelError, match=rf"is not a model card: KeyError '{field}'"):
        read_card(edit_card(card, {}, field))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"channels": "cmyk"}, "KeyError 'cmyk'"),
        ({"halo": "wide"}, "ValueError"),
        ({"halo": -1}, "card.halo = -1"),
        ({"halo": float("inf")}, "halo|OverflowError"),
        ({"residual_step": 0}, "card.residual_step = 0"),
        ({"residual_step": float("nan")}, "residual_step = nan"),
        ({"residual_step": float("inf")}, "residual_step = inf"),
        ({"scale": 3}, "scale 3"),
        ({"multiple_of": 4}, "multiple_of 4"),
        ({"files": {}}, "0 files make no model"),
        ({"files": ["a.pt"]}, "AttributeError"),
        ({"files": {"int8": "a.pt"}}, "TypeError"),
        ({"files": {"int8": {"file": "a.pt"}}}, "KeyError 'sha256'"),
    ],
)
def test_a_wrong_field_is_named(
    card: Path, fields: dict[str, object], words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        read_card(edit_card(card, fields))


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '"card"', "\x00", "null"])
def test_what_is_no_card_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"is not a model card: .*models/README"):
        read_card(path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ModelError, match="UnicodeDecodeError"):
        read_card(path)


def test_weights_lie_beside_their_card(card: Path, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}.pt"
    outside.write_bytes((tmp_path / "tiny.float32.pt").read_bytes())
    sha256 = find_card(str(card)).files["float32"][1]
    files = {"float32": {"file": f"../{outside.name}", "sha256": sha256}}
    with pytest.raises(ModelError, match="put the file beside its card"):
        read_card(edit_card(card, {"files": files})).weights("float32")


def test_missing_weights_are_named(card: Path, tmp_path: Path) -> None:
    (tmp_path / "tiny.float32.pt").unlink()
    with pytest.raises(ModelError, match=r"cannot read .*tiny\.float32\.pt: No such"):
        find_card(str(card)).weights("float32")


def test_one_changed_bit_of_the_weights_is_noticed(card: Path, tmp_path: Path) -> None:
    weights = tmp_path / "tiny.float32.pt"
    changed = bytearray(weights.read_bytes())
    changed[-1] ^= 1
    weights.write_bytes(changed)
    with pytest.raises(ModelError, match=r"sha256 [0-9a-f]{12}\.\.\., not"):
        find_card(str(card)).weights("float32")


def test_the_card_fits_its_files(tmp_path: Path) -> None:
    made = network(TINY)
    programs = {"float32": saved(float32_script(made, STEP))}
    facts = {**card_facts(made, STEP), "recipe": "none"}
    card = read_card(
        write_card(tmp_path / "new", "tiny", programs=programs, facts=facts)
    )
    assert (card.name, card.channels, card.halo, card.residual_step) == (
        "tiny",
        1,
        TINY.halo,
        STEP,
    )
    loaded(card.weights("float32"))
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["tiny.float32.pt", "tiny.json"]


def test_facts_are_those_of_the_network() -> None:
    assert card_facts(network(REPORT), STEP)["channels"] == "rgb"
    facts = card_facts(network(TINY), 1.0)
    assert facts["features"] == 4
    assert (facts["channels"], facts["scale"]) == ("luma", 2)
    assert facts["halo"] == TINY.halo
