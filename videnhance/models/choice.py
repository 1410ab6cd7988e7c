"""Which model runs, and how: what is known of it before torch is loaded."""

from dataclasses import dataclass
from pathlib import Path

from videnhance.errors import ModelError
from videnhance.models.card import Card
from videnhance.models.looks import is_between

__all__ = ["SUFFIXES", "Choice", "check_trust", "is_weights", "needs_import"]

SUFFIXES = {".pth", ".pt", ".ckpt", ".safetensors"}
"""Of files of weights. A `.pt` may be TorchScript, too, which is refused by name."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which model, and how it may run."""

    model: str = "default"
    """A shipped name, or the path of a card."""
    precision: str = "auto"
    """`int8`, `float32`, or `auto`: the faster one."""
    device: str = "auto"
    """`cpu`, `cuda`, or `auto`: CUDA if there is one."""
    trusted: bool = False
    """The user vouches for a model that the package does not ship."""


def check_trust(card: Card, choice: Choice) -> None:
    """Raises ModelError for a stranger's model that the user does not vouch for."""
    if not card.shipped and not choice.trusted:
        raise ModelError(
            f"model {card.name} does not come with videnhance, and TorchScript is a "
            "program that can do all that you can; if you trust it, add --trust-model"
        )


def needs_import(model: str) -> bool:
    """Whether `--model` names no card, but what a model is made of at first use."""
    return is_weights(model) or is_between(model)


def is_weights(model: str) -> bool:
    """Whether `--model` names a file of weights."""
    return Path(model).suffix.lower() in SUFFIXES and not is_between(model)
