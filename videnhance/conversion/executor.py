"""Who makes the frames of a conversion: this machine, or others."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from videnhance.conversion.job import Job
from videnhance.conversion.resolve import LoadedModel, ResolvedJob
from videnhance.conversion.segments import SegmentedWriter
from videnhance.frame import Frame, VideoInfo
from videnhance.media.protocols import FrameSink, FrameSource
from videnhance.pipeline.enhance import Settings, enhanced_ahead
from videnhance.pipeline.report import Report
from videnhance.system.threads import available_cores
from videnhance.system.throttle import Throttle

__all__ = ["Executor", "LocalExecutor", "Running", "Watcher", "local", "make_here"]

_STOOD_SECONDS = 0.5
"""To tell of a frame never takes so long by itself."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told while a conversion runs; each is called on the calling thread."""

    started: Callable[[VideoInfo, Report], None]
    """Before the first frame: the report holds engine, streams and notices."""
    advanced: Callable[[Report], None]
    """After each frame written."""
    says: Callable[[str], None] = lambda _: None
    """What it waits for before that."""


@dataclass(frozen=True, slots=True)
class Running:
    """A conversion whose frames are to be made, as an executor sees it."""

    work: ResolvedJob
    model: LoadedModel
    reader: FrameSource
    report: Report
    watcher: Watcher


class Executor(Protocol):
    """Who makes the frames of a conversion: this machine, or others."""

    def check_ready(self, says: Callable[[str], None]) -> None:
        """Waits until the work can begin, and says for what. Raises ClusterError."""

    def make_segments(
        self, running: Running, frames: Iterator[Frame], writer: SegmentedWriter
    ) -> None:
        """Has the segments of these frames made, and gives them to the writer."""

    def make_whole(self, running: Running, here: Callable[[], None]) -> None:
        """Has an output without segments made; `here` makes it on this machine."""


class LocalExecutor:
    """Makes all frames on this machine."""

    def check_ready(self, says: Callable[[str], None]) -> None:
        """Waits for nothing."""

    def make_segments(
        self, running: Running, frames: Iterator[Frame], writer: SegmentedWriter
    ) -> None:
        """Runs the pipeline beside the encoder."""
        settings = running.work.job.settings
        make_here(running, writer.points.noted(frames), sink=writer, settings=settings)

    def make_whole(self, running: Running, here: Callable[[], None]) -> None:
        """Makes it at once."""
        here()


def local(job: Job) -> AbstractContextManager[Executor]:
    """This machine. Raises ValueError for a job that names a cluster."""
    if job.options.cluster is not None:
        raise ValueError("a job for a cluster needs the cluster's executor")
    return nullcontext(LocalExecutor())


def make_here(
    running: Running, frames: Iterator[Frame], *, sink: FrameSink, settings: Settings
) -> None:
    """Runs the pipeline in a thread beside the encoder, and tells of each frame."""
    report = running.report
    throttle = Throttle(running.work.job.options.max_cpu, available_cores())
    throttle()
    for frame in enhanced_ahead(
        frames, running.model.upscaler, settings=settings, report=report
    ):
        began = time.perf_counter()
        sink.write(frame)
        report.add("writing", time.perf_counter() - began)
        report.frames_written = sink.frames_written
        told = time.perf_counter()
        running.watcher.advanced(report)
        stood = time.perf_counter() - told
        if settings.pacer is not None and stood > _STOOD_SECONDS:
            settings.pacer.stood(stood)  # the user let it wait
        report.add("resting", throttle())
