"""Runs a conversion: source, pipeline and output put together."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from itertools import chain

from videnhance.conversion.comparing import compare
from videnhance.conversion.executor import Executor, Running, Watcher, local, make_here
from videnhance.conversion.job import Job
from videnhance.conversion.journal import Journal
from videnhance.conversion.open_source import DamageCounter, opened_source
from videnhance.conversion.preflight import checked_beforehand
from videnhance.conversion.segments import ResumePoints, SegmentedWriter
from videnhance.conversion.sinks import KeptSequence, encoder_of, opened_sink
from videnhance.conversion.time_budget import concluded, paced, with_budget
from videnhance.conversion.workdir import discard, folder_beside, kept_frames, tidied
from videnhance.errors import UsageError, printable
from videnhance.frame import Frame
from videnhance.media.encoder.user_data import lost_user_data
from videnhance.media.open_any import PIPE, SinkKind, is_video_file, sink_kind
from videnhance.media.output.header import OutputPlan, planned_output
from videnhance.media.output.immersion import immersion_notices
from videnhance.media.output.output_file import check_target
from videnhance.media.protocols import FrameSink
from videnhance.models.choice import is_weights
from videnhance.pipeline.pace import Pacer
from videnhance.pipeline.report import Report
from videnhance.system.memory import keep_freed_memory, peak_memory_mb
from videnhance.system.startup import ready
from videnhance.system.throttle import be_nice

__all__ = ["convert"]


def convert(
    job: Job,
    watcher: Watcher,
    executor_for: Callable[[Job], AbstractContextManager[Executor]] = local,
) -> Report:
    """Converts one file; the target appears whole at the end or not at all.

    What an interrupted run of the same job has closed is not made again. Raises a
    VidenhanceError that names the file or value and what to do.
    """
    begun = time.perf_counter()
    if job.options.nice:
        be_nice()
    keep_freed_memory()
    report = Report(source=str(job.source), target=str(job.target))
    if job.target != PIPE:
        source = None if job.source == PIPE else job.source
        tidied(job.target)
        check_target(job.target, source, overwrite=job.options.overwrite)
        if source is None and not job.options.discard and kept_frames(job.target):
            raise UsageError(
                f"{printable(job.target)}: there is unfinished work on it, which a "
                "pipe cannot go on with; add --discard to start over"
            )
    with executor_for(job) as executor, opened_source(job) as reader:
        kind = sink_kind(job.target, reader.info)
        if job.settings.strength and is_weights(job.choice.model):
            name = printable(job.choice.model)
            watcher.says(f"makes a model of {name}, the first time up to a minute")
        work, model = with_budget(job, reader.info)
        ready()
        running = Running(work, model, reader, report, watcher)
        run = _Run(running, executor, begun)
        executor.check_ready(watcher.says)
        if kind is SinkKind.VIDEO:
            run.in_segments()
        else:
            executor.make_whole(run.running, partial(run.without_segments, kind))
    if run.pacer is not None:
        concluded(report, run.pacer)
    compare(job, report, says=watcher.says)
    report.seconds["total"] = time.perf_counter() - begun
    report.peak_memory_mb = peak_memory_mb()
    return report


class _Run:
    """The work of one conversion, on its way into an output of one kind or another."""

    def __init__(self, running: Running, executor: Executor, begun: float) -> None:
        self.running, self._executor = running, executor
        self.pacer: Pacer | None = None
        """Under a time budget."""
        self._begun = begun
        self._work, self._job = running.work, running.work.job
        self._reader, self._report = running.reader, running.report
        self._source = DamageCounter(self._reader)
        self._length = self._job.settings.segment_frames
        self._points = ResumePoints(self._length, self._source.damage)
        self._plan: OutputPlan | None = None
        """Of a video file."""
        self._encoder = encoder_of(self._job, self._reader.info)
        self._report.engine = running.model.words
        self._report.model_files = dict(running.model.model_files)
        self._report.notices += running.model.notices

    def in_segments(self) -> None:
        """A video file: segments first, then joined."""
        job, work = self._job, self._work
        # Pictures and pipes have no other streams, and cannot be opened a second time.
        source = job.part if is_video_file(job.source) else None
        plan = planned_output(
            job.target, work.info, size=work.size, encoding=job.encoding, source=source
        )
        with self._journal() as kept:
            writer = SegmentedWriter(
                plan,
                kept,
                self._points,
                self._length,
                job.options.overwrite,
                job.options.verify == "full",
            )
            with writer:
                self._plan = plan
                self._go_on(kept, writer)
            self._report.checks = list(writer.checks)
            self._report.dropped_packets = writer.dropped_packets
            self._report.later_notices += writer.later_notices

    def without_segments(self, kind: SinkKind) -> None:
        """Pictures, each complete as soon as it is there, an animation or a pipe."""
        if kind is SinkKind.SEQUENCE:
            self._picture_by_picture()
            return
        self._length = 0
        with self._sink(kind, self._job.options.overwrite) as sink:
            frames = self._paced(self._source.frames(), worked=0.0)
            self._begin(sink)
            self._frames_to(sink, frames)

    def _picture_by_picture(self) -> None:
        job = self._job
        begun = folder_beside(job.target).is_dir()
        with self._journal() as kept, ExitStack() as stack:
            # What an earlier run has begun is its own.
            overwrite = job.options.overwrite or begun
            writer = stack.enter_context(self._sink(SinkKind.SEQUENCE, overwrite))
            sink = KeptSequence(writer, kept, self._points, self._length)
            self._go_on(kept, stack.enter_context(sink))

    def _journal(self) -> Journal:
        """The open journal; by now all that can be refused has been."""
        job = self._job
        if job.options.discard:
            discard(job.target)
        return Journal(job.target, self.running.model.key, lasts=job.source != PIPE)

    def _sink(
        self, kind: SinkKind, overwrite: bool
    ) -> AbstractContextManager[FrameSink]:
        work = self._work
        return opened_sink(
            kind, self._job, info=work.info, size=work.size, overwrite=overwrite
        )

    def _go_on(self, kept: Journal, sink: FrameSink) -> None:
        """Makes what the journal does not name yet."""
        self._report.frames_kept = self._report.frames_written = kept.frames
        self._report.notices += kept.notices
        if kept.segments and not kept.complete:
            self._reader.resume_after(kept.mark)
        self._source.goes_on_from(kept.counts)
        frames = iter(()) if kept.complete else self._source.frames()
        first = next(frames, None)
        if first is not None and self._plan is not None:
            settings = self._job.settings
            notes = checked_beforehand(
                self._plan, first, settings=settings, done=kept.frames
            )
            self._report.notices += notes
        if first is not None:
            frames = self._paced(chain([first], frames), worked=kept.seconds)
        if self.pacer is not None and isinstance(sink, SegmentedWriter | KeptSequence):
            sink.chosen = self.pacer.closed
        self._begin(sink)
        if first is not None:
            self._frames_to(sink, frames)
        self._reader.close()  # its index of a long file makes room for the output's

    def _paced(self, frames: Iterator[Frame], *, worked: float) -> Iterator[Frame]:
        """The same frames; under a budget it is decided what they are given."""
        if self._job.budget is None or not self._job.settings.strength:
            return frames
        upscaler, times = self.running.model.upscaler, (worked, self._begun)
        made = paced(self._work, upscaler, frames, plan=self._plan, times=times)
        self.pacer = made.pacer
        settings = replace(self._job.settings, pacer=made.pacer)
        self._job = replace(self._job, settings=settings)
        self._work = replace(self._work, job=self._job)
        self.running = replace(self.running, work=self._work)
        self._report.notices += made.notices
        self._report.budget = dict(made.words)
        return made.frames

    def _begin(self, sink: FrameSink) -> None:
        report, reader = self._report, self._reader
        report.streams = [stream.as_json() for stream in sink.streams]
        report.notices += [*self._job.notices, *reader.notices, *sink.notices]
        lost = lost_user_data(reader.info.user_data, self._encoder)
        if self._plan is None:
            where = "a pipe" if self._job.target == PIPE else "a picture"
            size = self._work.size
            lost += immersion_notices(
                reader.info, size, container=where, encoder=self._encoder
            )
        report.notices += [words for words in lost if words not in report.notices]
        self.running.watcher.started(reader.info, report)

    def _frames_to(self, sink: FrameSink, frames: Iterator[Frame]) -> None:
        """Makes the frames, here or elsewhere, and notes what it took and found."""
        report = self._report
        # What begins late may have been found beforehand.
        known, said = len(self._reader.notices), {str(plan) for plan in sink.streams}
        frames = self._looked_through(frames)
        start = time.perf_counter(), time.process_time()
        if isinstance(sink, SegmentedWriter):
            self._executor.make_segments(self.running, frames, sink)
        else:
            if self._length:
                frames = self._points.noted(frames)
            settings = replace(self._job.settings, segment_frames=self._length)
            make_here(self.running, frames, sink=sink, settings=settings)
        report.add("converting", time.perf_counter() - start[0])
        report.add("processor", time.process_time() - start[1])
        later = self._reader.notices[known:]
        report.later_notices += [words for words in later if words not in said]
        if self._source.crash:
            report.later_notices.append(self._source.crash)
            report.decoder_crashed = True
        damage = self._source.damage()
        report.damaged_packets = damage["packets"]
        report.damaged_frames = damage["frames"]

    def _looked_through(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """The frames; what the output cannot carry of what comes with them is said."""
        report = self._report
        for frame in frames:
            for words in lost_user_data(frame.user_data, self._encoder):
                if words not in (*report.notices, *report.later_notices):
                    report.later_notices.append(words)
            yield frame
