"""The file of an output: made beside its name, which only a complete one is given."""

import errno
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import av

from videnhance.errors import (
    OutputError,
    UsageError,
    VidenhanceError,
    counted,
    printable,
)
from videnhance.media.output.provenance import stamped
from videnhance.media.source import reason
from videnhance.system.disk import free_bytes, sync, sync_folder

__all__ = [
    "WRITE_ERRORS",
    "Committed",
    "OutputFile",
    "cause_stays",
    "check_target",
    "publish",
    "save_bytes",
    "temporary_beside",
    "write_failure",
    "writing",
]

Output = TypeVar("Output", bound="Committed")

WRITE_ERRORS = (av.FFmpegError, OSError, ValueError)
"""What FFmpeg raises where a file cannot be written."""
_NOT_TAKEN = (av.error.ArgumentError, av.error.InvalidDataError)
"""What a muxer raises for packets that it cannot take."""
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LONGEST_STEM = 60
"""Bytes of the target's name in the temporary name, which has a limit of 255."""


class Committed:
    """What is complete at the end of its `with` block or, after an error, not there."""

    def commit(self) -> None:
        """Completes it. Raises OutputError."""
        raise NotImplementedError

    def abort(self) -> None:
        """Leaves nothing of it."""

    def __enter__(self: Output) -> Output:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self.commit()
        else:
            self.abort()


class OutputFile:
    """A file that is being made at `path`, beside its target or in `folder`.

    `publish` gives it its name; leaving the `with` block without leaves nothing of it.
    Raises OutputError if there can be no such file; `check_target` tells more, earlier.
    """

    def __init__(
        self, target: Path, *, overwrite: bool = False, folder: Path | None = None
    ) -> None:
        self.target, self._overwrite = target, overwrite
        self.path = temporary_beside(target, folder)

    def __enter__(self) -> "OutputFile":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close()

    def stamp(self, stamp: str) -> None:
        """Says in the complete file what it was made of, where its format can."""
        with writing(self.target):
            stamped(self.path, stamp)

    def publish(self) -> None:
        """Gives the complete file its name, durably.

        Raises OutputError if the name was taken meanwhile, or the disk fails.
        """
        publish(self.path, self.target, self._overwrite)

    def close(self) -> None:
        """Removes the file if it has no name yet."""
        self.path.unlink(missing_ok=True)


def save_bytes(data: bytes, target: Path, *, overwrite: bool, stamp: str = "") -> None:
    """Writes a whole file that is there completely, or not at all.

    Raises OutputError if the name is taken or the disk is full.
    """
    with OutputFile(target, overwrite=overwrite) as file:
        with writing(target):
            file.path.write_bytes(data)
        file.stamp(stamp)
        file.publish()


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Raises what fails within as an error that names the target and what to do."""
    try:
        yield
    except WRITE_ERRORS as error:
        raise write_failure(target, error) from error


def check_target(target: Path, source: Path | None, *, overwrite: bool) -> None:
    """Raises OutputError or UsageError if `target` may not, or cannot, be written."""
    name = printable(target)
    try:
        os.path.lexists(target)
        target.is_dir()
    except (OSError, ValueError) as error:  # a name too long, a NUL
        raise OutputError(f"{name}: {error}; name another output") from error
    if source is not None and _same_file(target, source):
        raise UsageError(f"{name} is the input itself: name another output")
    folder = target.absolute().parent
    if target.is_dir():
        raise OutputError(f"{name} is a folder: name a file in it")
    if not folder.is_dir():
        raise OutputError(
            f"{name}: there is no folder {printable(folder)}; make it first"
        )
    if os.path.lexists(target):
        if not overwrite:
            raise OutputError(
                f"{name} exists already: use -y to replace it", cause_stays=True
            )
        if target.is_symlink() or not target.is_file():
            raise OutputError(f"{name} is not a regular file: name another output")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(
            f"{name}: the folder {printable(folder)} cannot be written to"
        )


def _same_file(target: Path, source: Path) -> bool:
    try:
        return target.samefile(source)
    except OSError:
        return False


def temporary_beside(target: Path, folder: Path | None = None) -> Path:
    """A new empty file in the target's folder, or in one of its own on the same disk.

    Raises OutputError if that fails.
    """
    encoding = sys.getfilesystemencoding()
    stem = os.fsencode(target.stem)[:_LONGEST_STEM].decode(encoding, "ignore")
    name = f".{stem}.videnhance-{secrets.token_hex(4)}.part{target.suffix}"
    path = (folder or target.absolute().parent) / name
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise write_failure(target, error) from error
    return path


def publish(temporary: Path, target: Path, overwrite: bool) -> None:
    """Gives a complete file its name, durably; never over a file that came meanwhile.

    Raises OutputError if the name is taken or the disk fails.
    """
    try:
        _synced(temporary)
        try:
            _named(temporary, target, overwrite=overwrite)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _copied(temporary, target, overwrite=overwrite)
        sync_folder(target.absolute().parent)
    except FileExistsError:
        raise OutputError(
            f"{printable(target)} appeared while it was being made, and is left as it "
            "is: use -y to replace it",
            cause_stays=True,
        ) from None
    except OSError as error:
        raise write_failure(target, error) from error


def _named(temporary: Path, target: Path, *, overwrite: bool) -> None:
    if overwrite:
        os.replace(temporary, target)
        return
    try:
        os.link(temporary, target)
    except OSError:
        if _same_file(target, temporary):  # made, and the share's answer was lost
            pass
        elif os.path.lexists(target):
            raise FileExistsError(target) from None
        else:  # no hard links here: the next best is a look before the rename
            os.rename(temporary, target)
            return
    with suppress(OSError):  # the output is there; the second name harms nobody
        os.unlink(temporary)


def _copied(temporary: Path, target: Path, *, overwrite: bool) -> None:
    """Names a copy: a union of disks may have two folders of a tree on two of them."""
    copy = temporary_beside(target)
    try:
        shutil.copyfile(temporary, copy)
        _synced(copy)
        _named(copy, target, overwrite=overwrite)
    finally:
        copy.unlink(missing_ok=True)


def _synced(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def write_failure(target: Path, error: BaseException) -> VidenhanceError:
    """The error to raise for a failed write: names the target and what to do."""
    if isinstance(error, VidenhanceError):
        return error
    name = printable(target)
    if getattr(error, "errno", None) in _NO_SPACE:
        free = free_bytes(target.absolute().parent) or 0
        return OutputError(
            f"{name}: no space left on the disk ({counted(free, 'byte')} free); "
            "make room or choose another folder"
        )
    words = f"{name} cannot be written: {reason(error)}"
    if isinstance(error, _NOT_TAKEN):
        words += "; the source's times or streams are more than it holds: " + (
            "name an output .nut" if target.suffix == ".mkv" else "name an output .mkv"
        )
    return OutputError(words, cause_stays=cause_stays(error))


def cause_stays(error: BaseException) -> bool:
    """Whether trying again cannot help: not so what a disk or a device refuses."""
    if isinstance(error, VidenhanceError):
        return error.cause_stays
    return isinstance(error, ValueError | NotImplementedError)
