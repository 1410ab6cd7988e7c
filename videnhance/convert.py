"""One file: reader, pipeline and writer put together."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from videnhance.enhance import Bicubic, Settings, Upscaler, enhanced
from videnhance.frame import Frame, VideoInfo
from videnhance.memory import keep_freed_memory, peak_memory_mb
from videnhance.model.runtime import Choice, load
from videnhance.report import Report
from videnhance.threads import available_cores, prefetch
from videnhance.video.reader import VideoReader
from videnhance.video.source import Source, Span
from videnhance.video.streams import StreamPlan
from videnhance.video.writer import Encoding, VideoWriter

__all__ = ["Job", "Watcher", "convert", "default_workers"]


@dataclass(frozen=True, slots=True)
class Job:
    """All that a conversion is told."""

    source: Path
    target: Path
    choice: Choice
    settings: Settings
    encoding: Encoding
    span: Span
    overwrite: bool = False
    notices: tuple[str, ...] = ()
    """What the user must hear before the work starts, beside what this finds."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told while a conversion runs; each is called on the calling thread."""

    started: Callable[[VideoInfo, Report], None]
    """Before the first frame: the report holds engine, streams and notices."""
    advanced: Callable[[Report], None]
    """After each frame written."""


def default_workers() -> int:
    """A worker a core: encoder and decoder threads fill in where a worker waits."""
    return max(available_cores(), 1)


def convert(job: Job, watcher: Watcher) -> Report:
    """Converts one file; the target appears whole at the end or not at all.

    Raises a VidenhanceError that names the file or value and what to do.
    """
    begun = time.perf_counter()
    keep_freed_memory()
    report = Report(source=str(job.source), target=str(job.target))
    with VideoReader(job.source, job.span) as reader:
        size = reader.info.size.scaled(job.settings.scale)
        source = Source(job.source, job.span)
        with VideoWriter(
            job.target, reader.info, size, job.encoding, source, job.overwrite
        ) as writer:
            upscaler = _upscaler(job, report)
            report.streams = [_words(stream) for stream in writer.streams]
            report.notices += [*job.notices, *reader.notices, *writer.notices]
            watcher.started(reader.info, report)
            known = len(reader.notices)
            start = time.perf_counter(), time.process_time()
            line = enhanced(iter(reader), upscaler, job.settings, report)
            _write(line, writer, job.settings, report, watcher)
            report.later_notices = reader.notices[known:]
            report.damaged_packets = reader.damaged_packets
            report.damaged_frames = reader.damaged_frames
        report.dropped_packets = writer.dropped_packets
    report.seconds["total"] = time.perf_counter() - begun
    report.seconds["converting"] = time.perf_counter() - start[0]
    report.seconds["processor"] = time.process_time() - start[1]
    report.peak_memory_mb = peak_memory_mb()
    return report


def _write(
    line: Iterator[Frame],
    writer: VideoWriter,
    settings: Settings,
    report: Report,
    watcher: Watcher,
) -> None:
    """Runs the pipeline in a thread beside the encoder, and tells of each frame."""
    ahead = settings.queue_bytes if settings.workers else 0
    with closing(prefetch(line, ahead, report.writing)) as finished:
        for frame in finished:
            start = time.perf_counter()
            writer.write(frame)
            spent = time.perf_counter() - start
            report.seconds["writing"] = report.seconds.get("writing", 0.0) + spent
            report.frames_written = writer.frames_written
            watcher.advanced(report)


def _words(stream: StreamPlan) -> dict[str, str]:
    return {
        "stream": str(stream.index),
        "kind": stream.kind,
        "codec": stream.codec,
        "fate": stream.fate.value,
        "why": stream.why,
    }


def _upscaler(job: Job, report: Report) -> Upscaler:
    if not job.settings.strength:
        report.engine = "none: strength is 0"
        return Bicubic()
    network = load(job.choice)
    report.engine = str(network)
    return network
