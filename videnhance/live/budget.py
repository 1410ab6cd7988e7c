"""How much of a frame the network may see so that the source's rate is held.

Nothing is known of the machine, or of what else runs on it: the ration grows while
frames are ready in time, and shrinks as soon as they are not. Motion comes before the
network: it keeps what the network has seen, for all cells.
"""

from collections import deque
from dataclasses import dataclass, field
from statistics import median

__all__ = ["Budget", "Cost", "Ration"]

_USED = 0.8
"""Of the time between two pictures; the rest is for what cannot be foreseen."""
_FIRST_CELLS = 2.0
_MORE, _AND_MORE = 1.04, 0.4
"""How a ration grows with each frame that was ready in time."""
_LEAST = 0.25
"""What is left of a ration at least when frames are late."""
_SEEN = 5
"""Frames that are looked at: one that the system held up tells nothing."""
_ENOUGH = 3
_FIRST_PATIENCE, _LONGEST_PATIENCE = 30, 300
"""Frames until motion is tried again; twice as many after each time in vain."""


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


@dataclass(slots=True)
class Budget:
    """Shares out the time between two pictures."""

    cells: float = _FIRST_CELLS
    moves: bool = True
    _seconds: deque[float] = field(default_factory=lambda: deque(maxlen=_SEEN))
    _patience: int = _FIRST_PATIENCE
    _frames: int = 0
    """Since motion was switched."""

    @property
    def ration(self) -> Ration:
        """What the next frame may have."""
        return Ration(int(self.cells), self.moves)

    def learn(self, cost: Cost, interval: float) -> None:
        """Takes in what a frame took, if the next comes `interval` seconds after it."""
        self._seconds.append(cost.seconds)
        self._frames += 1
        usual, goal = median(self._seconds), _USED * interval
        late = usual > goal
        if late and len(self._seconds) >= _ENOUGH:
            self._shrink(goal / usual)
        elif not self.moves and self._frames > self._patience:
            self._switch(moves=True)
        elif not late and cost.cells >= int(self.cells):
            self.cells = self.cells * _MORE + _AND_MORE

    def _shrink(self, share: float) -> None:
        if self.moves and self.cells < 1:
            lasted = self._frames > _FIRST_PATIENCE
            more = _FIRST_PATIENCE if lasted else 2 * self._patience
            self._patience = min(more, _LONGEST_PATIENCE)
            self._switch(moves=False)
        self.cells *= max(share, _LEAST)
        self._seconds.clear()  # what was before says nothing of the smaller ration

    def _switch(self, moves: bool) -> None:
        self.moves, self.cells, self._frames = moves, 0.0, 0
        self._seconds.clear()
