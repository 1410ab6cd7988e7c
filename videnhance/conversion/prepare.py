"""Prepares a conversion, of which then any part can be made; nothing is written."""

import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace

from videnhance.conversion.job import Job
from videnhance.conversion.open_source import opened_source, reopened_source
from videnhance.conversion.resolve import LoadedModel, ResolvedJob
from videnhance.conversion.time_budget import paced, with_budget
from videnhance.frame import Frame
from videnhance.media.open_any import is_video_file
from videnhance.media.output.header import OutputPlan, planned_output
from videnhance.media.protocols import FrameSource
from videnhance.media.source import Span
from videnhance.pipeline.enhance import enhanced
from videnhance.pipeline.pace import Pacer
from videnhance.pipeline.report import Report

__all__ = ["Prepared", "prepared"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A conversion to a video file that could begin, at any place of its source."""

    work: ResolvedJob
    model: LoadedModel
    plan: OutputPlan
    notices: tuple[str, ...]
    pacer: Pacer | None = None
    """Under a time budget."""
    budget: Mapping[str, str] = field(default_factory=dict)
    """Of a time budget: what is `asked`, and what would be `chosen` at the start."""

    def source(self, span: Span) -> FrameSource:
        """The source, open at a part of it."""
        return reopened_source(self.work.job, span)

    def enhanced(self, frames: Iterator[Frame]) -> Generator[Frame]:
        """Frames in a row as the conversion makes them, before they are encoded.

        What travels from frame to frame starts afresh with the first.
        """
        settings = self.work.job.settings
        if self.pacer is not None:
            settings = replace(settings, pacer=self.pacer.anew())
        return enhanced(frames, self.model.upscaler, settings, Report())


def prepared(job: Job, *, known: bool = False) -> Prepared:
    """The conversion of a job to a video file, ready to begin.

    A source that is `known` was opened before, and is not looked at from outside.
    Raises what the conversion would raise before its first frame.
    """
    begun = time.perf_counter()
    with (reopened_source if known else opened_source)(job) as reader:
        work, model = with_budget(job, reader.info)
        told = (*job.notices, *reader.notices)
    job = work.job
    source = job.part if is_video_file(job.source) else None
    plan = planned_output(
        job.target, work.info, size=work.size, encoding=job.encoding, source=source
    )
    ready = Prepared(work, model, plan, told)
    if job.budget is None or not job.settings.strength:
        return ready
    with reopened_source(job) as reader:
        times = 0.0, begun
        made = paced(work, model.upscaler, iter(reader), plan=plan, times=times)
    told = (*told, *made.notices)
    return replace(ready, notices=told, pacer=made.pacer, budget=made.words)
