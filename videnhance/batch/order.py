"""What is asked of a batch: from where, to where, what of it, and how."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from videnhance.batch.finding import Choosing, Kind
from videnhance.batch.naming import Naming
from videnhance.errors import UsageError, printable
from videnhance.job import Job

__all__ = ["First", "Order"]


class First(Enum):
    """Which of the inputs that wait comes first."""

    NAME = "name"
    SHORTEST = "shortest"
    """By their bytes: how long they play is known only when they are opened."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done."""

    source: Path
    target: Path
    job_for: Callable[[Path, Path, Kind], Job]
    """The conversion of one input to its output."""
    choosing: Choosing = field(default_factory=Choosing)
    naming: Naming = field(default_factory=Naming)
    first: First = First.NAME
    settle_seconds: float = 2.0
    """An input that changed less long ago is not whole yet."""
    overwrite: bool = False
    """Replace outputs that are not ours, too."""
    again: bool = False
    """Make everything anew."""
    recheck: bool = False
    """Trust no size and no time."""

    def __post_init__(self) -> None:
        source, target = self.source.resolve(), self.target.resolve()
        if source == target or target in source.parents:
            raise UsageError(
                f"{printable(self.target)} is or holds the folder of the inputs: name "
                "another folder for the outputs"
            )
        if self.target.exists() and not self.target.is_dir():
            raise UsageError(
                f"{printable(self.target)} is a file: name a folder for the outputs"
            )
