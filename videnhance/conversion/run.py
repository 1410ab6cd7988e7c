"""One conversion: source, pipeline and output put together."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from itertools import chain

from videnhance.cluster.client import Cluster
from videnhance.cluster.run import Helpers, connected
from videnhance.conversion.job import Job
from videnhance.conversion.journal import Journal
from videnhance.conversion.open_source import Counted, opened_source
from videnhance.conversion.preflight import checked_beforehand
from videnhance.conversion.resolve import Work, engine_of, work_of
from videnhance.conversion.segments import SegmentedWriter, Tails
from videnhance.conversion.sinks import (
    KeptSequence,
    encoder_of,
    opened_sink,
)
from videnhance.conversion.workdir import (
    discard,
    folder_beside,
    kept_frames,
    tidied,
)
from videnhance.errors import UsageError, printable
from videnhance.frame import Frame, VideoInfo
from videnhance.media.encoder.user_data import lost_user_data
from videnhance.media.open_any import (
    PIPE,
    SinkKind,
    is_video_file,
    sink_kind,
)
from videnhance.media.output.header import OutputPlan, planned_output
from videnhance.media.output.immersion import immersion_notices
from videnhance.media.output.output_file import check_target
from videnhance.media.protocols import FrameSink, FrameSource
from videnhance.media.source import Source
from videnhance.media.streams.other_streams import StreamPlan
from videnhance.pipeline.enhance import enhanced_ahead
from videnhance.report import Report
from videnhance.system.memory import keep_freed_memory, peak_memory_mb
from videnhance.system.threads import available_cores
from videnhance.system.throttle import Throttle, be_nice

__all__ = ["Watcher", "convert"]


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told while a conversion runs; each is called on the calling thread."""

    started: Callable[[VideoInfo, Report], None]
    """Before the first frame: the report holds engine, streams and notices."""
    advanced: Callable[[Report], None]
    """After each frame written."""
    says: Callable[[str], None] = lambda _: None
    """What it waits for before that."""


def convert(job: Job, watcher: Watcher) -> Report:
    """Converts one file; the target appears whole at the end or not at all.

    What an interrupted run of the same job has closed is not made again. Raises a
    VidenhanceError that names the file or value and what to do.
    """
    begun = time.perf_counter()
    if job.resources.nice:
        be_nice()
    keep_freed_memory()
    report = Report(source=str(job.source), target=str(job.target))
    if job.target != PIPE:
        source = None if job.source == PIPE else job.source
        tidied(job.target)
        check_target(job.target, source, job.overwrite)
        if source is None and not job.discard and kept_frames(job.target):
            raise UsageError(
                f"{printable(job.target)}: there is unfinished work on it, which a "
                "pipe cannot go on with; add --discard to start over"
            )
    with connected(job) as cluster, opened_source(job) as reader:
        kind = sink_kind(job.target, reader.info)
        run = _Run(work_of(job, reader.info), reader, report, watcher)
        if cluster is not None:
            cluster.check_workers(watcher.says)
            run.helped_by(cluster)
        if kind is SinkKind.VIDEO:
            run.in_segments()
        elif cluster is not None:
            run.by_one_worker()
        elif kind is SinkKind.SEQUENCE:
            run.picture_by_picture()
        else:
            run.in_one_go(kind)
    report.seconds["total"] = time.perf_counter() - begun
    report.peak_memory_mb = peak_memory_mb()
    return report


def _converted(job: Job, told: Callable[[int], None]) -> Report:
    """The same on a worker of a cluster; `told` hears how many frames are done."""
    return convert(
        job, Watcher(lambda _, __: None, lambda report: told(report.frames_written))
    )


