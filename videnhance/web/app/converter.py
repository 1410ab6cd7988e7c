"""Converts the rows that wait, one after the other, each in a process of its own."""

import asyncio
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from videnhance.batch.pool import Advanced, Began, Ended, Failed, Pause
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
_MOST_HELD = 2
"""Processes that stand still: each has frames, a network and an encoder in memory."""
_OVER = ("done", "failed")


class Converter:
    """Who works at the queue; one row runs at a time, with all cores it may have.

    A row that is paused keeps its process, which stands still between two frames.
    """

    def __init__(self, queue: Queue, pictures: Path) -> None:
        """`pictures` is the folder of the last frames."""
        self._queue, self._pictures = queue, pictures
        self._row: Row | None = None
        self._process: WorkerProcess | None = None
        self._held: dict[str, tuple[Work, WorkerProcess]] = {}
        """Processes that stand still, by their rows."""
        self._turn = asyncio.Lock()
        self._stands, self._is_gone = False, False
        self._began, self._kept = 0.0, 0

    def picture(self, row: Row) -> Path:
        """Where the last frame of a row is, if there is one."""
        return self._pictures / f"{row.id}.jpg"

    def pause(self, row: Row, state: State) -> None:
        """Has a row's work, if it runs, stand still after the frame that it is at."""
        if row.state == "running":
            row.state = state
            if self._process is not None:
                self._process.tell(Pause(True))

    async def end(self, row: Row) -> None:
        """Ends what works at a row that was removed; what is closed of it is kept."""
        if row is self._row:
            if self._process is not None:
                self._process.stop()
            async with self._turn:
                return
        await self._drop(row.id)

    async def work(self) -> None:
        """Converts whatever waits while the queue runs; ends when it is cancelled."""
        queue, wake = self._queue, self._queue.waker()
        try:
            while True:
                row = queue.next() if queue.state == "running" else None
                if row is not None:
                    await self._convert(row)
                if queue.state == "stopping" or (
                    queue.state == "running" and queue.next() is None
                ):
                    queue.state = "idle"
                    queue.show()
                    await queue.note()
                if queue.state == "idle" or queue.next() is None:
                    wake.clear()
                    await wake.wait()
        finally:
            await asyncio.gather(*(self._drop(one) for one in [*self._held]))

    async def _convert(self, row: Row) -> None:
        queue = self._queue
        was_there = row.is_made
        row.state, row.error = "running", None
        self._row, self._stands, self._is_gone = row, False, False
        queue.show(row)
        await queue.note()
        async with self._turn:
            how = await self._worked(row)
            self._row = None
            for oldest in [*self._held][:-_MOST_HELD]:
                await self._drop(oldest)
        if row.id not in queue.rows:
            return
        if not (self._stands or row.state in _OVER):
            row.state, row.error = "failed", f"the process that converted it {how}"
        if row.state == "failed" and row.is_made and not was_there:
            # A process that outlived a crash of the app came to its end meanwhile.
            row.state, row.error = "done", None
        queue.show(row)
        await queue.note()

    async def _worked(self, row: Row) -> str:
        """Has a process work at a row until it ends or stands still; gives how it
        ended, in words.
        """
        work = self._work(row)
        try:
            process = self._process = await self._running(row, work)
            if row.id not in self._queue.rows:
                process.stop()
            elif row.state != "running":
                process.tell(Pause(True))
            while self._goes_on(row):
                await self._hear(row, process)
        finally:
            held, self._process = self._process, None
            if held is not None and self._stands and row.id in self._queue.rows:
                self._held[row.id] = work, held
                how = "stands still"
            else:
                how = await _ended(held, in_order=row.state in _OVER)
        return how

    def _goes_on(self, row: Row) -> bool:
        return not (self._stands or self._is_gone or row.state in _OVER)

    async def _running(self, row: Row, work: Work) -> WorkerProcess:
        """What stood still for a row, if it does this work; else a new process."""
        held = self._held.get(row.id)
        if held is not None and held[0] == work and held[1].is_alive:
            del self._held[row.id]
            held[1].tell(Pause(False))
            return held[1]
        await self._drop(row.id)
        row.progress = None
        work.picture.unlink(missing_ok=True)
        target = convert_folder if row.kind == "folder" else convert_file
        return await asyncio.to_thread(WorkerProcess, partial(target, work=work))

    def _work(self, row: Row) -> Work:
        options = self._limited(row.chosen)
        return Work(Path(row.source), Path(row.target), options, self.picture(row))

    async def _drop(self, row: str) -> None:
        """Ends the process that stands still for a row."""
        if row in self._held:
            _, process = self._held.pop(row)
            await _ended(process)

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

    def _take(self, row: Row, words: object) -> None:
        """What the process tells."""
        if isinstance(words, Began):
            self._began, self._kept = time.monotonic(), words.kept
            row.progress = self._progress(words.kept, words.frames)
        elif isinstance(words, Advanced):
            total = (row.progress or {}).get("total")
            row.progress = self._progress(words.frames, total)
            self._learn(row)
        elif isinstance(words, Pause):
            self._stands = words.paused
            self._began = time.monotonic()
            self._kept = (row.progress or {}).get("frames", 0)
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


async def _ended(process: WorkerProcess | None, *, in_order: bool = False) -> str:
    """Ends a process, or waits until one that has nothing more to do has ended; gives
    how, in words.
    """
    if process is None:
        return "was not started"
    if not in_order:
        process.stop()
    last = time.monotonic() + _END_SECONDS
    return await asyncio.to_thread(process.end, last)
