"""Rations the network so that frames are ready in time.

What else runs on the machine is not known: the ration grows while frames are ready in
time, and shrinks as soon as they are not, by steps that know the machine's prices where
somebody has measured them. A network that sees the whole frame is worth most, so that
is tried now and then, without motion. Where there is no time for it, motion comes
before the network: it keeps what the network has seen, for all cells. Where there is
time for both, there is both.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from statistics import median

__all__ = ["Budget", "Cost", "Mode", "Prices", "Ration", "is_too_dear"]

_USED = 0.8
"""Of the time between two pictures; the rest is for what cannot be foreseen."""
_FIRST_CELLS = 2.0
_MORE, _AND_MORE = 1.04, 0.4
"""How a ration grows with each frame that was ready in time."""
_STEPS = 4.0
"""How cells grow on the way to all of them."""
_ALL_CELLS = float(1 << 30)
_GAIN = 0.5
"""Of what the prices say that a ration may grow by; they are not exact."""
_NEARLY = 0.8
"""Of a ration: where less was taken, there was no use for more."""
_HOPELESS = 3.0
"""Times the usable time: one such frame is enough to give up whole frames."""
_LEAST = 0.25
"""What is left of a ration at least when frames are late."""
_ROOM = 0.7
"""Share of the usable time up to which whole frames leave time for motion, too."""
_SEEN = 5
"""Frames that are looked at: one that the system held up tells nothing."""
_ENOUGH = 3
_PATIENCE = {"motion": (30, 300), "whole": (150, 4800), "both": (60, 4800)}
"""Frames until something is tried again; twice as many after each time in vain."""


class Mode(Enum):
    """What a frame's time is spent on."""

    ALONE = "alone"
    """The network on all cells, without motion."""
    MIXED = "mixed"
    """Motion, and the network on a ration of the cells, or on all of them."""
    SPARSE = "sparse"
    """The network on a ration: there is no time even for motion."""


@dataclass(frozen=True, slots=True)
class Ration:
    """What one frame may have."""

    cells: int
    """Of the network."""
    moves: bool
    """Whether there is time to move the last residual along."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a frame took, or some frames in a row took on average."""

    cells: float
    """That the network saw."""
    seconds: float
    """On the clock."""
    left: float = 0
    """Cells that the network would have improved and did not see."""
    frames: int = 1


@dataclass(frozen=True, slots=True)
class Prices:
    """Seconds on the clock that the parts of a frame take on this machine."""

    rest: float
    """All but motion and network."""
    moving: float
    """Motion, and moving the residual along it."""
    cell: float
    """The network, for one cell."""

    def of(self, ration: Ration, cells: int) -> float:
        """Of a frame of so many cells with this ration."""
        moving = self.moving if ration.moves else 0.0
        return self.rest + moving + self.cell * min(ration.cells, cells)


def is_too_dear(
    megapixels_per_second: float, pixels: int, seconds: float, *, share: float
) -> bool:
    """Whether a network cannot see `pixels` in `seconds` in a share of that time.

    A speed of 0 is not known, and never too slow.
    """
    return 0 < 1e6 * megapixels_per_second * share < pixels / seconds


class _Patience:
    """How long to wait before something is tried again."""

    def __init__(self, what: str) -> None:
        self._first, self._longest = _PATIENCE[what]
        self.frames = self._first

    def failed(self) -> None:
        """It was in vain: longer the next time."""
        self.frames = min(2 * self.frames, self._longest)

    def lasted(self) -> None:
        """It went well for a while."""
        self.frames = self._first


