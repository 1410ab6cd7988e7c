"""Copies of one program, each for one shape of input.

torch keeps the kernel of a quantized convolution at hand for the first shape that the
program sees, and for that one alone (`ConvPrimitiveCache` in its qconv.cpp); for each
other shape it describes all layers to oneDNN anew in each call, which takes up to half
as long as computing a small patch. A copy that sees one shape only is not slowed down.
"""

from threading import Lock

import torch

__all__ = ["Copies"]


class Copies:
    """Gives each shape its own copy, as long as there are any; for several threads."""

    def __init__(self, first: torch.jit.ScriptModule) -> None:
        """`first` serves what comes when the others are taken."""
        self._first = first
        self._free: list[torch.jit.ScriptModule] = []
        self._taken: dict[tuple[int, ...], torch.jit.ScriptModule] = {}
        self._lock = Lock()

    def add(self, copy: torch.jit.ScriptModule) -> None:
        """One more, that has not seen any input yet."""
        self._free.append(copy)

    def of(self, shape: tuple[int, ...]) -> torch.jit.ScriptModule:
        """The copy for this shape."""
        found = self._taken.get(shape)
        if found is not None:
            return found
        with self._lock:
            if shape not in self._taken and self._free:
                self._taken[shape] = self._free.pop()
            return self._taken.get(shape, self._first)
