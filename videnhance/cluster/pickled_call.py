"""A task as the scheduler sees it: bytes that only a worker unpacks.

The scheduler loads what stands in tasks: of this package next to nothing, so that it
does not stand still while torch is loaded.
"""

import pickle
from collections.abc import Callable
from typing import Any

__all__ = ["done", "packed"]


def packed(function: Callable[..., Any], *args: object) -> bytes:
    """The call of a function, which `done` makes."""
    return pickle.dumps((function, args))


def done(errand: bytes, sent: bytes | None) -> Any:  # noqa: ANN401 - what it gives
    """Makes the call, with what was sent along as its last argument."""
    function, args = pickle.loads(errand)
    return function(*args, sent)
