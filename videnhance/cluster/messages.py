"""What travels between the machine that asks and those that do the work."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from videnhance.conversion.job import Job
from videnhance.conversion.journal import Segment
from videnhance.conversion.workdir import Key
from videnhance.errors import VidenhanceError
from videnhance.media.output.header import OutputPlan
from videnhance.media.source import ResumePoint
from videnhance.report import Report

__all__ = [
    "Converted",
    "Outcome",
    "SegmentOrder",
    "SegmentResult",
    "SourceMissing",
    "TaskContext",
]


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What all tasks of one conversion have in common."""

    run: str
    """Names the run that asks."""
    job: Job
    """With the model's precision and device decided."""
    source: Key
    """By its content: a file of the same name may be another one."""
    token: Path
    """A file that only this run has made: who sees it sees the same folder."""
    versions: Mapping[str, str]
    digest: str = ""
    """SHA-256 of the model's file; empty if none is used."""
    plan: OutputPlan | None = None
    """Of a video's segments; what is no video has none."""


@dataclass(frozen=True, slots=True)
class SegmentOrder:
    """One segment to be made."""

    number: int
    """Counted from 0."""
    mark: ResumePoint
    """Where it begins."""
    last_pts: int | None
    """The time of the frame before, in ticks of the output."""


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """A segment that is made."""

    worker: str
    segment: Segment
    file: Path | bytes
    """Its packets: a file in the folder of unfinished work, or what would be in it."""
    report: Report
    processor: tuple[float, float]
    """Processor seconds of the worker when the task began and when it ended."""
    arithmetic: str
    """How the worker's network rounds; empty if it has none."""


@dataclass(frozen=True, slots=True)
class Converted:
    """An output that is made as a whole."""

    worker: str
    report: Report
    file: bytes | None
    """What is in it; None if it is under its name already."""


@dataclass(frozen=True, slots=True)
class SourceMissing:
    """The worker does not see the source, and it was not sent along."""

    worker: str


Outcome = SegmentResult | Converted | SourceMissing | VidenhanceError
"""A failure that comes again is an answer: Dask repeats a task that raises."""
