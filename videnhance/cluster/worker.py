"""Makes one segment on a worker as the local run makes it."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from secrets import token_hex

from videnhance.cluster.dask_worker import DaskWorker, Heartbeat
from videnhance.cluster.messages import (
    Outcome,
    SegmentOrder,
    SegmentResult,
    TaskContext,
)
from videnhance.cluster.task import answered, target_seen
from videnhance.conversion.fingerprint import arithmetic_of
from videnhance.conversion.journal import Segment
from videnhance.conversion.open_source import DamageCounter, reopened_source
from videnhance.conversion.segments import ResumePoints, SegmentEncoder
from videnhance.errors import ModelError, printable
from videnhance.media.output.output_file import WRITE_ERRORS, write_failure
from videnhance.models.card import find_card
from videnhance.models.choice import Choice
from videnhance.pipeline.enhance import Bicubic, Upscaler, enhanced_ahead
from videnhance.report import Report
from videnhance.system.memory import peak_memory_mb
from videnhance.system.threads import serialized

__all__ = ["make_segment"]

_MOST_KEPT = 4
"""Models, and how they round, that a worker keeps."""


def make_segment(
    context: TaskContext, order: SegmentOrder, sent: bytes | None = None
) -> Outcome:
    """One segment, made as the local run makes it.

    `sent` is the source, for workers that do not see it. Raises what may pass, to be
    repeated.
    """
    return answered(
        context, sent, number=order.number, work=partial(_segment, order=order)
    )


def _segment(
    context: TaskContext,
    worker: DaskWorker,
    heartbeat: Heartbeat,
    order: SegmentOrder,
) -> SegmentResult:
    begun, report, job = time.process_time(), Report(), context.job
    with _file_for(context, order) as path:
        try:
            segment = _encoded(
                context, order, path=path, report=report, heartbeat=heartbeat
            )
        except WRITE_ERRORS as error:
            raise write_failure(job.target, error) from error
        report.peak_memory_mb = peak_memory_mb()
        return SegmentResult(
            worker=worker.name,
            segment=segment,
            file=path if path.parent == context.token.parent else path.read_bytes(),
            report=report,
            processor=(begun, time.process_time()),
            arithmetic=_arithmetic(job.choice, context.digest),
        )


@contextmanager
def _file_for(context: TaskContext, order: SegmentOrder) -> Iterator[Path]:
    """Where the packets go: beside the journal, or if need be somewhere here."""
    if target_seen(context):
        # A worker that was given up for lost may still write: each try has its file.
        name = f"{order.number:06d}-{token_hex(4)}.part"
        yield context.token.with_name(name)
    else:
        with tempfile.TemporaryDirectory(prefix="videnhance-") as folder:
            yield Path(folder) / "packets"


def _encoded(
    context: TaskContext,
    order: SegmentOrder,
    *,
    path: Path,
    report: Report,
    heartbeat: Heartbeat,
) -> Segment:
    job, plan = context.job, context.plan
    assert plan
    length = job.settings.segment_frames
    with (
        reopened_source(job) as reader,
        SegmentEncoder(plan, path, order.last_pts) as encoder,
    ):
        if order.mark.frames:
            reader.resume_after(order.mark)
        source = DamageCounter(reader)
        points = ResumePoints(length, source.damage)
        frames = points.noted(islice(source.frames(), length))
        digest = context.digest
        upscaler = _network(job.choice, digest) if digest else Bicubic()
        for frame in enhanced_ahead(
            frames, upscaler, settings=job.settings, report=report
        ):
            began = time.perf_counter()
            encoder.write(frame)
            report.add("writing", time.perf_counter() - began)
            heartbeat(encoder.frames)
        last = order.mark.frames + encoder.frames - 1
        return encoder.closed(points.until(last, encoder.frames), points.counts(last))


@serialized
@lru_cache(_MOST_KEPT)
def _network(choice: Choice, digest: str) -> Upscaler:
    """Loaded once a process, whatever the number of segments."""
    name, found = find_card(choice.model).files[choice.precision]
    if found != digest:
        raise ModelError(
            f"model {printable(choice.model)}: {printable(name)} is another file than "
            "on the machine that asks: put the same there"
        )
    from videnhance.models.runtime import load  # brings torch

    return load(choice)


@lru_cache(_MOST_KEPT)
def _arithmetic(choice: Choice, digest: str) -> str:
    return arithmetic_of(_network(choice, digest)) if digest else ""
