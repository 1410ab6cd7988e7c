"""What a process runs that converts one row of the queue, a file or a folder.

It ends by SIGTERM, or when the app is gone: what is closed of its work is kept.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from videnhance.batch.batch_options import batch_options_of
from videnhance.batch.outcome import Finished, Looked, Status, Ticked
from videnhance.batch.pool import Failed, Teller, WorkerPool, answer
from videnhance.batch.records import Records
from videnhance.batch.run import Batch
from videnhance.batch.timing import Watch
from videnhance.conversion.executor import Executor, LocalExecutor, Running, make_here
from videnhance.conversion.job import Job, job_of
from videnhance.conversion.segments import SegmentedWriter
from videnhance.errors import VidenhanceError
from videnhance.frame import Frame, VideoInfo
from videnhance.options import ConvertOptions, FolderOptions
from videnhance.system.processes import obeys_its_parent
from videnhance.system.startup import begin
from videnhance.web.app.pictures import small_jpeg

__all__ = ["FolderMoved", "Work", "convert_file", "convert_folder"]

_SHOW_SECONDS = 2.0
_TELL_SECONDS = 0.5
_WIDTH = 640
"""Of the picture of the last frame."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one process is to make."""

    source: Path
    target: Path
    options: ConvertOptions
    picture: Path
    """Where the last frame is shown, as a JPEG."""


@dataclass(frozen=True, slots=True)
class FolderMoved:
    """How far a folder is."""

    done: int
    failed: int
    total: int
    seconds_left: float | None
    words: str = ""
    """Of the file that failed last."""
    ended: bool = False


def convert_file(connection: Connection, work: Work) -> None:
    """Converts a file, and tells of it as `batch.pool` does."""
    obeys_its_parent()
    begin()
    teller = Teller(connection)
    try:
        job = job_of(work.source, work.target, options=work.options)
    except VidenhanceError as error:
        teller.say(Failed(str(error)))
        return
    teller.say(answer(job, teller.watcher, partial(_showing, work.picture)))


@contextmanager
def _showing(picture: Path, job: Job) -> Iterator[Executor]:
    del job
    yield _Showing(picture)


class _Showing(LocalExecutor):
    """Makes all frames here, and now and then shows one."""

    def __init__(self, picture: Path) -> None:
        self._picture, self._shown = picture, 0.0

    def make_segments(
        self, running: Running, frames: Iterator[Frame], writer: SegmentedWriter
    ) -> None:
        """As LocalExecutor."""
        settings, info = running.work.job.settings, running.reader.info
        finish = settings.finish

        def finished(frame: Frame) -> Frame:
            made = frame if finish is None else finish(frame)
            now = time.monotonic()
            if now - self._shown >= _SHOW_SECONDS:
                self._shown = now
                self._show(made, info)
            return made

        noted = writer.points.noted(frames)
        settings = replace(settings, finish=finished)
        make_here(running, noted, sink=writer, settings=settings)

    def _show(self, frame: Frame, info: VideoInfo) -> None:
        part = self._picture.with_suffix(".part")
        with suppress(OSError):  # nobody needs it
            part.write_bytes(small_jpeg(frame, info, _WIDTH))
            part.replace(self._picture)


def convert_folder(connection: Connection, work: Work) -> None:
    """Converts what is not done of a folder, and tells of it as FolderMoved."""
    obeys_its_parent()
    assert isinstance(work.options, FolderOptions)
    teller, moved, told = Teller(connection), FolderMoved(0, 0, 0, None), 0.0
    ends: dict[str, Status] = {}
    try:
        order = batch_options_of(work.source, work.target, options=work.options)
        with ExitStack() as stack:
            records = stack.enter_context(Records(order.target))
            pool = stack.enter_context(WorkerPool(order.jobs))
            watch = None
            if work.options.watch:
                watch = stack.enter_context(Watch(order.source, order.target))
            batch = Batch(order, records, pool, watch)
            for event in stack.enter_context(closing(batch.events())):
                stood = time.monotonic()
                teller.obey(pool.pause)
                batch.eta.paused(time.monotonic() - stood)
                if isinstance(event, Looked):
                    total = max(len(event.found.inputs), moved.total)
                    moved = replace(moved, total=total)
                if isinstance(event, Finished):
                    ends[event.outcome.source] = event.outcome.status
                    moved = _counted(moved, ends, event)
                if isinstance(event, Ticked):
                    moved = replace(moved, seconds_left=event.seconds_left)
                if time.monotonic() - told >= _TELL_SECONDS:
                    told = time.monotonic()
                    teller.say(moved)
    except VidenhanceError as error:
        teller.say(Failed(str(error)))
        return
    teller.say(replace(moved, ended=True, seconds_left=0.0))


def _counted(
    moved: FolderMoved, ends: dict[str, Status], event: Finished
) -> FolderMoved:
    outcome, states = event.outcome, [*ends.values()]
    failed = states.count(Status.FAILED)
    words = moved.words
    if outcome.status is Status.FAILED:
        words = f"{outcome.source}: {outcome.reason}"
    return replace(moved, done=len(states) - failed, failed=failed, words=words)
