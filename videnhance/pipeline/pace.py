"""Keeps a run of frames to a pace: many are under way, and what counts is their rate.

The budget of one picture at a time is asked and told here as well, but of means: frames
that were planned alike are counted together, from when the last of those before them is
made. A ration that has changed is judged by the frames that had it.
"""

import time
from collections.abc import Callable, Generator, Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

import numpy as np

from videnhance.pipeline.plan import Fill, Fills, FrameChange, Plan, Rationed, Rule
from videnhance.pipeline.ration import Budget, Cost, Ration

__all__ = ["AtRate", "Pacer", "Schedule", "UntilDone"]

T = TypeVar("T")

_WINDOW = 12
"""Frames that are counted together, at the least."""
_HORIZON = 2.0
"""Seconds in which what is late is made up for."""
_LEAST, _MOST = 0.2, 16.0
"""Of a frame's usual time: what is late is made up for in more than a moment."""
_CUT = 8
"""A ration that is a smaller part of the cells leaves no time for whole frames."""
_IDLE = 0.001
"""Seconds of waiting for others that mean that all which had come is done."""


class Schedule(Protocol):
    """When frames are due."""

    def interval(self, done: int, seconds: float) -> float:
        """Seconds for each of the next frames, `done` made in `seconds`."""

    def reset(self, done: int, seconds: float) -> None:
        """Others were waited for: nothing is late now."""

    def late(self, done: int, seconds: float) -> float:
        """Seconds by which `done` frames, made in `seconds`, are late; or below 0."""


@dataclass(slots=True)
class AtRate:
    """So many frames a second; what is ahead may be spent, what is late is made up."""

    rate: float
    _done: int = 0
    _seconds: float = 0.0

    def interval(self, done: int, seconds: float) -> float:
        """Seconds for each of the next frames."""
        late = self.late(done, seconds)
        return min(max(1 - late / _HORIZON, _LEAST), _MOST) / self.rate

    def late(self, done: int, seconds: float) -> float:
        """Behind the rate since it counts."""
        return seconds - self._seconds - (done - self._done) / self.rate

    def reset(self, done: int, seconds: float) -> None:
        """The rate counts from here on."""
        self._done, self._seconds = done, seconds


@dataclass(frozen=True, slots=True)
class UntilDone:
    """All frames within a time."""

    frames: int
    seconds: float
    closing: float = 0.0
    """Further seconds, for what comes after the last frame."""

    def interval(self, done: int, seconds: float) -> float:
        """What is left of the time, shared by the frames that are left."""
        return max(self.seconds - seconds, 0.0) / max(self.frames - done, 1)

    def reset(self, done: int, seconds: float) -> None:
        """The time runs on all the same."""

    def late(self, done: int, seconds: float) -> float:
        """After the end of the time."""
        return seconds - self.seconds - self.closing


@dataclass(slots=True)
class _Window:
    """Frames in a row that were planned alike."""

    since: float
    """When the last frame before them was made; by the clock."""
    idle: float
    """Seconds that others had been waited for until then."""
    level: int
    """Frames that were under way: work that was done before."""
    frames: int = 0
    cells: int = 0
    left: int = 0


@dataclass(slots=True)
class _Chosen:
    """What one frame was given."""

    generation: int
    moves: bool
    network: int = 0
    cells: int = 0
    left: int = 0


