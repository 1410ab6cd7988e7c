"""`--look`: one word for how the result looks, and the model that makes it."""

from collections.abc import Mapping

from videnhance.errors import UsageError
from videnhance.models.card import card_names

__all__ = ["LOOKS", "look_of", "model_of_look", "shipped_looks"]

LOOKS: Mapping[str, str] = {
    "faithful": "default",
    "natural": "natural",
    "crisp": "crisp",
    "drawn": "drawn",
    "clean": "restore",
}
"""By the word of `--look` the model; a word may come before its model is shipped."""


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
