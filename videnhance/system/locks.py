"""One run at a time: by a lock of the system or, where a share has none, by marks.

A mark is a small file in the same folder that names a process. A run leaves its own and
then looks for others: of two that begin at once, at least one sees the other, and gives
way. That takes nothing of the share but files.
"""

import errno
import json
import os
import platform
import secrets
import sys
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

from videnhance.errors import BusyError, printable

if sys.platform != "win32":
    import fcntl

__all__ = ["LockedFile", "locked_file"]

_NO_LOCKS = (
    errno.ENOLCK,
    errno.ENOSYS,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.EINVAL,
    errno.EPERM,
    errno.ENOTTY,
)
"""What NFS without its lock daemon, SMB, FUSE and others answer."""
_MARK = "run-"


class LockedFile(FileIO):
    """A file that one run at a time has open; closing it gives it free."""

    mark: Path | None = None
    """What guards it where there are no locks."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user must hear of it."""
        if self.mark is None:
            return ()
        return (
            "the disk of the output has no file locks: a note of this process guards "
            "it from a second run instead",
        )

    def renewed(self, path: Path, target: Path) -> "LockedFile":
        """Another file, which is to take the place of this one; locked as it is.

        Raises BusyError and OSError.
        """
        if self.mark is None:
            return locked_file(path, target)
        fresh = _opened(path)
        fresh.mark, self.mark = self.mark, None
        return fresh

    def close(self) -> None:
        """Gives the file free."""
        mark, self.mark = self.mark, None
        if mark is not None:
            with suppress(OSError):  # its process will be known to be gone
                mark.unlink()
        super().close()


def locked_file(path: Path, target: Path) -> LockedFile:
    """A file, made if need be, open and locked for the work on `target`.

    Raises BusyError if another run is at it, and OSError.
    """
    file = _opened(path)
    try:
        _lock(file, path, target)
    except BaseException:
        file.close()
        raise
    return file


def _opened(path: Path) -> LockedFile:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    # Without a buffer: what cannot be written must not come again when it closes.
    return LockedFile(os.open(path, flags, 0o600), "r+")


def _lock(file: LockedFile, path: Path, target: Path) -> None:
    if sys.platform == "win32":
        return
    busy = f"{printable(target)} is being made by another run"
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BusyError(f"{busy}: wait for it, or name another output") from None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        file.mark = _marked(path.parent)
        for mark in path.parent.glob(f"{_MARK}*"):
            if mark != file.mark and (who := _holder(mark)):
                raise BusyError(
                    f"{busy} ({who}): wait for it; if no such run is left, remove "
                    f"{printable(mark)}"
                ) from None


def _marked(folder: Path) -> Path:
    """Leaves the mark of this process. Raises OSError."""
    mark = folder / f"{_MARK}{os.getpid()}-{secrets.token_hex(4)}"
    try:
        mark.write_text(json.dumps(_place() | {"start": _start_of(os.getpid())}))
    except OSError:
        with suppress(OSError):
            mark.unlink()
        raise
    return mark


def _holder(mark: Path) -> str:
    """Whose mark it is, in words; empty, and the mark removed, if its run has ended."""
    try:
        found = json.loads(mark.read_text())
        words = f"process {int(found['pid'])} on {printable(found['host'])}"
        has_ended = _has_ended(found)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, LookupError, TypeError):
        return "which cannot be read"
    if has_ended:
        with suppress(OSError):
            mark.unlink()
        return ""
    return words


def _has_ended(found: dict[str, Any]) -> bool:
    """Whether a process is known to be gone: that of another machine never is."""
    here = _place()
    if found["host"] != here["host"]:
        return False
    if found["boot"] != here["boot"]:  # switched off since, if it is no namesake
        return bool(here["machine"]) and found["machine"] == here["machine"]
    if found["space"] != here["space"]:  # a container sees only its own processes
        return False
    return bool(_start_of(found["pid"]) != found["start"])


def _place() -> dict[str, Any]:
    space = ""
    with suppress(OSError):
        space = os.readlink("/proc/self/ns/pid")
    return {
        "host": platform.node(),
        "machine": _text("/etc/machine-id"),
        "boot": _text("/proc/sys/kernel/random/boot_id"),
        "space": space,
        "pid": os.getpid(),
    }


def _start_of(pid: int) -> str | None:
    """When a process was started, where the system tells; None if there is none."""
    stat = _text(f"/proc/{pid}/stat")
    if stat:
        # The name before it may hold anything, brackets too; 22 is the time (proc(5)).
        return stat.rpartition(")")[2].split()[22 - 3]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except (OSError, OverflowError):
        pass  # another user's
    return ""


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
