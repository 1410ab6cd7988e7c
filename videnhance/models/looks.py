"""`--look` and `--clean`: how the result looks, in a word or a share, and its model.

`--clean` goes from true to the source, by what is usual, to cleaned of its faults.
Three shipped sets of weights stand on the way. What lies between two of them is a
network, too (`between`), as the model `clean:0.3`.
"""

from collections.abc import Mapping

from videnhance.errors import UsageError
from videnhance.models.card import card_names

__all__ = [
    "LOOKS",
    "PREFIX",
    "SETS",
    "clean_model",
    "is_between",
    "look_of",
    "model_of_look",
    "shipped_looks",
]

LOOKS: Mapping[str, str] = {
    "faithful": "default",
    "natural": "natural",
    "crisp": "crisp",
    "drawn": "drawn",
    "clean": "restore",
}
"""By the word of `--look` the model; a word may come before its model is shipped."""
SETS = {0.0: "fidelity", 0.5: "default", 1.0: "restore"}
PREFIX = "clean:"
"""Of the names of models that lie between the sets."""


def shipped_looks() -> list[str]:
    """The looks whose model this package has."""
    there = card_names()
    return [look for look, model in LOOKS.items() if model in there]


def model_of_look(look: str) -> str:
    """The model that makes a look. Raises UsageError if it is not shipped."""
    if look not in (there := shipped_looks()):
        raise UsageError(
            f"--look {look}: this version has no network for it; use "
            f"{', '.join(there)}, or name one of your own by --model"
        )
    return LOOKS[look]


def look_of(model: str) -> str | None:
    """The look that a model makes, if it is that of one."""
    return next((look for look, name in LOOKS.items() if name == model), None)


def clean_model(clean: float) -> str:
    """The model's name for a place from 0 to 1."""
    return SETS.get(clean, f"{PREFIX}{clean:g}")


def is_between(model: str) -> bool:
    """Whether a model's name is a place between the sets."""
    return model.startswith(PREFIX)
