"""What is not made in segments, as one task: pictures, many pictures, animations."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

from videnhance.cluster.client import Cluster
from videnhance.cluster.dask_worker import Station
from videnhance.cluster.messages import Commission, Converted, Outcome, Unseen
from videnhance.cluster.pickled_call import packed
from videnhance.cluster.progress import Tally
from videnhance.cluster.task import Pulse, answered, source_seen, target_seen
from videnhance.cluster.upload import Shipment
from videnhance.conversion.job import Job
from videnhance.errors import ClusterError, printable
from videnhance.media.output.output_file import publish, temporary_beside, write_failure
from videnhance.media.stills.series import is_series
from videnhance.report import Report, Share

__all__ = ["Conversion", "converted", "taken_over", "whole"]

_LOOK_SECONDS = 0.05

Conversion = Callable[[Job, Callable[[int], None]], Report]
"""Converts here, and tells how many frames are done."""


def converted(
    commission: Commission, conversion: Conversion, sent: bytes | None = None
) -> Outcome:
    """The task that Dask runs: one output. Raises what may pass, to be repeated."""
    return answered(commission, partial(_converted, commission, conversion, sent))


def _converted(
    commission: Commission,
    conversion: Conversion,
    sent: bytes | None,
    station: Station,
) -> Outcome:
    job = commission.job
    if job.settings.workers:
        job = replace(job, settings=replace(job.settings, workers=station.threads))
    with source_seen(commission, sent) as place:
        if place is None:
            return Unseen(station.name)
        job, pulse = replace(job, source=place), Pulse(station, commission.run, 0)
        if target_seen(commission):
            return Converted(station.name, conversion(job, pulse), None)
        if is_series(job.target):
            raise ClusterError(
                f"{printable(job.target)}: its folder is not seen here, and many "
                "pictures are not sent; put it where all machines have it"
            )
        with tempfile.TemporaryDirectory(prefix="videnhance-") as folder:
            target = Path(folder) / job.target.name
            report = conversion(replace(job, target=target), pulse)
            return Converted(station.name, report, target.read_bytes())


def whole(
    cluster: Cluster, commission: Commission, conversion: Conversion, tally: Tally
) -> Converted:
    """Has one output made by a worker; gives what came of it.

    Raises ClusterError, and what the conversion raises.
    """
    shipment, losses = Shipment(cluster, commission.job.source), 0
    while True:
        call = cluster.submit(
            packed(converted, commission, conversion),
            shipment.sent,
            key=f"videnhance_whole-{commission.run}-{losses}",
        )
        while not call.done():
            cluster.slots()  # says if nobody is left to wait for
            for words in cluster.told():
                tally.heard(words)
            time.sleep(_LOOK_SECONDS)
        outcome = cluster.result(call)
        if isinstance(outcome, Converted):
            return outcome
        losses += 1
        shipment.answer(outcome, losses)


def taken_over(outcome: Converted, job: Job, report: Report) -> None:
    """Gives what came back its name, and makes the worker's report this one's.

    Raises OutputError if it cannot be written.
    """
    if outcome.file is not None:
        temporary = temporary_beside(job.target)
        try:
            temporary.write_bytes(outcome.file)
            publish(temporary, job.target, job.overwrite)
        except OSError as error:
            raise write_failure(job.target, error) from error
        finally:
            temporary.unlink(missing_ok=True)
    for field in fields(Report):
        if field.name not in ("source", "target", "engine", "workers", "retries"):
            setattr(report, field.name, getattr(outcome.report, field.name))
    share = Share(0, report.frames_out, report.peak_memory_mb)
    report.workers[outcome.worker] = share