class _Run:
    """The work of one conversion, on its way into an output of one kind or another."""

    def __init__(
        self, work: Work, reader: FrameSource, report: Report, watcher: Watcher
    ) -> None:
        self._work, self._job, self._reader = work, work.job, reader
        self._report, self._watcher = report, watcher
        self._source = Counted(reader)
        self._length = work.job.settings.segment_frames
        self._tails = Tails(self._length, self._source.damage)
        self._plan: OutputPlan | None = None
        """Of a video file."""
        self._engine = engine_of(work)
        self._encoder = encoder_of(self._job, reader.info)
        self._helpers: Helpers | None = None
        report.engine = self._engine.words
        report.model_files = dict(self._engine.model_files)

    def helped_by(self, cluster: Cluster) -> None:
        """Has the frames made by the workers of a cluster."""
        self._helpers = Helpers(
            cluster, self._work, self._engine, self._report, self._watcher.advanced
        )

    def in_segments(self) -> None:
        """A video file: segments first, then joined."""
        job, work = self._job, self._work
        # Pictures and pipes have no other streams, and cannot be opened a second time.
        others = is_video_file(job.source)
        source = (
            Source(job.source, job.span, job.reading.video_track) if others else None
        )
        plan = planned_output(job.target, work.info, work.size, job.encoding, source)
        with self._journal() as kept:
            writer = SegmentedWriter(
                plan, kept, self._tails, self._length, job.overwrite, job.full_check
            )
            with writer:
                self._plan = plan
                self._go_on(kept, writer)
            self._report.checks = list(writer.checks)
            self._report.dropped_packets = writer.dropped_packets
            self._report.later_notices += writer.later_notices

    def picture_by_picture(self) -> None:
        """Numbered pictures: each is complete as soon as it is there."""
        job = self._job
        begun = folder_beside(job.target).is_dir()
        with self._journal() as kept, ExitStack() as stack:
            # What an earlier run has begun is its own.
            overwrite = job.overwrite or begun
            writer = stack.enter_context(self._sink(SinkKind.SEQUENCE, overwrite))
            sink = KeptSequence(writer, kept, self._tails, self._length)
            self._go_on(kept, stack.enter_context(sink))

    def in_one_go(self, kind: SinkKind) -> None:
        """What cannot be made in parts: a picture, an animation, a pipe."""
        self._length = 0
        with self._sink(kind, self._job.overwrite) as sink:
            self._begin(sink)
            self._frames_to(sink, self._source.frames())

    def by_one_worker(self) -> None:
        """What is no video file, as a whole, on one machine of a cluster."""
        assert self._helpers
        self._report.notices += [*self._job.notices, *self._reader.notices]
        self._watcher.started(self._reader.info, self._report)
        self._helpers.whole(_converted)

    def _journal(self) -> Journal:
        """The open journal; by now all that can be refused has been."""
        job = self._job
        if job.discard:
            discard(job.target)
        return Journal(job.target, self._engine.key, lasts=job.source != PIPE)

    def _sink(
        self, kind: SinkKind, overwrite: bool
    ) -> AbstractContextManager[FrameSink]:
        work = self._work
        return opened_sink(kind, self._job, work.info, work.size, overwrite)

    def _go_on(self, kept: Journal, sink: FrameSink) -> None:
        """Makes what the journal does not name yet."""
        self._report.frames_kept = self._report.frames_written = kept.frames
        self._report.notices += kept.notices
        if kept.segments and not kept.complete:
            self._reader.go_on_after(kept.mark)
        self._source.goes_on_from(kept.counts)
        frames = iter(()) if kept.complete else self._source.frames()
        first = next(frames, None)
        if first is not None and self._plan is not None:
            settings = self._job.settings
            notes = checked_beforehand(self._plan, first, settings, kept.frames)
            self._report.notices += notes
        self._begin(sink)
        if first is not None:
            self._frames_to(sink, chain([first], frames), kept)
        self._reader.close()  # its index of a long file makes room for the output's

    def _begin(self, sink: FrameSink) -> None:
        report, reader = self._report, self._reader
        report.streams = [_words(stream) for stream in sink.streams]
        report.notices += [*self._job.notices, *reader.notices, *sink.notices]
        lost = lost_user_data(reader.info.user_data, self._encoder)
        if self._plan is None:
            where = "a pipe" if self._job.target == PIPE else "a picture"
            size = self._work.size
            lost += immersion_notices(reader.info, size, where, self._encoder)
        report.notices += [words for words in lost if words not in report.notices]
        self._watcher.started(reader.info, report)

    def _frames_to(
        self, sink: FrameSink, frames: Iterator[Frame], kept: Journal | None = None
    ) -> None:
        """Makes the frames, here or elsewhere, and notes what it took and found."""
        report = self._report
        # What begins late may have been found beforehand.
        known, said = len(self._reader.notices), {str(plan) for plan in sink.streams}
        frames = self._looked_through(frames)
        start = time.perf_counter(), time.process_time()
        if self._helpers and kept and self._plan and isinstance(sink, SegmentedWriter):
            self._helpers.spread(self._plan, kept, sink, frames, self._tails)
        else:
            self._made_here(sink, frames)
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

    def _made_here(self, sink: FrameSink, frames: Iterator[Frame]) -> None:
        """Runs the pipeline in a thread beside the encoder, and tells of each frame."""
        report = self._report
        throttle = Throttle(self._job.resources.max_cpu_percent, available_cores())
        throttle()
        for frame in self._finished(frames):
            began = time.perf_counter()
            sink.write(frame)
            report.add("writing", time.perf_counter() - began)
            report.frames_written = sink.frames_written
            self._watcher.advanced(report)
            report.add("resting", throttle())

    def _looked_through(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """The frames; what the output cannot carry of what comes with them is said."""
        report = self._report
        for frame in frames:
            for words in lost_user_data(frame.user_data, self._encoder):
                if words not in (*report.notices, *report.later_notices):
                    report.later_notices.append(words)
            yield frame

    def _finished(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        settings = self._job.settings
        if self._length:
            frames = self._tails.noted(frames)
        else:
            settings = replace(settings, segment_frames=0)
        yield from enhanced_ahead(frames, self._engine.upscaler, settings, self._report)


def _words(stream: StreamPlan) -> dict[str, str]:
    return {
        "stream": str(stream.index),
        "kind": stream.kind,
        "codec": stream.codec,
        "fate": stream.action.value,
        "why": stream.why,
    }