@dataclass(slots=True)
class Pacer:
    """Rations the frames of one run so that a schedule is kept.

    All but `moves` is called on the thread that plans and collects frames.
    """

    schedule: Schedule
    budget: Budget
    waits: bool = False
    """Whether frames come, or go, at the pace of others: through a pipe."""
    clock: Callable[[], float] = time.monotonic
    done: int = 0
    """Frames that are made, those of earlier runs among them."""
    worked: float = 0.0
    """Seconds until the last of them was made."""
    _began: float = field(init=False)
    _window: _Window = field(init=False)
    _under_way: dict[int, _Chosen] = field(init=False, default_factory=dict)
    _made: dict[int, _Chosen] = field(init=False, default_factory=dict)
    """Frames that no segment has counted yet."""
    _generation: int = field(init=False, default=0)
    """How often the ration has changed."""
    _wanted: int = field(init=False, default=_WINDOW)
    """Frames of a window: as many as were under way when it began."""
    _idle: float = field(init=False, default=0.0)
    _closed: float = field(init=False)
    """When the last segment was."""

    def __post_init__(self) -> None:
        self._began = self._closed = self.clock()
        self._window = _Window(self._began, 0.0, 0)
        self.schedule.reset(self.done, 0.0)

    def anew(self) -> "Pacer":
        """One that begins now with the same plans."""
        return replace(
            self, schedule=copy(self.schedule), budget=copy(self.budget), worked=0.0
        )

    @property
    def moves(self) -> bool:
        """Whether there is time to look for motion."""
        return self.budget.ration.moves

    @property
    def seconds(self) -> float:
        """Since the start."""
        return self.clock() - self._began

    def rule(self, number: int, passes: int) -> Rule:
        """The rule of one of so many passes; they share a ration by their cells."""
        rationed, share = Rationed(0), 4**number / sum(4**n for n in range(passes))
        saved = 0.0
        """Cells that earlier frames have left; below 0 they have taken too many."""

        def planned(change: FrameChange, since: int) -> Fills:
            nonlocal saved
            ration, cells = self.budget.ration, change.unchanged.size
            saved = min(saved + self.budget.cells * share, 2.0 * cells)
            rationed.cells = _cells_now(change, saved, ration, share)
            fills = rationed(change, since)
            saved -= np.count_nonzero(fills == Fill.NETWORK)
            if not number:
                index = change.frame.index
                self._under_way[index] = _Chosen(self._generation, ration.moves)
            return fills

        return planned

    def count(self, plan: Plan) -> None:
        """Takes note of a pass of a frame that is made."""
        chosen = self._under_way[plan.frame.index]
        chosen.network += plan.count(Fill.NETWORK)
        chosen.left += plan.count(Fill.MOVED) + plan.count(Fill.BASE)
        chosen.cells += plan.fills.size

    def learn(self, index: int) -> None:
        """A frame is made: what it took is seen in when it is."""
        chosen, now = self._under_way.pop(index), self.clock()
        self._made[index] = chosen
        self.done += 1
        self.worked = now - self._began
        window = self._window
        if chosen.generation != self._generation:
            self._window = self._opened(now)
            return
        window.frames += 1
        window.cells += chosen.network
        window.left += chosen.left
        # Frames come in bursts; where as many are under way, as much work lies ahead.
        is_even = len(self._under_way) == window.level
        if window.frames >= (1 if is_even else 2) * self._wanted:
            self._judge(window, now, cells=chosen.cells)
            self._window = self._opened(now)

    def _opened(self, now: float) -> _Window:
        return _Window(now, self._idle, len(self._under_way))

    def _judge(self, window: _Window, now: float, *, cells: int) -> None:
        idle, count = self._idle - window.idle, window.frames
        seconds = (now - window.since - idle) / count
        before, budget = self.budget.ration, self.budget
        if self.waits and idle > _IDLE * count:
            self.schedule.reset(self.done, now - self._began)
            # Work goes on while others are waited for: it took more than is seen.
            if budget.prices is not None:
                seconds = max(seconds, budget.prices.of(before, cells))
        cost = Cost(window.cells / count, seconds, window.left / count, count)
        budget.learn(cost, self.schedule.interval(self.done, now - self._began))
        if budget.ration != before:
            self._generation += 1
            # Whole frames by the network are as rare as that; a window has two or more.
            apart = cells / budget.cells if self.moves and budget.cells >= 1 else 0
            self._wanted = max(_WINDOW, len(self._under_way), min(round(2 * apart), 36))

    def stood(self, seconds: float) -> None:
        """The user let all stand still for so long; nothing is late for that."""
        self._idle += seconds
        self.schedule.reset(self.done, self.clock() - self._began)

    def taken(self, items: Iterator[T]) -> Generator[T]:
        """What comes in; the time until it does is nobody's cost if others give it."""
        while True:
            began = self.clock()
            item = next(items, None)
            if self.waits:
                self._idle += self.clock() - began
            if item is None:
                return
            yield item

    def given(self, items: Iterator[T]) -> Generator[T]:
        """What goes out; the same of the time until it is taken."""
        for item in items:
            began = self.clock()
            yield item
            if self.waits:
                self._idle += self.clock() - began

    def closed(self, index: int) -> dict[str, float]:
        """What was given to the frames up to this one since the last time, and when."""
        found = [self._made.pop(n) for n in sorted(self._made) if n <= index]
        now = self.clock()
        seconds, self._closed = now - self._closed, now
        cells = sum(one.cells for one in found) or 1
        return {
            "seconds": round(seconds, 3),
            "network": round(sum(one.network for one in found) / cells, 4),
            "moves": round(sum(one.moves for one in found) / max(len(found), 1), 4),
        }


def _cells_now(change: FrameChange, saved: float, ration: Ration, share: float) -> int:
    """How many cells of a frame the network sees, of those that are saved.

    Whole frames cost least for each cell, and the residual moves along until there is
    time for the next; what motion does not explain does not wait for it.
    """
    cells, each = change.unchanged.size, ration.cells * share
    changed = cells - int(np.count_nonzero(change.unchanged))
    # The time is that of many frames: one without a past may take more.
    if saved >= changed or (change.cut and each * _CUT > cells):
        return cells
    if not ration.moves:
        return max(min(round(each), int(saved)), 0)
    if each * _CUT <= cells:
        return 0  # patches of odd shapes would take it all
    lost = changed
    if change.motion is not None and not change.cut:
        lost -= int(np.count_nonzero(change.motion.explained & ~change.unchanged))
    return max(min(lost, int(saved)), 0)