@dataclass(slots=True)
class Budget:
    """Shares out the time between two pictures."""

    cells: float = _FIRST_CELLS
    mode: Mode = Mode.MIXED
    prices: Prices | None = None
    """None: not measured, so small steps tell."""
    used: float = _USED
    """Share of the time between two pictures that may be used."""
    enough: int = _ENOUGH
    """Costs until frames count as late: one that the system held up tells nothing."""
    fuses: bool = True
    """Whether motion is of use where the network sees all cells."""
    _seconds: deque[float] = field(default_factory=lambda: deque(maxlen=_SEEN))
    _frames: int = 0
    """In this mode."""
    _since_whole: int = 0
    """Frames since whole ones were given up, or since the start."""
    _for_motion: _Patience = field(default_factory=lambda: _Patience("motion"))
    _for_whole: _Patience = field(default_factory=lambda: _Patience("whole"))
    _for_both: _Patience = field(default_factory=lambda: _Patience("both"))
    _was_whole: bool = False
    """Motion was added to whole frames."""

    @classmethod
    def planned(
        cls, prices: Prices, cells: int, interval: float, *, fuses: bool = True
    ) -> "Budget":
        """What the prices allow for frames of so many cells, all of whose time is used.

        Its costs are means of many frames.
        """
        made = cls(prices=prices, used=1.0, enough=1, fuses=fuses)
        made._seconds = deque(maxlen=1)
        room = interval - prices.rest
        if room >= prices.cell * cells:
            both = fuses and room >= prices.cell * cells + prices.moving
            made.mode, made.cells = (Mode.MIXED if both else Mode.ALONE), float(cells)
            made._was_whole = both
        elif room > prices.moving:
            made.cells = (room - prices.moving) / prices.cell
        else:
            made.mode, made.cells = Mode.SPARSE, max(room / prices.cell, 0.0)
        return made

    @property
    def ration(self) -> Ration:
        """What the next frame may have."""
        return Ration(int(self.cells), self.mode is Mode.MIXED)

    def learn(self, cost: Cost, interval: float) -> None:
        """Takes in what a frame took, if the next comes `interval` seconds after it."""
        self._seconds.append(cost.seconds)
        self._frames += cost.frames
        self._since_whole += cost.frames
        usual, goal = median(self._seconds), self.used * interval
        hopeless = self.mode is Mode.ALONE and cost.seconds > _HOPELESS * goal
        if self.mode is Mode.ALONE and cost.left and not hopeless:
            self.cells *= _STEPS
            self._seconds.clear()  # what was before says nothing of the larger ration
        elif usual > goal or hopeless:
            if hopeless or len(self._seconds) >= self.enough:
                self._shrink(cost, usual, goal)
        elif self.mode is Mode.SPARSE and not cost.left:
            self.mode = Mode.ALONE  # it has come there by small steps
        elif self.mode is Mode.ALONE:
            # There may be time for motion, too.
            patient = self._frames > self._for_both.frames
            if self.fuses and usual < _ROOM * goal and patient:
                self._was_whole = True
                self._switch(Mode.MIXED, self.cells)
        elif cost.left:
            self._grow(cost, usual, goal)

    def _grow(self, cost: Cost, usual: float, goal: float) -> None:
        prices = self.prices
        if self._since_whole > self._for_whole.frames and self._is_whole_in(
            cost, goal - usual
        ):
            self._switch(Mode.ALONE, _FIRST_CELLS if prices is None else _ALL_CELLS)
        elif self.mode is Mode.SPARSE and self._frames > self._for_motion.frames:
            if prices is None:
                self._switch(Mode.MIXED, 0.0)
            elif usual - cost.cells * prices.cell + prices.moving < goal:
                self._switch(Mode.MIXED, self._affordable(cost, usual, goal))
            else:
                self.cells += _GAIN * (goal - usual) / prices.cell
        elif prices is None:
            if cost.cells >= int(self.cells):
                self.cells = self.cells * _MORE + _AND_MORE
        elif cost.cells >= _NEARLY * self.cells - 1:
            self.cells += _GAIN * (goal - usual) / prices.cell

    def _is_whole_in(self, cost: Cost, spare: float) -> bool:
        """Whether all cells may be affordable without motion: without prices, yes."""
        if self.prices is None:
            return True
        saved = self.prices.moving if self.mode is Mode.MIXED else 0.0
        return cost.left * self.prices.cell <= spare + saved

    def _affordable(self, cost: Cost, usual: float, goal: float) -> float:
        """Cells beside motion, by the prices, where a frame took `usual` seconds."""
        if self.prices is None:
            return 0.0
        moving, cell = self.prices.moving, self.prices.cell
        known = moving if self.mode is Mode.MIXED else 0.0
        return max((goal - (usual - known) - moving) / cell + cost.cells, 0.0)

    def _shrink(self, cost: Cost, usual: float, goal: float) -> None:
        if self.mode is Mode.ALONE:
            lasted = self._frames > _PATIENCE["whole"][0]
            self._for_whole.lasted() if lasted else self._for_whole.failed()
            self._since_whole = 0
            self._switch(Mode.MIXED, self._affordable(cost, usual, goal))
        elif self.mode is Mode.MIXED and self._was_whole:
            self._for_both.failed()
            self._switch(Mode.ALONE, self.cells)
        elif self.mode is Mode.MIXED and self.cells < 1:
            lasted = self._frames > _PATIENCE["motion"][0]
            self._for_motion.lasted() if lasted else self._for_motion.failed()
            self._switch(Mode.SPARSE, 0.0)
        elif self.prices is None:
            self.cells *= max(goal / usual, _LEAST)
        else:
            fewer = min(self.cells, cost.cells) - (usual - goal) / self.prices.cell
            self.cells = max(fewer, _LEAST * self.cells - _AND_MORE, 0.0)
        self._seconds.clear()  # what was before says nothing of the smaller ration

    def _switch(self, mode: Mode, cells: float) -> None:
        self._was_whole = mode is Mode.MIXED and self._was_whole
        self.mode, self.cells, self._frames = mode, cells, 0
        self._seconds.clear()
