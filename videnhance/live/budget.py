"""How much of a frame the network may see so that the source's rate is held.

What things cost is measured as they run: other programs on the machine are part of it.
"""

from dataclasses import dataclass

__all__ = ["Budget", "Cost", "Ration"]

_USED = 0.8
"""Of the time between two pictures; the rest is for what cannot be foreseen."""
_RISING, _FALLING = 0.1, 0.05
"""How fast an average follows: a machine that gets busy is noticed sooner."""
_FIRST_CELLS = 2
"""Of a network that is not known yet."""
_MOST = 3.0
"""Times the average that one value counts for: no plan helps against a single stall."""
_RETRIED = 0.99
"""What is not done is not measured; its cost is taken for less with each frame, so that
it is tried again."""


@dataclass(frozen=True, slots=True)
class Ration:
    """What one frame may have."""

    cells: int
    """Of the network."""
    moves: bool
    """Whether there is time to move the last residual along."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one frame took, in seconds on the clock."""

    cells: int
    network: float
    """For these cells, all workers together."""
    moving: float
    """To find the motion; 0 where that was not done."""
    total: float


@dataclass(slots=True)
class Budget:
    """Learns what things cost and shares out the time between two pictures."""

    cell: float = 0.0
    """Seconds a cell; 0 as long as nothing is measured."""
    moving: float = 0.0
    """Seconds to find the motion."""
    rest: float = 0.0
    """Seconds for all but network and motion."""

    def ration(self, interval: float) -> Ration:
        """What a frame may have if the next one comes after `interval` seconds."""
        if not self.cell:
            return Ration(_FIRST_CELLS, moves=True)
        left = interval * _USED - self.rest
        moves = left > self.moving
        if moves:
            left -= self.moving
        return Ration(max(int(left / self.cell), 0), moves)

    def learn(self, cost: Cost) -> None:
        """Takes in what a frame took."""
        if cost.cells:
            self.cell = _followed(self.cell, cost.network / cost.cells)
        else:
            self.cell *= _RETRIED
        if cost.moving:
            self.moving = _followed(self.moving, cost.moving)
        else:
            self.moving *= _RETRIED
        rest = max(cost.total - cost.network - cost.moving, 0.0)
        self.rest = _followed(self.rest, rest)


def _followed(average: float, value: float) -> float:
    if not average:
        return value
    speed = _RISING if value > average else _FALLING
    return average + speed * (min(value, _MOST * average) - average)
