"""What a conversion is told: everything that a user chooses."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from videnhance.enhance import Settings
from videnhance.fit import Box
from videnhance.model.runtime import Choice
from videnhance.pace import Pace
from videnhance.video.coding.encoding import Encoding
from videnhance.video.pipes.pipe_writer import PipeForm
from videnhance.video.pipes.raw import RawShape
from videnhance.video.source import Reading, Span

__all__ = ["Job", "Resources"]


@dataclass(frozen=True, slots=True)
class Resources:
    """What a conversion may use of this machine and others; no frame depends on it."""

    isolate: bool = False
    """Decode in a process of its own, with limits."""
    nice: bool = False
    """Leave the machine to other programs."""
    max_cpu_percent: float | None = None
    """Of all cores."""
    max_memory_mb: int | None = None
    cluster: str | None = None
    """Address of a Dask scheduler, whose workers do the work; None: done here."""

    def __post_init__(self) -> None:
        Pace(self.max_cpu_percent, 1)  # knows which shares are possible


@dataclass(frozen=True, slots=True)
class Job:
    """One conversion."""

    source: Path
    target: Path
    choice: Choice
    settings: Settings
    encoding: Encoding
    span: Span
    overwrite: bool = False
    notices: tuple[str, ...] = ()
    """What the user must hear before the work starts, beside what this finds."""
    reading: Reading = field(default_factory=Reading)
    box: Box | None = None
    """The size that is wanted; None: what the scale makes of the source's."""
    resources: Resources = field(default_factory=Resources)
    discard: bool = False
    """Start over, whatever is done of this output."""
    full_check: bool = False
    """Decode the whole output before it gets its name."""
    rate: Fraction | None = None
    """Frames a second of a sequence of pictures."""
    raw: RawShape | None = None
    """What comes through a pipe without a header."""
    pipe: PipeForm = PipeForm.Y4M
    """What goes into a pipe."""
