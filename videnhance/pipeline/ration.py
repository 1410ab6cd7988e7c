"""Rations the network so that frames are ready in time.

Nothing is known of the machine, or of what else runs on it: the ration grows while
frames are ready in time, and shrinks as soon as they are not. A network that sees the
whole frame is worth most, so that is tried now and then, without motion. Where there is
no time for it, motion comes before the network: it keeps what the network has seen, for
all cells. Where there is time for both, there is both.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from statistics import median

__all__ = ["Budget", "Cost", "Mode", "Ration"]

_USED = 0.8
"""Of the time between two pictures; the rest is for what cannot be foreseen."""
_FIRST_CELLS = 2.0
_MORE, _AND_MORE = 1.04, 0.4
"""How a ration grows with each frame that was ready in time."""
_STEPS = 4.0
"""How cells grow on the way to all of them."""
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
    """What one frame took."""

    cells: int
    """That the network saw."""
    seconds: float
    """On the clock."""
    left: int = 0
    """Cells that the network would have improved and did not see."""


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

    @property
    def ration(self) -> Ration:
        """What the next frame may have."""
        return Ration(int(self.cells), self.mode is Mode.MIXED)

    def learn(self, cost: Cost, interval: float) -> None:
        """Takes in what a frame took, if the next comes `interval` seconds after it."""
        self._seconds.append(cost.seconds)
        self._frames += 1
        self._since_whole += 1
        usual, goal = median(self._seconds), _USED * interval
        hopeless = self.mode is Mode.ALONE and cost.seconds > _HOPELESS * goal
        if self.mode is Mode.ALONE and cost.left and not hopeless:
            self.cells *= _STEPS
            self._seconds.clear()  # what was before says nothing of the larger ration
        elif usual > goal or hopeless:
            if hopeless or len(self._seconds) >= _ENOUGH:
                self._shrink(goal / usual)
        elif self.mode is Mode.SPARSE and not cost.left:
            self.mode = Mode.ALONE  # it has come there by small steps
        elif self.mode is Mode.ALONE:
            # There may be time for motion, too.
            if usual < _ROOM * goal and self._frames > self._for_both.frames:
                self._was_whole = True
                self._switch(Mode.MIXED, self.cells)
        elif cost.left:
            self._grow(cost)

    def _grow(self, cost: Cost) -> None:
        if self._since_whole > self._for_whole.frames:
            self._switch(Mode.ALONE, _FIRST_CELLS)
        elif self.mode is Mode.SPARSE and self._frames > self._for_motion.frames:
            self._switch(Mode.MIXED, 0.0)
        elif cost.cells >= int(self.cells):
            self.cells = self.cells * _MORE + _AND_MORE

    def _shrink(self, share: float) -> None:
        if self.mode is Mode.ALONE:
            lasted = self._frames > _PATIENCE["whole"][0]
            self._for_whole.lasted() if lasted else self._for_whole.failed()
            self._since_whole = 0
            self._switch(Mode.MIXED, 0.0)
        elif self.mode is Mode.MIXED and self._was_whole:
            self._for_both.failed()
            self._switch(Mode.ALONE, self.cells)
        elif self.mode is Mode.MIXED and self.cells < 1:
            lasted = self._frames > _PATIENCE["motion"][0]
            self._for_motion.lasted() if lasted else self._for_motion.failed()
            self._switch(Mode.SPARSE, 0.0)
        else:
            self.cells *= max(share, _LEAST)
        self._seconds.clear()  # what was before says nothing of the smaller ration

    def _switch(self, mode: Mode, cells: float) -> None:
        self._was_whole = mode is Mode.MIXED and self._was_whole
        self.mode, self.cells, self._frames = mode, cells, 0
        self._seconds.clear()
