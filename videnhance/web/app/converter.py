"""Converts the rows that wait, one after the other, each in a process of its own."""

import asyncio
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from videnhance.batch.pool import Advanced, Began, Ended, Failed
from videnhance.errors import counted
from videnhance.options import ConvertOptions
from videnhance.system.processes import WorkerProcess, readable
from videnhance.system.threads import available_cores
from videnhance.web.app.queue import Queue
from videnhance.web.app.rows import Row, State
from videnhance.web.app.worker import FolderMoved, Work, convert_file, convert_folder

__all__ = ["Converter"]

_LISTEN_SECONDS = 0.5
_END_SECONDS = 30.0
"""For an encoder to be closed, and, of a folder, for all its processes."""
_SURE_SECONDS = 3.0
"""After which a pace is one."""


class Converter:
    """Who works at the queue; one row runs at a time, with all cores it may have."""

    def __init__(self, queue: Queue, pictures: Path) -> None:
        """`pictures` is the folder of the last frames."""
        self._queue, self._pictures = queue, pictures
        self._row: Row | None = None
        self._process: WorkerProcess | None = None
        self._then: State | None = None
        """What becomes of the row that is being stopped."""
        self._is_gone = False
        self._began, self._kept = 0.0, 0

    def picture(self, row: Row) -> Path:
        """Where the last frame of a row is, if there is one."""
        return self._pictures / f"{row.id}.jpg"

    def stop(self, row: Row, then: State) -> None:
        """Ends a row's work at the next frame, if it runs; what is closed is kept."""
        if row is self._row:
            self._then = then
            if self._process is not None:
                self._process.stop()

    async def work(self) -> None:
        """Converts whatever waits while the queue runs; ends when it is cancelled."""
        queue, wake = self._queue, self._queue.waker()
        while True:
            row = queue.next() if queue.state == "running" else None
            if row is not None:
                await self._convert(row)
            if queue.state == "stopping" or (
                queue.state == "running" and queue.next() is None
            ):
                queue.state = "idle"
                queue.show()
                await queue.keep()
            if queue.state == "idle" or queue.next() is None:
                wake.clear()
                await wake.wait()

    async def _convert(self, row: Row) -> None:
        queue = self._queue
        was_there = row.is_made
        row.state, row.error, row.progress = "running", None, None
        self._row, self._then, self._is_gone = row, None, False
        queue.show(row)
        await queue.keep()
        try:
            self._process = await asyncio.to_thread(self._started, row)
            while self._goes_on(row):
                await self._hear(row, self._process)
        finally:
            how = await self._ended(row)
        if row.state == "running":
            row.state, row.error = self._outcome(how)
        if row.state == "failed" and row.is_made and not was_there:
            # A process that outlived a crash of the app came to its end meanwhile.
            row.state, row.error = "done", None
        self._row = None
        if row.id in queue.rows:
            queue.show(row)
            await queue.keep()

    def _outcome(self, how: str) -> tuple[State, str | None]:
        """What becomes of a row whose process has ended without a word."""
        if self._then is not None:
            return self._then, None
        return "failed", f"the process that converted it {how}"

    def _goes_on(self, row: Row) -> bool:
        return row.state == "running" and not (self._then or self._is_gone)

    def _started(self, row: Row) -> WorkerProcess:
        options = self._limited(row.chosen)
        self.picture(row).unlink(missing_ok=True)
        work = Work(Path(row.source), Path(row.target), options, self.picture(row))
        target = convert_folder if row.kind == "folder" else convert_file
        return WorkerProcess(partial(target, work=work))

    def _limited(self, options: ConvertOptions) -> ConvertOptions:
        """The same, polite: no pixel depends on it."""
        cores, all_cores = self._queue.cores, available_cores()
        options = replace(options, nice=True)
        if cores is None or cores >= all_cores:
            return options
        return replace(options, workers=cores, max_cpu=100 * cores / all_cores)

    async def _hear(self, row: Row, process: WorkerProcess) -> None:
        if not await asyncio.to_thread(readable, [process], _LISTEN_SECONDS):
            return
        try:
            words = await asyncio.to_thread(process.connection.recv)
        except (EOFError, OSError):
            self._is_gone = True
            return
        self._take(row, words)
        self._queue.show(row)

    async def _ended(self, row: Row) -> str:
        """Waits until the process has ended; gives how, in words."""
        process, self._process = self._process, None
        if process is None:
            return "was not started"
        if row.state == "running":
            process.stop()
        last = time.monotonic() + _END_SECONDS
        return await asyncio.to_thread(process.end, last)

    def _take(self, row: Row, words: object) -> None:
        """What the process tells."""
        if isinstance(words, Began):
            self._began, self._kept = time.monotonic(), words.kept
            row.progress = self._progress(words.kept, words.frames)
        elif isinstance(words, Advanced):
            total = (row.progress or {}).get("total")
            row.progress = self._progress(words.frames, total)
            self._learn(row)
        elif isinstance(words, FolderMoved):
            self._take_folder(row, words)
        elif isinstance(words, Failed):
            row.state, row.error = "failed", words.reason
        elif isinstance(words, Ended):
            report = words.report
            row.state, row.error = "done", None
            row.notices = [*report.notices, *report.later_notices]
            frames = report.frames_written
            row.progress = self._progress(frames, frames)

    def _take_folder(self, row: Row, moved: FolderMoved) -> None:
        row.progress = {
            "frames": moved.done + moved.failed,
            "total": moved.total,
            "frames_per_second": None,
            "seconds_left": moved.seconds_left,
        }
        row.notices = [moved.words] if moved.words else []
        if moved.ended:
            row.state = "failed" if moved.failed else "done"
            row.error = f"{moved.failed} of {counted(moved.total, 'file')} failed"
            row.error = row.error if moved.failed else None

    def _progress(self, frames: int, total: int | None) -> dict[str, Any]:
        seconds, left = time.monotonic() - self._began, None
        pace = None
        if frames > self._kept and seconds >= _SURE_SECONDS:
            pace = (frames - self._kept) / seconds
        if pace and total is not None:
            left = max(total - frames, 0) / pace
        return {
            "frames": frames,
            "total": total,
            "frames_per_second": pace,
            "seconds_left": left,
        }

    def _learn(self, row: Row) -> None:
        """How the rows that wait will fare, too."""
        plan, info, made = row.plan or {}, row.info or {}, row.progress or {}
        frames, pace = info.get("frames"), made.get("frames_per_second")
        if time.monotonic() - self._began < _SURE_SECONDS or not (frames and pace):
            return
        if plan.get("seconds"):
            self._queue.pace = min(max(frames / plan["seconds"] / pace, 0.1), 10.0)
