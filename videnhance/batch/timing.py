"""When to look at a folder again, when its inputs are whole, and when all are done.

Shared folders give no signs, and watchdog may not be installed: so the folder is looked
at without one, too, and a sign never means more than that it is time to look.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from videnhance.batch.inputs import Input, Kind
from videnhance.errors import InputError, MissingLibraryError
from videnhance.media.stills.series import is_series, series_of
from videnhance.system.optional import optional

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent

__all__ = ["GONE", "Eta", "Settling", "Watch", "version_of"]

GONE = 0, 0
"""The version of an input that is not there any more."""
_WITH_SIGNS, _WITHOUT_SIGNS = 10.0, 3.0
"""Seconds between two looks where nothing happens."""
_PAUSE = 1.0
"""Seconds between two looks, however much happens."""
_SURE = 0.05
"""Share of a file after which its own pace tells how long it takes."""


class Watch:
    """Tells, when it is called, whether it is time to look; use it with `with`."""

    def __init__(self, folder: Path, without: Path) -> None:
        """Changes below `without` are none."""
        self._folder, self._without = folder, without
        self._last = time.monotonic()
        self._signs: _Signs | None = None
        with suppress(MissingLibraryError):
            self._signs = _Signs(folder, without)

    def __enter__(self) -> "Watch":
        if self._signs is not None:
            self._signs.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._signs is not None:
            self._signs.stop()

    @property
    def hears(self) -> bool:
        """Whether the system tells of changes; if not, looking is all there is."""
        return self._signs is not None and self._signs.alive

    def __call__(self) -> bool:
        """Whether it is time to look; then the time counts from now on."""
        passed = time.monotonic() - self._last
        rang = self._signs is not None and self._signs.rang
        if passed < (_PAUSE if rang else _WITH_SIGNS if self.hears else _WITHOUT_SIGNS):
            return False
        self._last = time.monotonic()
        if self._signs is not None:
            self._signs.rang = False
        return True


class _Signs:
    """The system's own word of changes below a folder."""

    def __init__(self, folder: Path, without: Path) -> None:
        self.rang = self.alive = False
        self._folder = os.fspath(folder.resolve())
        self._without = os.path.join(os.fspath(without.resolve()), "")
        self._observer = optional("watchdog.observers").Observer()

    def start(self) -> None:
        handler = optional("watchdog.events").FileSystemEventHandler()
        handler.on_any_event = self._rings
        try:
            self._observer.schedule(handler, self._folder, recursive=True)
            self._observer.start()
        except OSError:
            return  # more folders than the system watches: looking must do
        self.alive = True

    def stop(self) -> None:
        if self.alive:
            self._observer.stop()
            self._observer.join()

    def _rings(self, event: "FileSystemEvent") -> None:
        if event.event_type not in ("opened", "closed_no_write"):
            path = os.path.join(os.fsdecode(event.src_path), "")
            self.rang = self.rang or not path.startswith(self._without)


@dataclass(slots=True)
class Settling:
    """Tells which inputs have rested for some seconds: a copy may be under way."""

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
    clock: Callable[[], float] = time.monotonic
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

    def share_of(self, one: Input, waiting: Sequence[Input]) -> float:
        """Of the time that is left, what an input may take that is about to begin.

        By their bytes, beside what else runs and waits; where they run side by side
        each may take longer.
        """
        running = [r for r in self._running.values() if r.one is not one]
        size = max(one.bytes, 1)
        rest = sum(r.one.bytes * (1 - r.share) for r in running)
        total = size + rest + sum(other.bytes for other in waiting)
        beside = min(self.jobs, 1 + len(running) + len(waiting))
        return min(size * beside / total, 1.0)

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
