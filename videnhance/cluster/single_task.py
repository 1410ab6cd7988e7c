"""Has an output without segments made as one task: pictures, animations."""

import tempfile
import time
from dataclasses import fields, replace
from pathlib import Path

from videnhance.cluster.client import Cluster
from videnhance.cluster.compat import pickled_call
from videnhance.cluster.dask_worker import DaskWorker, Heartbeat
from videnhance.cluster.messages import Converted, Outcome, TaskContext
from videnhance.cluster.progress import WorkerProgress
from videnhance.cluster.task import answered, target_seen
from videnhance.cluster.upload import SourceUpload
from videnhance.conversion.executor import Watcher
from videnhance.conversion.job import Job
from videnhance.conversion.run import convert
from videnhance.errors import ClusterError, printable
from videnhance.media.output.output_file import save_bytes
from videnhance.media.stills.series import is_series
from videnhance.report import Report, Share

__all__ = ["convert_whole", "take_over", "whole"]

_LOOK_SECONDS = 0.05


def convert_whole(context: TaskContext, sent: bytes | None = None) -> Outcome:
    """One output that has no segments. Raises what may pass, to be repeated."""
    return answered(context, sent, number=0, work=_converted)


def _converted(
    context: TaskContext, worker: DaskWorker, heartbeat: Heartbeat
) -> Converted:
    job = context.job
    watcher = Watcher(lambda *_: None, lambda report: heartbeat(report.frames_written))
    if target_seen(context):
        return Converted(worker.name, convert(job, watcher), None)
    if is_series(job.target):
        raise ClusterError(
            f"{printable(job.target)}: its folder is not seen here, and many "
            "pictures are not sent; put it where all machines have it"
        )
    with tempfile.TemporaryDirectory(prefix="videnhance-") as folder:
        target = Path(folder) / job.target.name
        report = convert(replace(job, target=target), watcher)
        return Converted(worker.name, report, target.read_bytes())


def whole(
    cluster: Cluster, context: TaskContext, progress: WorkerProgress
) -> Converted:
    """Has one output made by a worker; gives what came of it.

    Raises ClusterError, and what the conversion raises.
    """
    upload, losses = SourceUpload(cluster, context.job.source), 0
    while True:
        call = cluster.submit(
            pickled_call(convert_whole, context),
            upload.sent,
            key=f"videnhance_whole-{context.run}-{losses}",
        )
        while not call.done():
            cluster.slots()  # says if nobody is left to wait for
            for words in cluster.told():
                progress.heard(words)
            time.sleep(_LOOK_SECONDS)
        outcome = cluster.result(call)
        if isinstance(outcome, Converted):
            return outcome
        losses += 1
        upload.answer(outcome, losses)


def take_over(outcome: Converted, job: Job, *, report: Report) -> None:
    """Gives what came back its name, and makes the worker's report this one's.

    Raises OutputError if it cannot be written.
    """
    if outcome.file is not None:
        save_bytes(outcome.file, job.target, overwrite=job.options.overwrite)
    for field in fields(Report):
        if field.name not in ("source", "target", "engine", "workers", "retries"):
            setattr(report, field.name, getattr(outcome.report, field.name))
    share = Share(0, report.frames_out, report.peak_memory_mb)
    report.workers[outcome.worker] = share
