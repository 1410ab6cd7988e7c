"""`--clean`: from true to the source, by what is usual, to cleaned of its faults.

Three shipped sets of weights stand on the way. What lies between two of them is a
network, too (`between`), as the model `clean:0.3`.
"""

__all__ = ["PREFIX", "SETS", "clean_model", "is_between"]

SETS = {0.0: "fidelity", 0.5: "default", 1.0: "restore"}
PREFIX = "clean:"
"""Of the names of models that lie between them."""


def clean_model(clean: float) -> str:
    """The model's name for a place from 0 to 1."""
    return SETS.get(clean, f"{PREFIX}{clean:g}")


def is_between(model: str) -> bool:
    """Whether a model's name is a place between the sets."""
    return model.startswith(PREFIX)
