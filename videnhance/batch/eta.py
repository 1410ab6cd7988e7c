"""How long a batch will take: from what was done, by kind and size of the inputs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import monotonic

from videnhance.batch.inputs import Input, Kind

__all__ = ["Eta"]

_SURE = 0.05
"""Share of a file after which its own pace tells how long it takes."""


@dataclass(slots=True)
class _Pace:
    """What inputs of one kind took."""

    seconds: float = 0.0
    bytes: int = 0
    least_seconds: float = float("inf")
    """Of one input: starting costs, however small it is."""

    def add(self, size: int, seconds: float) -> None:
        self.seconds += seconds
        self.bytes += size
        self.least_seconds = min(self.least_seconds, seconds)

    def seconds_for(self, size: int) -> float:
        return max(size * self.seconds / max(self.bytes, 1), self.least_seconds)


@dataclass(slots=True)
class _Running:
    one: Input
    since: float
    share: float = 0.0
    kept: float = 0.0
    """Share that earlier runs had made."""


@dataclass(slots=True)
class Eta:
    """Follows what runs, and estimates what is left; takes its time from `clock`."""

    jobs: int
    clock: Callable[[], float] = monotonic
    _paces: dict[Kind, _Pace] = field(default_factory=dict)
    _running: dict[str, _Running] = field(default_factory=dict)

    def began(self, one: Input) -> None:
        """An input is begun."""
        self._running[one.relative] = _Running(one, self.clock())

    def advanced(self, one: Input, share: float, kept: float = 0.0) -> None:
        """How much of an input is made; `kept` of it was made by earlier runs."""
        running = self._running[one.relative]
        running.share, running.kept = share, max(kept, running.kept)

    def ended(self, one: Input, whole: bool) -> float:
        """Gives the seconds that an input took; `whole` tells if all of it was made."""
        running = self._running.pop(one.relative)
        seconds = self.clock() - running.since
        if whole and not running.kept:
            self._paces.setdefault(one.kind, _Pace()).add(one.bytes, seconds)
        return seconds

    def paused(self, seconds: float) -> None:
        """For so long all work stood still."""
        for running in self._running.values():
            running.since += seconds

    def seconds_left(self, waiting: Iterable[Input]) -> float | None:
        """Until all is done that runs, and `waiting`; None if nothing tells yet."""
        rests = [self._rest(running) for running in self._running.values()]
        guesses = [self._guess(one) for one in waiting]
        known = [g for g in guesses if g is not None] + [
            r for r in rests if r is not None
        ]
        if not known and (guesses or rests):
            return None
        # What nothing is known of takes as long as the mean of the others.
        mean = sum(known) / max(len(known), 1)
        times = [mean if g is None else g for g in (*guesses, *rests)]
        longest = max((r for r in rests if r is not None), default=0.0)
        return max(sum(times) / self.jobs, longest)

    def _rest(self, running: _Running) -> float | None:
        passed = self.clock() - running.since
        if running.share - running.kept > _SURE:
            rate = (running.share - running.kept) / passed
            return (1 - running.share) / rate
        guess = self._guess(running.one)
        return None if guess is None else max(guess - passed, 0.0)

    def _guess(self, one: Input) -> float | None:
        pace = self._paces.get(one.kind)
        if pace is not None:
            return pace.seconds_for(one.bytes)
        for running in self._running.values():
            made = running.share - running.kept
            if running.one.kind is one.kind and made > _SURE:
                whole = (self.clock() - running.since) / made
                return whole * one.bytes / max(running.one.bytes, 1)
        return None
