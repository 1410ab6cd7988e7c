"""Compares the libraries of machines, and makes calls bytes that only a worker unpacks.

Light: the scheduler loads what stands in tasks, and must not stand still while torch is
loaded.
"""

import pickle
from collections.abc import Callable, Mapping
from typing import Any

from videnhance.errors import ClusterError

__all__ = ["call", "check_versions", "pickled_call"]


def pickled_call(function: Callable[..., Any], *args: object) -> bytes:
    """The call of a function, which `call` makes."""
    return pickle.dumps((function, args))


def call(pickled: bytes, sent: bytes | None) -> Any:  # noqa: ANN401 - what it gives
    """Makes the call, with what was sent along as its last argument."""
    function, args = pickle.loads(pickled)
    return function(*args, sent)


def check_versions(
    here: Mapping[str, str], there: Mapping[str, Mapping[str, str]]
) -> None:
    """Raises ClusterError with a table of what differs, if anything does."""
    rows = [
        (machine, library, versions.get(library, "none"), wanted)
        for machine, versions in there.items()
        for library, wanted in here.items()
        if versions.get(library, "none") != wanted
    ]
    if not rows:
        return
    lines = ["machine", "library", "there", "here"], *rows
    widths = [max(len(line[n]) for line in lines) for n in range(4)]
    table = "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True))
        for line in lines
    )
    raise ClusterError(
        "other machines have other versions than this, so their frames could differ: "
        f"install the same everywhere\n{table}"
    )
