"""A conversion by a cluster, as `convert` asks for it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex

from videnhance.cluster.client import Cluster
from videnhance.cluster.coordinator import Beginning, Spread
from videnhance.cluster.messages import Commission
from videnhance.cluster.progress import Tally
from videnhance.cluster.single_task import Conversion, taken_over, whole
from videnhance.conversion.fingerprint import library_key
from videnhance.conversion.job import Job, Resources
from videnhance.conversion.journal import Journal
from videnhance.conversion.resolve import Engine, Work, source_key
from videnhance.conversion.segments import SegmentedWriter, Tails
from videnhance.conversion.workdir import folder_failure
from videnhance.errors import UsageError
from videnhance.frame import Frame
from videnhance.media.open_any import PIPE
from videnhance.media.output.header import MemoryOutput, OutputPlan
from videnhance.media.output.output_file import temporary_beside
from videnhance.models.card import card_names
from videnhance.report import Report

__all__ = ["Helpers", "connected"]


def connected(job: Job) -> AbstractContextManager[Cluster | None]:
    """The cluster of a job, its workers getting ready; None if it wants none.

    Raises UsageError for what cannot go to a cluster, and what Cluster raises.
    """
    if (address := job.resources.cluster) is None:
        return nullcontext()
    if PIPE in (job.source, job.target):
        raise UsageError(
            "--cluster: other machines cannot read or write this one's pipe; name "
            "files, or leave --cluster out"
        )
    return Cluster(address, gpu=job.choice.device == "cuda")


@dataclass(frozen=True, slots=True)
class Helpers:
    """A cluster at work for one conversion."""

    cluster: Cluster
    work: Work
    engine: Engine
    report: Report
    advanced: Callable[[Report], None]
    """Is told of each frame."""

    def spread(
        self,
        plan: OutputPlan,
        kept: Journal,
        writer: SegmentedWriter,
        frames: Iterator[Frame],
        tails: Tails,
    ) -> None:
        """Has the segments of these frames made, and enters them. Raises as Spread."""
        kept.clear_parts()
        tally = Tally(self.report, self.advanced, self.engine.key.get("arithmetic", ""))
        with _token(kept.folder / f".{token_hex(4)}.part", plan.target) as token:
            commission = replace(self._commission(token), plan=_bare(plan))
            spread = Spread(self.cluster, commission, writer, tally)
            spread.run(frames, tails, _beginning(plan, kept))
        self.report.add("processor", tally.processor_seconds)
        self.report.later_notices += tally.notices()

    def whole(self, conversion: Conversion) -> None:
        """Has the output made by one worker. Raises ClusterError, and its errors."""
        job, tally = self.work.job, Tally(self.report, self.advanced)
        with _token(temporary_beside(job.target), job.target) as token:
            outcome = whole(self.cluster, self._commission(token), conversion, tally)
        tally.converted(outcome.report.frames_written)
        taken_over(outcome, job, self.report)

    def _commission(self, token: Path) -> Commission:
        job, key, model = self.work.job, self.engine.key, self.work.job.choice.model
        choice = replace(
            job.choice,
            model=model if model in card_names() else str(Path(model).absolute()),
            precision=key.get("precision", "auto"),
            device="cuda" if key.get("cuda") else "cpu",
        )
        return Commission(
            run=self.cluster.run,
            job=replace(
                job,
                choice=choice,
                # Elsewhere a name counts from another folder.
                source=job.source.absolute(),
                target=job.target.absolute(),
                # What may be used of this machine says nothing of another.
                resources=Resources(isolate=job.resources.isolate),
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


def _bare(plan: OutputPlan) -> OutputPlan:
    """The plan as far as a segment needs it."""
    return replace(plan, source=None, streams=(), notices=())


def _beginning(plan: OutputPlan, kept: Journal) -> Beginning:
    with MemoryOutput(_bare(plan)) as trial:
        base = trial.coder.time_base
    last_pts = kept.segments[-1].last_pts if kept.segments else None
    return Beginning(kept.mark, last_pts, base, plan.zero)
