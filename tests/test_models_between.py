"""Places between sets of weights: the ends are the sets, and between lies the mean."""

import pytest
import torch

from tests.models import TINY, network
from videnhance.errors import ModelError, UsageError
from videnhance.models.between import blended, mixed, network_between
from videnhance.models.looks import SETS, clean_model, is_between
from videnhance.models.network import NetworkShape, SRVGGNetLightweight
from videnhance.models.weights import read_network


def test_the_sets_have_names_and_what_lies_between_a_place() -> None:
    assert [clean_model(place) for place in (0, 0.5, 1)] == [*SETS.values()]
    assert clean_model(0.3) == "clean:0.3"
    assert is_between("clean:0.3")
    assert not is_between("default")


def test_half_of_the_way_is_the_mean_of_both_ends() -> None:
    one, other = (read_network(name).state_dict() for name in ("fidelity", "default"))
    for name, weights in network_between("clean:0.25").state_dict().items():
        torch.testing.assert_close(weights, (one[name] + other[name]) / 2)


def test_all_sets_have_one_shape() -> None:
    assert len({read_network(name).shape for name in SETS.values()}) == 1


@pytest.mark.parametrize(
    "model", ["clean:", "clean:2", "clean:-0.1", "clean:nan", "clean:x"]
)
def test_a_place_that_is_none_is_refused(model: str) -> None:
    with pytest.raises(ModelError, match="clean:0 to clean:1"):
        network_between(model)


MADE = {0.0: network(TINY, 1), 0.5: network(TINY, 2), 1.0: network(TINY, 3)}


def _same(ours: SRVGGNetLightweight, theirs: SRVGGNetLightweight) -> bool:
    pairs = zip(ours.parameters(), theirs.parameters(), strict=True)
    return all(torch.allclose(*pair) for pair in pairs)


@pytest.mark.parametrize("place", MADE)
def test_at_its_place_a_set_is_itself(place: float) -> None:
    assert _same(blended(MADE, place), MADE[place])


@pytest.mark.parametrize(("clean", "low", "share"), [(0.25, 0.0, 0.5), (0.9, 0.5, 0.8)])
def test_between_two_sets_lies_their_mean(
    clean: float, low: float, share: float
) -> None:
    wanted = mixed(MADE[low], MADE[low + 0.5], share)
    assert _same(blended(MADE, clean), wanted)
    first = [next(s.parameters()) for s in (MADE[low], MADE[low + 0.5], wanted)]
    assert torch.allclose(first[2], first[0] * (1 - share) + first[1] * share)


def test_the_sets_stay_as_they_are() -> None:
    before = next(MADE[0.0].parameters()).clone()
    mixed(MADE[0.0], MADE[1.0], 0.5)
    assert torch.equal(next(MADE[0.0].parameters()), before)


def test_training_blocks_are_folded_first() -> None:
    wide = network(TINY, 4, collapsible=True)
    assert _same(mixed(wide, MADE[0.0], 0.0), wide.folded())


def test_what_is_not_between_is_refused() -> None:
    for clean in (-0.1, 1.1):
        with pytest.raises(UsageError, match="is not within"):
            blended(MADE, clean)
    with pytest.raises(UsageError, match="is not within"):
        blended({}, 0.5)
    with pytest.raises(UsageError, match=r"a share of 1\.5"):
        mixed(MADE[0.0], MADE[1.0], 1.5)
    with pytest.raises(UsageError, match="cannot be mixed; take two"):
        mixed(MADE[0.0], network(NetworkShape(features=8, convs=1)), 0.5)
