"""Networks between networks: sets of weights tuned from one start, mixed.

What lies between two sets that share their beginning is a network, too (deep network
interpolation: Wang et al., 2019, arXiv 1811.10515): from true to the source to clean.
"""

from bisect import bisect_right
from collections.abc import Mapping

import torch

from videnhance.errors import UsageError
from videnhance.models.network import SRVGGNetLightweight

__all__ = ["blended", "mixed"]


def mixed(
    one: SRVGGNetLightweight, other: SRVGGNetLightweight, share: float
) -> SRVGGNetLightweight:
    """The folded network at `share` of the way, 0 to 1, from one to the other.

    Raises UsageError if their shapes differ or the share is no share.
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


def blended(
    sets: Mapping[float, SRVGGNetLightweight], clean: float
) -> SRVGGNetLightweight:
    """The network at a place between sets that stand at places of their own.

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
