"""What is done of an unfinished output: one line for each closed segment.

A line has a checksum and is synced before the next segment begins, after its file: what
the journal names is there, whatever moment the power fails.
"""

import errno
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from videnhance.conversion.workdir import (
    Key,
    folder_beside,
    folder_failure,
    is_whole,
    journal_line,
    locked_journal,
    parsed_line,
    segment_file,
)
from videnhance.errors import OtherWorkError, printable
from videnhance.media.source import ResumePoint
from videnhance.system.disk import sync, sync_folder

__all__ = ["Journal", "Segment"]

_NO_SYNC = (
    "the disk of the output cannot be told to keep what is written: look at the output "
    "if the power fails"
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A closed segment."""

    frames: int
    bytes: int
    first_pts: int
    """In ticks of the output, like those below."""
    last_pts: int
    end_pts: int
    delay: int
    """Packets that come before the first picture can be shown."""
    tail: tuple[tuple[int, int], ...]
    """Time in the source and checksum of its last frames, to find the place again."""
    counts: Mapping[str, int]
    """Damage met so far, by kind."""
    chosen: Mapping[str, float] = field(default_factory=dict)
    """Under a time budget: the seconds that it took, the share of its cells that the
    network saw, and of its frames that had motion."""


class Journal:
    """The open journal of one output; it is locked against a second run.

    Raises UsageError if it belongs to other work, OutputError if the disk refuses or
    another run holds it.
    """

    def __init__(self, target: Path, key: Key, lasts: bool = True) -> None:
        """`lasts` is False for work that nothing can go on with: a pipe's."""
        self.target, self.folder, self._lasts = target, folder_beside(target), lasts
        self.key: Key = json.loads(json.dumps(key))
        self.segments: list[Segment] = []
        self.complete = False
        self.holds = False
        """Whether there is something to go on with beside closed segments."""
        self.notices: list[str] = []
        """What the user must hear of the disk."""
        self._removed = False
        try:
            self._file = locked_journal(self.folder, target)
        except OSError as error:
            raise folder_failure(target, error) from error
        self.notices += self._file.notices
        try:
            self._read()
        except OSError as error:
            self._file.close()
            raise folder_failure(target, error) from error
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *error: object) -> None:
        """Keeps the folder if there is something in it to go on with."""
        goes_on = self.segments or self.complete or self.holds
        if not self._removed and not (self._lasts and goes_on):
            self.remove()
        self._file.close()

    @property
    def frames(self) -> int:
        """Frames in closed segments."""
        return sum(segment.frames for segment in self.segments)

    @property
    def mark(self) -> ResumePoint:
        """Where the work goes on."""
        last = self.segments[-1].tail if self.segments else ()
        return ResumePoint(self.frames, last)

    @property
    def counts(self) -> Mapping[str, int]:
        """Damage met in closed segments, by kind; empty if there are none."""
        return self.segments[-1].counts if self.segments else {}

    @property
    def seconds(self) -> float:
        """What closed segments took that were made under a time budget."""
        return sum(one.chosen.get("seconds", 0.0) for one in self.segments)

    @property
    def bytes(self) -> int:
        """Size of all closed segments."""
        return sum(segment.bytes for segment in self.segments)

    def path(self, number: int) -> Path:
        """The file of a segment, counted from 0."""
        return segment_file(self.folder, number)

    def unfinished(self) -> Path:
        """Where the next segment is written until it is closed; nothing is there."""
        path = self.folder / f"{len(self.segments):06d}.part"
        path.unlink(missing_ok=True)
        return path

    def close_segment(self, part: Path, segment: Segment) -> None:
        """Enters a segment whose file is synced. Raises OSError."""
        os.replace(part, self.path(len(self.segments)))
        sync_folder(self.folder)
        self._append({"segment": asdict(segment)})
        self.segments.append(segment)

    def close_last(self) -> None:
        """Enters that there are no more frames: only joining is left."""
        self._append({"complete": self.frames})
        self.complete = True

    def clear_parts(self) -> None:
        """Removes what an earlier run has left half made: it holds the lock no more."""
        for pattern in (".*.part*", "*.part"):
            for path in self.folder.glob(pattern):
                path.unlink(missing_ok=True)

    def publishes(self, file: Path) -> None:
        """Enters that this file is about to get the output's name. Raises OSError."""
        status = file.stat()
        self._append({"publishes": [status.st_ino, status.st_size]})

    def cut_to(self, count: int) -> None:
        """Forgets all segments after the first `count`."""
        if count < len(self.segments):
            del self.segments[count:]
            self.complete = False

    def remove(self) -> None:
        """Removes the folder: the output is there, or the work is given up."""
        self.segments, self.complete, self._removed = [], False, True
        # What cannot be removed harms nobody; the output is whole.
        shutil.rmtree(self.folder, ignore_errors=True)

    def _append(self, values: Mapping[str, Any]) -> None:
        line = journal_line(values)
        if self._file.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._sync()

    def _sync(self) -> None:
        if not sync(self._file.fileno()) and _NO_SYNC not in self.notices:
            self.notices.append(_NO_SYNC)

    def _read(self) -> None:
        """Takes what holds; the first line that does not ends it, and is cut off."""
        lines = [(line, parsed_line(line)) for line in self._file.readlines()]
        known = [values for _, values in lines if values is not None]
        closed = any("segment" in v or "complete" in v for v in known)
        whole = 0
        if known and known[0] is lines[0][1] and closed:
            self._check_key(known[0].get("key", {}))
            whole = len(lines[0][0])
            for line, values in lines[1:]:
                if values is None or not self._take(values):
                    break
                whole += len(line)
        if not self.segments and not self.complete:
            whole = 0
        self._file.seek(whole)
        self._file.truncate()
        if whole:
            self._sync()
            return
        try:
            self._append({"key": self.key})
        except OSError:
            self.remove()
            raise

    def _take(self, values: Mapping[str, Any]) -> bool:
        fields = values.get("segment")
        if fields is None:
            self.complete = values.get("complete") == self.frames
            return self.complete
        if is_whole(self.path(len(self.segments)), fields):
            tail = tuple((pts, check) for pts, check in fields["tail"])
            self.segments.append(Segment(**{**fields, "tail": tail}))
            return True
        return False

    def _check_key(self, found: Key) -> None:
        names = sorted({*found, *self.key})
        others = [name for name in names if found.get(name) != self.key.get(name)]
        if others == ["arithmetic"]:
            raise OtherWorkError(
                f"{printable(self.target)}: there is unfinished work on it by a "
                "processor whose kernels round otherwise than those of this one, and "
                "what both made would be a mix; go on where it was begun, set "
                "ONEDNN_MAX_CPU_ISA as it was there, or add --discard to start over"
            )
        if others:
            changes = "; ".join(
                f"{name}: {found.get(name)} then, {self.key.get(name)} now"
                for name in others
                if name != "arithmetic"
            )
            raise OtherWorkError(
                f"{printable(self.target)}: there is unfinished work on it made of "
                f"something else ({printable(changes)}); repeat that command to go "
                "on, or add --discard to start over"
            )
