"""What the app does by itself: looks at what is added, and converts what waits."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from videnhance.errors import VidenhanceError
from videnhance.web.app import presets
from videnhance.web.app.answers import Answerer
from videnhance.web.app.choices import looks, offered
from videnhance.web.app.clips import answer_with_clips
from videnhance.web.app.converter import Converter
from videnhance.web.app.events import Event, Hub
from videnhance.web.app.files import Roots, Uploads
from videnhance.web.app.opening import has_screen
from videnhance.web.app.pictures import answer_kindly
from videnhance.web.app.previews import answer_quickly
from videnhance.web.app.queue import Queue
from videnhance.web.app.queue_file import QueueFile
from videnhance.web.app.rows import Row
from videnhance.web.app.security import Door

__all__ = ["Desk"]

_FIRST_SHARE = 3
"""Of a film, after which a page shows its first picture."""


class Desk:
    """The queue with those who work at it."""

    def __init__(
        self, file: QueueFile, roots: Roots, uploads: Uploads, door: Door
    ) -> None:
        self.roots, self.uploads, self.door = roots, uploads, door
        self.hub = Hub(self._events)
        self.queue = Queue(file, roots, uploads, self.hub.tell)
        self.looker = Answerer(answer_kindly)
        self.planner = Answerer(answer_kindly)
        self.previewer = Answerer(answer_quickly)
        self.clipper = Answerer(answer_with_clips)
        self.pictures = _emptied(uploads.folder.parent / "pictures")
        self.converter = Converter(self.queue, self.pictures)

    @asynccontextmanager
    async def works(self) -> AsyncIterator[None]:
        """Does all that it does by itself until the block is left."""
        looks = self._each(False, self._look), self._each(True, self._plan)
        work = *looks, self._warm(), self.converter.work()
        tasks = [asyncio.create_task(one) for one in work]
        try:
            yield
        finally:
            self.hub.close()
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
            helpers = self.looker, self.planner, self.previewer, self.clipper
            await asyncio.gather(*(helper.close() for helper in helpers))

    async def remove(self, rows: list[Row]) -> None:
        """Takes rows out of the queue, and removes what was kept for them: pictures,
        and what was uploaded. What is made of them stays.
        """
        self.queue.remove(rows)
        for row in rows:
            await self.converter.end(row)
            for path in self.pictures.glob(f"{row.id}*"):
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            self.uploads.forget(Path(row.source))

    def state(self) -> dict[str, Any]:
        """All that a page shows."""
        return {
            "queue": self.queue.as_json(),
            "rows": [row.as_json() for row in self.queue.rows.values()],
            "presets": presets.as_json(),
            "options": offered(),
            "looks": looks(),
            "can": {
                "open_folder": self.door.is_local,
                "live": self.door.is_local and has_screen(),
            },
        }

    def _events(self, names: list[str]) -> list[Event]:
        if "state" in names:
            return [("state", self.state())]
        rows, events = self.queue.rows, list[Event]()
        removed = [name[8:] for name in names if name.startswith("removed ")]
        if removed:
            events.append(("removed", {"ids": removed}))
        for name in names:
            if name.startswith("row ") and name[4:] in rows:
                events.append(("row", rows[name[4:]].as_json()))
        if "order" in names:
            events.append(("order", {"ids": [*rows]}))
        if "presets" in names:
            events.append(("presets", presets.as_json()))
        if "queue" in names:
            events.append(("queue", self.queue.as_json()))
        return events

    async def _warm(self) -> None:
        """Loads what the first picture needs, before somebody asks for it."""
        with suppress(VidenhanceError):
            await self.previewer.ask("warm")

    async def _each(
        self, known: bool, look: Callable[[Row], Awaitable[None]]
    ) -> NoReturn:
        """Looks at each row that is to be looked at; what cannot work is told."""
        queue = self.queue
        wake = queue.waker()
        while True:
            row = queue.unseen(known=known)
            if row is None:
                wake.clear()
                await wake.wait()
                continue
            try:
                await look(row)
            except VidenhanceError as error:
                row.seen = True
                if row.state == "looking":
                    row.state, row.error = "refused", str(error)
            if row.id in queue.rows:
                queue.show(row)
                await queue.note()

    async def _look(self, row: Row) -> None:
        """Finds out what a row is."""
        track = row.chosen.video_track
        row.info = await self.looker.ask("look", row.source, track)

    async def _plan(self, row: Row) -> None:
        """Finds out what becomes of a row, with its first picture made ready."""
        row.seen = True
        if row.info is not None:
            options = row.chosen
            with suppress(VidenhanceError):
                asked = row.source, options, _first_moment(row.info)
                await self.previewer.ask("prepare", *asked)
            row.plan = await self.planner.ask("plan", row.source, row.target, options)
        row.state = "ready" if row.state == "looking" else row.state


def _first_moment(info: dict[str, Any]) -> float:
    """The moment, in seconds, of the first picture that a page asks for."""
    seconds, rate = info["seconds"] or 0.0, info["rate"] or 25.0
    return round(max(min(seconds / _FIRST_SHARE, seconds - 1 / rate), 0.0), 3)


def _emptied(folder: Path) -> Path:
    """A folder for what lasts no longer than the app."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return folder
