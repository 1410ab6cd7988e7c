"""The folder of unfinished work beside an output: entered safely, by one run at a time.

    .NAME.videnhance/journal          the key, then a line for each closed segment
    .NAME.videnhance/000012.packets   a closed segment

Owns what is asked of the folder from outside; `journal` writes into it.
"""

import json
import os
import shutil
import stat
import sys
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from videnhance.errors import (
    BusyError,
    Cancelled,
    ClusterError,
    InputError,
    OutputError,
    VidenhanceError,
    counted,
    printable,
)
from videnhance.system.locks import LockedFile, locked_file

__all__ = [
    "Key",
    "check_own_folder",
    "discard",
    "folder_beside",
    "folder_failure",
    "is_whole",
    "journal_line",
    "journal_lines",
    "kept_frames",
    "kept_is_told",
    "kept_words",
    "locked_journal",
    "parsed_line",
    "recorded",
    "segment_file",
    "tidied",
]

Key = Mapping[str, Any]
"""What the work is made of, as JSON values: input, model, options, versions."""
_LONGEST_NAME = 120
"""Bytes of the target's name in the folder's, which has a limit of 255."""


def folder_beside(target: Path) -> Path:
    """Where the unfinished work of an output is kept."""
    name = target.name
    if len(os.fsencode(name)) > _LONGEST_NAME:
        encoding = sys.getfilesystemencoding()
        short = os.fsencode(name)[:_LONGEST_NAME].decode(encoding, "ignore")
        name = f"{short}-{sha256(os.fsencode(name)).hexdigest()[:8]}"
    return target.absolute().parent / f".{name}.videnhance"


def discard(target: Path) -> None:
    """Removes the unfinished work of an output, if there is any.

    Raises OutputError if another run is at it, or the disk refuses.
    """
    folder = folder_beside(target)
    if not folder.is_dir():
        return
    file = locked_journal(folder, target)
    file.close()
    _remove(folder, target)


def tidied(target: Path) -> None:
    """Removes what a run left that was ended after it had given the output its name."""
    folder, lines = folder_beside(target), journal_lines(target)
    if not lines or "publishes" not in lines[-1] or not target.is_file():
        return
    status = target.stat()
    if lines[-1]["publishes"] == [status.st_ino, status.st_size]:
        shutil.rmtree(folder, ignore_errors=True)


def recorded(target: Path) -> Key:
    """The key of an output's unfinished work; empty if there is none."""
    lines = journal_lines(target)
    key: Key = lines[0].get("key", {}) if lines else {}
    return key


def kept_frames(target: Path) -> int:
    """Frames in closed segments of an output's unfinished work that are still there."""
    folder, frames = folder_beside(target), 0
    segments = [
        line["segment"] for line in journal_lines(target)[1:] if "segment" in line
    ]
    for number, fields in enumerate(segments):
        if not is_whole(segment_file(folder, number), fields):
            break
        frames += int(fields["frames"])
    return frames


def kept_words(target: Path, error: VidenhanceError | None = None) -> str:
    """What a run that did not end leaves, and how to go on; empty if it leaves nothing.

    The journal is read anew: what it names is there.
    """
    frames = 0 if isinstance(error, BusyError) else kept_frames(target)
    if not frames:  # or they are another run's
        return ""
    words = f"{counted(frames, 'frame')} {'is' if frames == 1 else 'are'} kept"
    if error is None or not error.cause_stays:
        return f"{words}: the same command goes on after them, --discard starts over"
    return (
        f"{words} in {printable(folder_beside(target).name)}, but the same command "
        "would end so again: do what is said here"
    )


@contextmanager
def kept_is_told(target: Path) -> Iterator[None]:
    """Adds to an error raised within what of the work is kept, and how to go on."""
    try:
        yield
    except (Cancelled, ClusterError, InputError, OutputError) as error:
        kept = kept_words(target, error)
        raise type(error)(f"{error}; {kept}" if kept else str(error)) from error


def journal_lines(target: Path) -> list[dict[str, Any]]:
    """The journal as far as it holds; empty if there is none that can be read."""
    folder, lines = folder_beside(target), []
    try:
        check_own_folder(folder, target)
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(folder / "journal", flags), "rb") as file:
            for line in file:
                values = parsed_line(line)
                if values is None:
                    break
                lines.append(values)
    except (OSError, OutputError):
        return []
    return lines


def segment_file(folder: Path, number: int) -> Path:
    """The file of a closed segment, counted from 0."""
    return folder / f"{number:06d}.packets"


def is_whole(path: Path, fields: Mapping[str, Any]) -> bool:
    """Whether the file of a segment is as long as its line in the journal says."""
    return path.is_file() and path.stat().st_size == fields["bytes"]


def check_own_folder(folder: Path, target: Path) -> None:
    """Raises OutputError unless it is a folder of this user.

    A link, or what somebody else put there, could lead the work anywhere.
    """
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or not _is_own(folder, status.st_uid):
        raise OutputError(
            f"{printable(target)}: {printable(folder.name)} beside it is not a folder "
            "of this user, so unfinished work cannot be kept there: remove it"
        )


def _is_own(folder: Path, owner: int) -> bool:
    if os.name == "nt" or owner == os.geteuid():
        return True
    # On FAT, SMB and squashed NFS the share says whose all is that this user makes.
    with suppress(OSError), tempfile.TemporaryFile(dir=folder.parent) as made:
        return os.fstat(made.fileno()).st_uid == owner
    return False


def locked_journal(folder: Path, target: Path) -> LockedFile:
    """The journal, open and locked, whatever other runs do to the folder meanwhile.

    Raises OutputError if another run is at it, and OSError.
    """
    while True:
        folder.mkdir(mode=0o700, exist_ok=True)
        check_own_folder(folder, target)
        try:
            file = locked_file(folder / "journal", target)
        except OSError:
            _remove_empty(folder)
            raise
        try:
            held, found = os.fstat(file.fileno()), os.stat(folder / "journal")
            # Some shares make up a number each time, and others count no names.
            if os.path.samestat(held, found) or held.st_nlink:
                return file
        except FileNotFoundError:
            pass  # another run has removed it since
        except BaseException:
            file.close()
            raise
        file.close()


def _remove_empty(folder: Path) -> None:
    """Removes a folder without any work in it."""
    with suppress(OSError):
        if not (folder / "journal").stat().st_size:
            (folder / "journal").unlink()
    with suppress(OSError):
        folder.rmdir()


def journal_line(values: Mapping[str, Any]) -> bytes:
    """A line that `parsed_line` can tell from a torn one."""
    text = json.dumps(values).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def parsed_line(line: bytes) -> dict[str, Any] | None:
    """What a line of a journal says; None if it is torn or damaged."""
    check, _, text = line.rstrip(b"\n").partition(b" ")
    if not line.endswith(b"\n") or check != b"%08x" % zlib.crc32(text):
        return None
    values: dict[str, Any] = json.loads(text)
    return values


def _remove(folder: Path, target: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise folder_failure(target, error) from error


def folder_failure(target: Path, error: OSError) -> OutputError:
    """The error to raise for a folder that cannot be used."""
    return OutputError(
        f"{printable(target)}: the folder for unfinished work beside it cannot be "
        f"used: {error.strerror or error}; name an output elsewhere"
    )
