"""Inputs that are still being copied: they wait until they change no more."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from videnhance.batch.inputs import Input
from videnhance.errors import InputError
from videnhance.media.stills.series import is_series, series_of

__all__ = ["GONE", "Settling", "version_of"]

GONE = 0, 0
"""The version of an input that is not there any more."""


@dataclass(slots=True)
class Settling:
    """Tells which inputs have rested for some seconds."""

    seconds: float
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time
    _since: dict[str, tuple[tuple[int, int], float]] = field(default_factory=dict)
    """The version that each waiting input was seen in, and when first."""

    @property
    def waiting(self) -> int:
        """Inputs that are not whole yet, as far as is known."""
        return len(self._since)

    @property
    def due(self) -> bool:
        """Whether one of them may have come to rest."""
        now = self.clock()
        return any(now - seen >= self.seconds for _, seen in self._since.values())

    def wait_for(self, one: Input) -> None:
        """Lets an input wait, whatever its time says."""
        self._since[one.relative] = version_of(one), self.clock()

    def settled(self, inputs: Iterable[Input]) -> Iterator[Input]:
        """Those of all inputs without a decision that rest; the others wait."""
        now, before = self.clock(), self._since
        self._since = {}
        for one in inputs:
            version, seen = before.get(one.relative, (None, now))
            rested = version == one.version and now - seen >= self.seconds
            if rested or (version is None and self._is_old(one)):
                yield one
                continue
            same = version == one.version
            self._since[one.relative] = one.version, seen if same else now

    def _is_old(self, one: Input) -> bool:
        """Whether its last change is so long ago that it is whole at the first look.

        One that is to come is from a clock that is wrong: it tells nothing.
        """
        age = self.wall_clock() - one.mtime_ns / 1e9
        return age >= self.seconds


def version_of(one: Input) -> tuple[int, int]:
    """The version that an input has now; GONE if it is not there."""
    try:
        files = series_of(one.path).files if is_series(one.path) else (one.path,)
        found = [Path(file).stat() for file in files]
    except (OSError, InputError):
        return GONE
    return sum(s.st_size for s in found), max(s.st_mtime_ns for s in found)
