"""The queue: its rows in order, and what may be done with them.

Lives in one event loop; every change is on the disk before it is answered.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from videnhance.batch.inputs import is_media
from videnhance.errors import (
    InputError,
    OutputError,
    UsageError,
    VidenhanceError,
    printable,
)
from videnhance.media.containers import CONTAINERS
from videnhance.media.picture_formats import PICTURES
from videnhance.web.app.choices import merged
from videnhance.web.app.files import Roots, Uploads
from videnhance.web.app.queue_file import QueueFile
from videnhance.web.app.rows import OPEN, Row

__all__ = ["Queue"]

_MOST_ROWS = 2000
_ADDED = "enlarged"
QueueState = Literal["idle", "running", "stopping"]
Tell = Callable[..., None]


class Queue:
    """Rows by their ids, in the order in which they are done."""

    def __init__(
        self, file: QueueFile, roots: Roots, uploads: Uploads, tell: Tell
    ) -> None:
        """`tell` takes the names of what has changed."""
        self.state: QueueState = "idle"
        self.cores: int | None = None
        self.rows: dict[str, Row] = {}
        self._wakers: list[asyncio.Event] = []
        self.pace = 1.0
        """How much longer rows take than was foretold."""
        self._file, self._roots, self._uploads = file, roots, uploads
        self.tell = tell
        self._turn = asyncio.Lock()
        kept = file.read()
        self.state = "running" if kept.get("state") == "running" else "idle"
        self.cores = kept.get("cores")
        for values in kept.get("rows", []):
            try:
                row = Row.of(values)
            except (TypeError, ValueError, VidenhanceError):
                continue  # of another version
            row.seen = row.plan is not None or row.state not in OPEN
            self.rows[row.id] = row

    def waker(self) -> asyncio.Event:
        """Set whenever something may be to do; who does it clears it."""
        self._wakers.append(asyncio.Event())
        return self._wakers[-1]

    def as_json(self) -> dict[str, Any]:
        """How it stands as a whole."""
        states = [row.state for row in self.rows.values()]
        return {
            "state": self.state,
            "cores": self.cores,
            "seconds_left": self._seconds_left(),
            "done": states.count("done"),
            "failed": states.count("failed") + states.count("refused"),
            "waiting": states.count("waiting"),
        }

    async def keep(self) -> None:
        """Has the disk know what holds now. Raises OutputError."""
        async with self._turn:
            rows = [row.kept() for row in self.rows.values()]
            values = {"state": self.state, "cores": self.cores, "rows": rows}
            await asyncio.to_thread(self._file.write, values)

    async def note(self) -> None:
        """Keeps what came by itself; a disk that is full now takes it the next time."""
        with suppress(OutputError):
            await self.keep()

    def show(self, *rows: Row) -> None:
        """These have changed, and with them perhaps the whole."""
        self.tell(*(f"row {row.id}" for row in rows), "queue")
        for waker in self._wakers:
            waker.set()

    def add(self, paths: Iterable[object], options: Mapping[str, Any]) -> "Added":
        """Adds a row for each file or folder that may be used."""
        made: list[Row] = []
        refused: list[dict[str, str]] = []
        for words in paths:
            try:
                made.append(self._added(words, options))
            except VidenhanceError as error:
                refused.append({"path": str(words), "error": str(error)})
        self.show(*made)
        return made, refused

    def _added(self, words: object, options: Mapping[str, Any]) -> Row:
        if len(self.rows) >= _MOST_ROWS:
            raise UsageError(f"the queue has {_MOST_ROWS} rows: remove some first")
        path = self._roots.inside(words)
        kind: Literal["file", "folder"] = "folder" if path.is_dir() else "file"
        if kind == "file" and not is_media(path.name):
            raise InputError(f"{printable(path.name)} is no video or picture")
        row = Row(secrets.token_hex(6), kind, str(path), "")
        row.options = merged({}, options)
        row.target = str(self._target(row))
        _ = row.chosen
        self.rows[row.id] = row
        return row

    def named(self, ids: Iterable[object]) -> list[Row]:
        """The rows of these ids. Raises UsageError."""
        found = []
        for one in ids:
            if not isinstance(one, str) or one not in self.rows:
                raise UsageError(f"there is no row {printable(one)} any more")
            found.append(self.rows[one])
        return found

    def change(
        self, rows: list[Row], options: Mapping[str, Any], *, preset: str | None = None
    ) -> None:
        """Gives rows other options; those of a row that runs hold from its next start.

        With a preset, they take the place of all others. Raises UsageError, and then
        changes none.
        """
        changed = []
        for row in rows:
            before = row if preset is None else replace(row, options={})
            trial = before.with_options(options)
            _ = trial.chosen
            changed.append((row, trial.options))
        for row, chosen in changed:
            before_to, row.options, row.preset = row.options.get("to"), chosen, preset
            if chosen.get("to") != before_to and row.kind == "file":
                row.target = str(self._target(row))
            row.seen = row.kind == "folder"
            if "video_track" in options:
                row.info = None
            if row.state in ("ready", "refused", "looking"):
                row.state, row.error = "looking", None
        self.show(*rows)

    def move_target(self, row: Row, words: object) -> None:
        """Gives a row's output another name. Raises InputError or UsageError."""
        target = self._roots.output(words)
        known = row.kind == "folder" or target.suffix.lower() in {
            *CONTAINERS,
            *PICTURES,
        }
        if not known:
            raise UsageError(f"{printable(target.name)} cannot be made: name a .mp4")
        row.target, row.seen = str(target), row.kind == "folder"
        self.show(row)

    def watch(self, rows: list[Row], watches: bool) -> None:
        """Has folders go on with files that come, or not. Raises UsageError."""
        for row in rows:
            if row.kind != "folder":
                raise UsageError(f"{printable(row.source)} is no folder to watch")
            _ = replace(row, keep_watching=watches).chosen
        for row in rows:
            row.keep_watching = watches
        self.show(*rows)

    def retry(self, rows: list[Row]) -> None:
        """Does rows again; what is done already stays, and the new has another name.

        What was refused is looked at again.
        """
        for row in rows:
            if row.state == "done" and row.kind == "file":
                row.target = str(self._target(row))
            again = row.state != "refused" and self.state != "idle"
            row.state = "waiting" if again else "looking"
            row.error, row.progress, row.seen = None, None, False
            row.info = None
        self.show(*rows)

    def remove(self, rows: list[Row]) -> None:
        """Takes rows out; what is made of them stays, and can be gone on with."""
        for row in rows:
            del self.rows[row.id]
        self.tell(*(f"removed {row.id}" for row in rows), "queue")

    def move(self, rows: list[Row], before: str | None) -> None:
        """Puts rows before another one, or to the end."""
        moved = {row.id: row for row in rows}
        rest = [row for row in self.rows.values() if row.id not in moved]
        places = [row.id for row in rest]
        at = places.index(before) if before in places else len(rest)
        order = [*rest[:at], *rows, *rest[at:]]
        self.rows = {row.id: row for row in order}
        self.tell("order")

    def next(self) -> Row | None:
        """The first row that waits."""
        return next((r for r in self.rows.values() if r.state == "waiting"), None)

    def unseen(self, *, known: bool) -> Row | None:
        """The first row that is to be looked at: of which it is `known` what it is, and
        not what becomes of it, or not even that.
        """
        rows = (r for r in self.rows.values() if not r.seen and r.state in OPEN)
        return next((r for r in rows if r.is_known is known), None)

    def start(self) -> None:
        """Lets all rows that are ready wait for their turn, and begins."""
        for row in self.rows.values():
            if row.state in ("ready", "looking"):
                row.state = "waiting"
        self.state = "running"
        self.show(*self.rows.values())

    def _seconds_left(self) -> float | None:
        total = 0.0
        for row in self.rows.values():
            if row.state not in ("running", "waiting"):
                continue
            left = (row.progress or {}).get("seconds_left")
            if left is None:
                planned = (row.plan or {}).get("seconds")
                left = None if planned is None else planned * self.pace
            if left is None:
                return None
            total += left
        return total

    def _target(self, row: Row) -> Path:
        """A name beside the source that neither a file nor another row has; of what
        was uploaded, among the user's films.
        """
        source, suffix = Path(row.source), ""
        if row.kind == "file":
            suffix = source.suffix
            wanted = row.options.get("to")
            is_picture = suffix.lower() in PICTURES
            if wanted and not is_picture:
                suffix = f".{wanted}"
            elif suffix.lower() not in {*CONTAINERS, *PICTURES}:
                suffix = ".mkv"
        folder = source.parent
        if self._uploads.holds(source):
            folder = self._roots.films()
        stem = source.stem if row.kind == "file" else source.name
        taken = {other.target for other in self.rows.values() if other.id != row.id}
        for number in range(1, 10_000):
            more = "" if number == 1 else f"-{number}"
            target = folder / f"{stem}-{_ADDED}{more}{suffix}"
            if str(target) not in taken and not target.exists():
                return target
        raise UsageError(f"{printable(source.name)}: all names for its output are used")


Added = tuple[list[Row], list[dict[str, str]]]
