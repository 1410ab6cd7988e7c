"""Places between the shipped sets of weights."""

import pytest
import torch

from videnhance.errors import ModelError
from videnhance.models.clean import SETS, clean_model, is_between, network_between
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
