"""Networks between sets of weights that were trained from one start.

Deep network interpolation: Wang et al., 2019, arXiv 1811.10515.
"""

from bisect import bisect_right
from collections.abc import Mapping

import torch

from videnhance.errors import ModelError, UsageError
from videnhance.models.looks import PREFIX, SETS
from videnhance.models.network import SRVGGNetLightweight
from videnhance.models.weights import read_network

__all__ = ["blended", "mixed", "network_between"]


def network_between(model: str) -> SRVGGNetLightweight:
    """The mixed network of such a name. Raises ModelError for another place."""
    try:
        clean = float(model.removeprefix(PREFIX))
    except ValueError:
        clean = -1.0
    if not 0 <= clean <= 1:
        raise ModelError(f"model {model!r} is unknown; write clean:0 to clean:1")
    return blended({place: read_network(name) for place, name in SETS.items()}, clean)


def blended(
    sets: Mapping[float, SRVGGNetLightweight], clean: float
) -> SRVGGNetLightweight:
    """The network at a place between sets, each at its own place.

    Raises UsageError for a place that no two sets enclose.
    """
    places = sorted(sets)
    if not places or not places[0] <= clean <= places[-1]:
        raise UsageError(f"{clean} is not within {places[:1]} to {places[-1:]}")
    after = min(bisect_right(places, clean), len(places) - 1)
    low, high = places[max(after - 1, 0)], places[after]
    if low == high:
        return sets[low].folded().eval()
    return mixed(sets[low], sets[high], (clean - low) / (high - low))


def mixed(
    one: SRVGGNetLightweight, other: SRVGGNetLightweight, share: float
) -> SRVGGNetLightweight:
    """The folded network at `share` of the way, 0 to 1, from one to the other.

    Raises UsageError if their shapes differ or the share is outside of that.
    """
    if one.shape != other.shape:
        raise UsageError(
            f"networks of {one.shape} and {other.shape} cannot be mixed; take two that "
            "were trained from one start"
        )
    if not 0 <= share <= 1:
        raise UsageError(f"a share of {share} is not within 0 to 1")
    made, theirs = one.folded(), other.folded().state_dict()
    with torch.no_grad():
        for name, weights in made.state_dict().items():
            weights.lerp_(theirs[name], share)
    return made.eval()
