"""Packing: the card that is written fits the files beside it."""

from pathlib import Path

from tests.models import REPORT, STEP, TINY, network
from videnhance.models.card import read_card
from videnhance.models.compact import OverBase, as_luma
from videnhance.models.network import NetworkShape
from videnhance.models.packing import facts_of, packed
from videnhance.models.program import float32_script
from videnhance.models.torchscript import loaded


def test_the_card_fits_its_files(tmp_path: Path) -> None:
    made = network(TINY)
    scripts = {"float32": float32_script(made, STEP)}
    facts = {**facts_of(made, STEP), "recipe": "none"}
    card = read_card(packed(tmp_path / "new", "tiny", scripts, facts))
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
    assert facts_of(network(REPORT), STEP)["channels"] == "rgb"
    compact = OverBase(as_luma(network(NetworkShape(3, 4, 2, 1, "prelu"))))
    facts = facts_of(compact, 1.0)
    assert facts["features"] == 4
    # A network that keeps the size is enlarged by the base, which looks further.
    assert (facts["channels"], facts["scale"], facts["halo"]) == ("luma", 2, 6)
