"""Statistics of a running window: rates, delay, dropped frames."""

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, chain
from statistics import median, quantiles
from typing import Any

import numpy as np

from videnhance.live.engine import Result
from videnhance.pipeline.plan import Fill

__all__ = ["Measured", "Stats"]

_WINDOW = 300
"""Frames that delays and shares are told of: ten seconds at 30 a second."""
_RATE_WINDOW = 61
_FEW = 5
"""Frames that tell no rate."""
_HISTORY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of the last ten seconds; rates are in frames a second."""

    source_rate: float
    output_rate: float
    delay: float
    """Seconds from capture to screen, the median."""
    delay_95: float
    """Seconds that 19 of 20 frames stay below."""
    shown: int
    dropped: int
    """Frames of the source that were not shown, since the start."""
    shares: dict[str, float]
    """Of cells, by where their residual came from."""

    def as_json(self) -> dict[str, Any]:
        """As plain values, delays in milliseconds."""
        return {
            "source_fps": round(self.source_rate, 2),
            "output_fps": round(self.output_rate, 2),
            "delay_ms": round(1000 * self.delay, 1),
            "delay_p95_ms": round(1000 * self.delay_95, 1),
            "dropped": self.dropped,
            "cells": {name: round(share, 4) for name, share in self.shares.items()},
        }


@dataclass(slots=True)
class Stats:
    """Notes each frame that is shown; `clock` is that of the captures."""

    clock: Callable[[], float] = time.monotonic
    shown: int = 0
    dropped: int = 0
    delays: deque[float] = field(default_factory=partial(deque, maxlen=_WINDOW))
    _all: Counter[int] = field(default_factory=Counter)
    """Frames by their delay in whole milliseconds, since the start."""
    _made: Counter[int] = field(default_factory=Counter)
    """Cells by where their residual came from, since the start."""
    _scales: Counter[int] = field(default_factory=Counter)
    """Frames by how many times they were enlarged."""
    _run: int = -1
    _known: tuple[float, float] = (0.0, 0.0)
    """The rates of the last time that there were enough frames to tell."""
    _began: float | None = None
    _history: list[tuple[float, Measured]] = field(default_factory=list)
    """A reading every ten seconds: when, and what it said."""
    _times: deque[tuple[float, float, int]] = field(
        default_factory=partial(deque, maxlen=_RATE_WINDOW)
    )
    """When it was shown, when it was captured, and its number."""
    _cells: deque[Counter[int]] = field(default_factory=partial(deque, maxlen=_WINDOW))

    def note(self, result: Result) -> None:
        """A result is on the screen now."""
        now, capture = self.clock(), result.capture
        if capture.again:
            return
        delay = now - capture.captured
        if capture.run != self._run:
            self._run = capture.run
            self._times.clear()
        if self._times:
            self.dropped += max(capture.number - self._times[-1][2] - 1, 0)
        self.shown += 1
        self.delays.append(delay)
        self._times.append((now, capture.captured, capture.number))
        fills = (done.fills.ravel().tolist() for done in result.passes)
        cells = Counter(chain.from_iterable(fills))
        self._cells.append(cells)
        self._made += cells
        self._scales[result.scale] += 1
        self._all[round(1000 * delay)] += 1
        self._began = now if self._began is None else self._began
        if now - self._began >= _HISTORY_SECONDS * (len(self._history) + 1):
            self._history.append((now - self._began, self.reading()))

    def pause(self) -> None:
        """Rates start afresh: what comes next is not late, it was not wanted."""
        self._times.clear()
        self._known = 0.0, 0.0

    def reading(self) -> Measured:
        """What is to be shown now."""
        rates = self._rates()
        delays = list(self.delays) or [0.0]
        late = quantiles(delays, n=20)[-1] if len(delays) > 1 else delays[0]
        cells = sum(self._cells, Counter[int]())
        total = sum(cells.values()) or 1
        shares = {fill.name.lower(): cells[fill] / total for fill in Fill}
        return Measured(*rates, median(delays), late, self.shown, self.dropped, shares)

    def _rates(self) -> tuple[float, float]:
        if len(self._times) < _FEW:
            return self._known
        shown, taken, came = np.subtract(self._times[-1], self._times[0]).tolist()
        count = len(self._times) - 1
        source = came / taken if taken > 0 else 0.0
        self._known = source, count / shown if shown > 0 else 0.0
        return self._known

    def as_json(self) -> dict[str, Any]:
        """All since the start as plain values, delays in milliseconds."""
        seconds = self._times[-1][0] - self._began if self._times and self._began else 0
        return {
            "shown": self.shown,
            "dropped": self.dropped,
            "taken": self.shown + self.dropped,
            "seconds": round(seconds, 2),
            "cells": {fill.name.lower(): self._made[fill] for fill in Fill},
            "scales": {str(scale): count for scale, count in self._scales.items()},
            "output_fps": round((self.shown - 1) / seconds, 2) if seconds else 0.0,
            "delay_ms": self._below(0.5),
            "delay_p95_ms": self._below(0.95),
            "delay_max_ms": max(self._all, default=0),
            "every_ten_seconds": [
                {"at": round(at, 1)} | reading.as_json()
                for at, reading in self._history
            ],
        }

    def _below(self, share: float) -> int:
        """The milliseconds that this share of all delays does not exceed."""
        delays = sorted(self._all)
        counts = accumulate(self._all[delay] for delay in delays)
        enough = share * self._all.total()
        found = zip(delays, counts, strict=True)
        return next((delay for delay, count in found if count >= enough), 0)
