"""The output's name: checked before the work, and given only to a complete file."""

import errno
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

import av

from videnhance.errors import OutputError, UsageError, VidenhanceError, printable
from videnhance.video.source import reason

__all__ = [
    "CONTAINERS",
    "WRITE_ERRORS",
    "check_target",
    "container_for",
    "publish",
    "temporary_beside",
    "write_failure",
]

CONTAINERS = {
    ".avi": "avi",
    ".flv": "flv",
    ".m2ts": "mpegts",
    ".m4v": "mp4",
    ".mkv": "matroska",
    ".mov": "mov",
    ".mp4": "mp4",
    ".mts": "mpegts",
    ".nut": "nut",
    ".ts": "mpegts",
    ".webm": "webm",
}
"""FFmpeg's name of the container, by the suffix of the output."""

WRITE_ERRORS = (av.FFmpegError, OSError, ValueError)
"""What FFmpeg raises where a file cannot be written."""
_NOT_TAKEN = (av.error.ArgumentError, av.error.InvalidDataError)
"""What a muxer raises for packets that it cannot take."""
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LONGEST_STEM = 60
"""Bytes of the target's name in the temporary name, which has a limit of 255."""


def container_for(target: Path) -> str:
    """FFmpeg's name of the container. Raises UsageError for an unknown suffix."""
    name = CONTAINERS.get(target.suffix.lower())
    if name is None:
        known = ", ".join(sorted(CONTAINERS))
        raise UsageError(
            f"{printable(target)}: {printable(target.suffix) or 'no suffix'} is not "
            f"the suffix of a container that can be written; choose one of {known}"
        )
    return name


def check_target(target: Path, source: Path | None, overwrite: bool) -> None:
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
            raise OutputError(f"{name} exists already: use -y to replace it")
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
    stem = os.fsencode(target.stem)[:_LONGEST_STEM].decode("utf-8", "ignore")
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
        _sync(temporary, os.O_RDWR)
        if overwrite:
            os.replace(temporary, target)
        else:
            _named(temporary, target)
        with suppress(OSError):  # some file systems know no sync of a folder
            _sync(target.absolute().parent, os.O_RDONLY)
    except FileExistsError:
        raise OutputError(
            f"{printable(target)} appeared while it was being made, and is left as it "
            "is: use -y to replace it"
        ) from None
    except OSError as error:
        raise write_failure(target, error) from error


def _named(temporary: Path, target: Path) -> None:
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:  # no hard links here: the next best is a look before the rename
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        os.rename(temporary, target)
    else:
        os.unlink(temporary)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_failure(target: Path, error: BaseException) -> VidenhanceError:
    """The error to raise for a failed write: names the target and what to do."""
    if isinstance(error, VidenhanceError):
        return error
    name = printable(target)
    if getattr(error, "errno", None) in _NO_SPACE:
        return OutputError(
            f"{name}: no space left on the disk ({_free_bytes(target)} bytes free); "
            "make room or choose another folder"
        )
    words = f"{name} cannot be written: {reason(error)}"
    if isinstance(error, _NOT_TAKEN):
        words += "; the source's times or streams are more than it holds: " + (
            "name an output .nut" if target.suffix == ".mkv" else "name an output .mkv"
        )
    return OutputError(words)


def _free_bytes(target: Path) -> int:
    try:
        return shutil.disk_usage(target.absolute().parent).free
    except OSError:
        return 0
