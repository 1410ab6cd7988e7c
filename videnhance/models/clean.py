"""`--clean`: from true to the source, by what is usual, to cleaned of its faults.

Three shipped sets of weights stand on the way; what lies between two of them is made of
both, as the model `clean:0.3`.
"""

from videnhance.errors import ModelError
from videnhance.models.blend import blended
from videnhance.models.network import SRVGGNetLightweight
from videnhance.models.weights import read_network

__all__ = ["SETS", "clean_model", "is_between", "network_between"]

SETS = {0.0: "fidelity", 0.5: "default", 1.0: "restore"}
_PREFIX = "clean:"


def clean_model(clean: float) -> str:
    """The model's name for a place from 0 to 1."""
    return SETS.get(clean, f"{_PREFIX}{clean:g}")


def is_between(model: str) -> bool:
    """Whether a model's name is a place between the sets."""
    return model.startswith(_PREFIX)


def network_between(model: str) -> SRVGGNetLightweight:
    """The mixed network of such a name. Raises ModelError if the place is none."""
    words = model.removeprefix(_PREFIX)
    try:
        clean = float(words)
    except ValueError:
        clean = -1.0
    if not 0 <= clean <= 1:
        raise ModelError(f"model {model!r} is unknown; write clean:0 to clean:1")
    return blended({place: read_network(name) for place, name in SETS.items()}, clean)
