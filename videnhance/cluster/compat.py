"""Dask's library, the libraries of machines, and calls as bytes for a worker to unpack.

Light: the scheduler loads what stands in tasks, and must not stand still while torch is
loaded.
"""

import pickle
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from videnhance.errors import ClusterError
from videnhance.system.optional import optional

__all__ = ["call", "check_versions", "load_distributed", "pickled_call", "topic_of"]

_TOPICS = 32


def load_distributed() -> ModuleType:
    """Dask's library, where a cluster is used. Raises MissingLibraryError."""
    failure = "--cluster needs Dask's distributed, which does not load"
    return optional("distributed", extra="cluster", failure=failure)


def topic_of(run: str) -> str:
    """The name under which workers tell of a run, which is a hexadecimal number.

    A scheduler keeps the last words of each name for ever, so runs share a few names;
    under a single one, each of many runs would hear all the others.
    """
    return f"videnhance-{int(run, 16) % _TOPICS}"


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
