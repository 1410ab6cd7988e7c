"""Mixed networks: the ends are the sets themselves, and between them lies the mean."""

import pytest
import torch

from tests.models import TINY, network
from videnhance.errors import UsageError
from videnhance.models.blend import blended, mixed
from videnhance.models.network import NetworkShape, SRVGGNetLightweight

SETS = {0.0: network(TINY, 1), 0.5: network(TINY, 2), 1.0: network(TINY, 3)}


def _same(ours: SRVGGNetLightweight, theirs: SRVGGNetLightweight) -> bool:
    pairs = zip(ours.parameters(), theirs.parameters(), strict=True)
    return all(torch.allclose(*pair) for pair in pairs)


@pytest.mark.parametrize("place", SETS)
def test_at_its_place_a_set_is_itself(place: float) -> None:
    assert _same(blended(SETS, place), SETS[place])


@pytest.mark.parametrize(("clean", "low", "share"), [(0.25, 0.0, 0.5), (0.9, 0.5, 0.8)])
def test_between_two_sets_lies_their_mean(
    clean: float, low: float, share: float
) -> None:
    wanted = mixed(SETS[low], SETS[low + 0.5], share)
    assert _same(blended(SETS, clean), wanted)
    first = [next(s.parameters()) for s in (SETS[low], SETS[low + 0.5], wanted)]
    assert torch.allclose(first[2], first[0] * (1 - share) + first[1] * share)


def test_the_sets_stay_as_they_are() -> None:
    before = next(SETS[0.0].parameters()).clone()
    mixed(SETS[0.0], SETS[1.0], 0.5)
    assert torch.equal(next(SETS[0.0].parameters()), before)


def test_training_blocks_are_folded_first() -> None:
    wide = network(TINY, 4, collapsible=True)
    assert _same(mixed(wide, SETS[0.0], 0.0), wide.folded())


def test_what_is_not_between_is_refused() -> None:
    for clean in (-0.1, 1.1):
        with pytest.raises(UsageError, match="is not within"):
            blended(SETS, clean)
    with pytest.raises(UsageError, match="is not within"):
        blended({}, 0.5)
    with pytest.raises(UsageError, match=r"a share of 1\.5"):
        mixed(SETS[0.0], SETS[1.0], 1.5)
    with pytest.raises(UsageError, match="cannot be mixed; take two"):
        mixed(SETS[0.0], network(NetworkShape(features=8, convs=1)), 0.5)
