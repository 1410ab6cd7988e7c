"""What happens in a batch, as it is told to whoever shows it."""

from dataclasses import dataclass

from videnhance.batch.inputs import Found, Input
from videnhance.batch.outcome import Outcome
from videnhance.batch.records import Identity
from videnhance.batch.up_to_date import State

__all__ = ["Event", "Finished", "Item", "Looked", "Moved", "PutBack", "Ticked"]


@dataclass(slots=True)
class Item:
    """An input that is to be converted."""

    one: Input
    name: str
    """Of its output, below the folder of outputs."""
    state: State
    wishes: str
    source: Identity | None = None
    """When its conversion began."""
    precision: str = ""
    frames: int | None = None
    made: int = 0
    """Frames written so far."""

    @property
    def share(self) -> float:
        """How much of it is made, 0 to 1, as far as it is known."""
        return min(self.made / self.frames, 1.0) if self.frames else 0.0


@dataclass(frozen=True, slots=True)
class Looked:
    """The folder was looked at."""

    found: Found
    notices: tuple[str, ...]
    """New ones."""


@dataclass(frozen=True, slots=True)
class Moved:
    """An item was begun, or some more of its frames are made."""

    item: Item


@dataclass(frozen=True, slots=True)
class PutBack:
    """Its input has changed meanwhile: it waits again."""

    item: Item


@dataclass(frozen=True, slots=True)
class Finished:
    """It is known what became of an input."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Ticked:
    """Some time has passed."""

    waiting: int
    """Inputs that are to be converted, and are not begun."""
    running: int
    unsettled: int
    """Inputs that are not whole yet."""
    seconds_left: float | None


Event = Looked | Moved | PutBack | Finished | Ticked
