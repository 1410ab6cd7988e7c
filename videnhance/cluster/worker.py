"""One segment, made on a worker as the local run makes it."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from secrets import token_hex

from videnhance.cluster.dask_worker import Station
from videnhance.cluster.messages import Commission, Made, Order, Outcome, Unseen
from videnhance.cluster.task import Pulse, answered, source_seen, target_seen
from videnhance.conversion.fingerprint import arithmetic_of
from videnhance.conversion.journal import Segment
from videnhance.conversion.open_source import Counted, reopened_source
from videnhance.conversion.segment_encoder import Part
from videnhance.conversion.segments import Tails
from videnhance.errors import ModelError, printable
from videnhance.media.output.output_file import WRITE_ERRORS, write_failure
from videnhance.models.card import find_card
from videnhance.models.runtime import Choice, load
from videnhance.pipeline.enhance import Bicubic, Upscaler, enhanced_ahead
from videnhance.report import Report
from videnhance.system.memory import peak_memory_mb
from videnhance.system.threads import serialized

__all__ = ["made"]

_MOST_KEPT = 4
"""Models, and how they round, that a worker keeps."""


def made(commission: Commission, order: Order, sent: bytes | None = None) -> Outcome:
    """The task that Dask runs: one segment.

    `sent` is the source, for workers that do not see it. Raises what may pass, to be
    repeated.
    """
    return answered(commission, partial(_made, commission, order, sent))


def _made(
    commission: Commission, order: Order, sent: bytes | None, station: Station
) -> Outcome:
    with source_seen(commission, sent) as place, _file_for(commission, order) as path:
        if place is None:
            return Unseen(station.name)
        begun, report = time.process_time(), Report()
        pulse = Pulse(station, commission.run, order.number)
        job = replace(commission.job, source=place)
        if job.settings.workers:
            job = replace(job, settings=replace(job.settings, workers=station.threads))
        work = replace(commission, job=job)
        try:
            segment = _encoded(work, order, path, report, pulse)
        except WRITE_ERRORS as error:
            raise write_failure(job.target, error) from error
        report.peak_memory_mb = peak_memory_mb()
        return Made(
            worker=station.name,
            segment=segment,
            file=path if path.parent == commission.token.parent else path.read_bytes(),
            report=report,
            processor=(begun, time.process_time()),
            arithmetic=_arithmetic(work.choice, work.digest),
        )


@contextmanager
def _file_for(commission: Commission, order: Order) -> Iterator[Path]:
    """Where the packets go: beside the journal, or if need be somewhere here."""
    if target_seen(commission):
        # A worker that was given up for lost may still write: each try has its file.
        name = f"{order.number:06d}-{token_hex(4)}.part"
        yield commission.token.with_name(name)
    else:
        with tempfile.TemporaryDirectory(prefix="videnhance-") as folder:
            yield Path(folder) / "packets"


def _encoded(
    work: Commission, order: Order, path: Path, report: Report, pulse: Pulse
) -> Segment:
    job, plan = work.job, work.plan
    assert plan
    length = job.settings.segment_frames
    with reopened_source(job) as reader, Part(plan, path, order.last_pts) as part:
        if order.mark.frames:
            reader.go_on_after(order.mark)
        source = Counted(reader)
        tails = Tails(length, source.damage)
        frames = tails.noted(islice(source.frames(), length))
        upscaler = _upscaler(work.choice, work.digest)
        for frame in enhanced_ahead(frames, upscaler, job.settings, report):
            began = time.perf_counter()
            part.write(frame)
            report.add("writing", time.perf_counter() - began)
            pulse(part.frames)
        last = order.mark.frames + part.frames - 1
        return part.closed(tails.until(last, part.frames), tails.counts(last))


def _upscaler(choice: Choice, digest: str) -> Upscaler:
    return _network(choice, digest) if digest else Bicubic()


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
    return load(choice)


@lru_cache(_MOST_KEPT)
def _arithmetic(choice: Choice, digest: str) -> str:
    return arithmetic_of(_upscaler(choice, digest)) if digest else ""
