"""Has a conversion made by a cluster: connected, given the work, reported on."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from secrets import token_hex

from videnhance.cluster.client import Cluster
from videnhance.cluster.compat import pickled_call
from videnhance.cluster.coordinator import Beginning, Coordinator, SourceUpload
from videnhance.cluster.messages import Converted, Outcome, TaskContext, WorkerProgress
from videnhance.cluster.worker import DaskWorker, Heartbeat, answered, target_seen
from videnhance.conversion.executor import Executor, Running, Watcher, local
from videnhance.conversion.fingerprint import library_key, source_key
from videnhance.conversion.job import Job
from videnhance.conversion.run import convert
from videnhance.conversion.segments import SegmentedWriter
from videnhance.conversion.workdir import folder_failure
from videnhance.errors import ClusterError, UsageError, printable
from videnhance.frame import Frame
from videnhance.media.open_any import PIPE
from videnhance.media.output.header import MemoryOutput
from videnhance.media.output.output_file import save_bytes, temporary_beside
from videnhance.media.stills.series import is_series
from videnhance.models.card import card_names
from videnhance.pipeline.report import Report, Share

__all__ = ["ClusterExecutor", "executor_for"]

_LOOK_SECONDS = 0.05


@contextmanager
def executor_for(job: Job) -> Iterator[Executor]:
    """Who makes the frames of a job: this machine, or the cluster that it names.

    Raises UsageError for what cannot go to a cluster, and what Cluster raises.
    """
    address = job.options.cluster
    if address is None:
        with local(job) as here:
            yield here
        return
    if PIPE in (job.source, job.target):
        raise UsageError(
            "--cluster: other machines cannot read or write this one's pipe; name "
            "files, or leave --cluster out"
        )
    with Cluster(address, gpu=job.choice.device == "cuda") as cluster:
        yield ClusterExecutor(cluster)


class ClusterExecutor:
    """The workers of an open cluster, which make all frames."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def check_ready(self, says: Callable[[str], None]) -> None:
        """Waits for the first worker, and compares the libraries of all."""
        self._cluster.check_workers(says)

    def make_segments(
        self, running: Running, frames: Iterator[Frame], writer: SegmentedWriter
    ) -> None:
        """Has the segments of these frames made, and enters them.

        Raises as Coordinator does.
        """
        report, plan, kept = running.report, writer.plan, writer.journal
        kept.clear_parts()
        arithmetic = running.model.key.get("arithmetic", "")
        progress = WorkerProgress(report, running.watcher.advanced, arithmetic)
        bare = replace(plan, source=None, streams=(), notices=())
        with MemoryOutput(bare) as trial:
            base = trial.coder.time_base
        last_pts = kept.segments[-1].last_pts if kept.segments else None
        beginning = Beginning(kept.mark, last_pts, base, plan.zero)
        with _token(kept.folder / f".{token_hex(4)}.part", plan.target) as token:
            context = replace(self._context(running, token), plan=bare)
            coordinator = Coordinator(self._cluster, context, writer, progress)
            coordinator.run(frames, writer.points, beginning)
        report.add("processor", progress.processor_seconds)
        report.later_notices += progress.notices()

    def make_whole(self, running: Running, here: Callable[[], None]) -> None:
        """Has one worker make the output. Raises ClusterError, and its errors."""
        del here
        job, report, reader = running.work.job, running.report, running.reader
        report.notices += [*job.notices, *reader.notices]
        running.watcher.started(reader.info, report)
        progress = WorkerProgress(report, running.watcher.advanced)
        with _token(temporary_beside(job.target), job.target) as token:
            outcome = _whole(self._cluster, self._context(running, token), progress)
        progress.converted(outcome.report.frames_written)
        _take_over(outcome, job, report=report)

    def _context(self, running: Running, token: Path) -> TaskContext:
        job, key = running.work.job, running.model.key
        model = job.choice.model
        choice = replace(
            job.choice,
            model=model if model in card_names() else str(Path(model).absolute()),
            precision=key.get("precision", "auto"),
            device="cuda" if key.get("cuda") else "cpu",
        )
        return TaskContext(
            run=self._cluster.run,
            job=replace(
                job,
                choice=choice,
                # Elsewhere a name counts from another folder.
                source=job.source.absolute(),
                target=job.target.absolute(),
                options=replace(
                    job.options,
                    # What may be used of this machine says nothing of another.
                    nice=False,
                    max_cpu=None,
                    max_memory=None,
                    cluster=None,
                    # Who asked has the whole output.
                    compare=False,
                ),
            ),
            source=source_key(job.source),
            token=token.absolute(),
            versions=library_key(),
            digest=key.get("model file", ("", ""))[1],
        )


@contextmanager
def _token(path: Path, target: Path) -> Iterator[Path]:
    try:
        path.touch()
    except OSError as error:
        raise folder_failure(target, error) from error
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _convert_whole(context: TaskContext, sent: bytes | None = None) -> Outcome:
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


def _whole(
    cluster: Cluster, context: TaskContext, progress: WorkerProgress
) -> Converted:
    """Has one output made by a worker; gives what came of it.

    Raises ClusterError, and what the conversion raises.
    """
    upload, losses = SourceUpload(cluster, context.job.source), 0
    while True:
        call = cluster.submit(
            pickled_call(_convert_whole, context),
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


def _take_over(outcome: Converted, job: Job, *, report: Report) -> None:
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
