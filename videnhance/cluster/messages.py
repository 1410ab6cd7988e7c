"""What travels between the machine that asks and those that do the work, and what a
report makes of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videnhance.conversion.job import Job
from videnhance.conversion.journal import Segment
from videnhance.conversion.workdir import Key
from videnhance.errors import ClusterError, VidenhanceError
from videnhance.media.output.header import OutputPlan
from videnhance.media.source import ResumePoint
from videnhance.pipeline.report import Report, Share

__all__ = [
    "Converted",
    "Outcome",
    "SegmentOrder",
    "SegmentResult",
    "SourceMissing",
    "TaskContext",
    "WorkerProgress",
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


class WorkerProgress:
    """Fills a report in as workers tell how far they are, and when they are done."""

    def __init__(
        self, report: Report, advanced: Callable[[Report], None], arithmetic: str = ""
    ) -> None:
        self._report, self._advanced = report, advanced
        self._arithmetic, self._like = arithmetic, "this machine"
        self._frames: dict[int, int] = {}
        """Frames that are done, by segment."""
        self._begun: dict[int, int] = {}
        """How often a worker has begun with it."""
        self._clocks: dict[str, list[tuple[float, float]]] = {}
        self._sent_back: set[str] = set()

    def heard(self, words: Mapping[str, Any]) -> None:
        """What a worker tells: so many frames of a segment are done."""
        number, frames = int(words["number"]), int(words["frames"])
        if not frames:
            begun = self._begun[number] = self._begun.get(number, 0) + 1
            self._report.retries += begun > 1
        self._advance(number, frames)

    def made(self, number: int, made: SegmentResult) -> None:
        """A segment is done. Raises ClusterError if it does not fit the others."""
        self._check_arithmetic(made)
        report, theirs = self._report, made.report
        self._advance(number, made.segment.frames)
        report.merge(theirs)
        share = report.workers.setdefault(made.worker, Share())
        share.segments += 1
        share.frames += made.segment.frames
        share.peak_memory_mb = max(share.peak_memory_mb, theirs.peak_memory_mb)
        self._clocks.setdefault(made.worker, []).append(made.processor)
        if isinstance(made.file, bytes):
            self._sent_back.add(made.worker)

    def _check_arithmetic(self, made: SegmentResult) -> None:
        if not self._arithmetic:
            # This machine runs no network: all must be like the first that answers.
            self._arithmetic, self._like = made.arithmetic, f"the worker {made.worker}"
        if made.arithmetic != self._arithmetic:
            raise ClusterError(
                f"the worker {made.worker} rounds otherwise than {self._like}: its "
                "processor runs other kernels, and a video made by both would be a "
                "mix; leave it out, or, if all are x86, set ONEDNN_MAX_CPU_ISA=AVX2 "
                "on every worker and here"
            )

    def converted(self, frames: int) -> None:
        """An output that is no video is done, with so many frames."""
        self._advance(0, frames)

    def _advance(self, number: int, frames: int) -> None:
        """A segment that is begun anew does not count back."""
        for _ in range(frames - self._frames.get(number, 0)):
            self._report.frames_in += 1
            self._report.frames_out += 1
            self._report.frames_written += 1
            self._advanced(self._report)
        self._frames[number] = max(frames, self._frames.get(number, 0))

    @property
    def processor_seconds(self) -> float:
        """Of all workers; tasks side by side in one process are not counted twice."""
        return sum(_covered(spans) for spans in self._clocks.values())

    def notices(self) -> list[str]:
        """What must be told at the end."""
        if not self._sent_back:
            return []
        return [
            f"{', '.join(sorted(self._sent_back))} did not see the output's folder: "
            "segments came back through the cluster"
        ]


def _covered(spans: list[tuple[float, float]]) -> float:
    """The length of what the spans cover together."""
    total, until = 0.0, float("-inf")
    for begin, end in sorted(spans):
        total += max(end - max(begin, until), 0.0)
        until = max(until, end)
    return total
