"""What a disk may refuse without harm: many shares know no sync, and no free space."""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

__all__ = ["free_bytes", "sync", "sync_folder"]

_NO_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


def sync(descriptor: int) -> bool:
    """Makes a file last; False where the file system knows no such thing.

    Raises OSError if the disk fails or is full.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
        return False
    return True


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder last, where the system can."""
    with suppress(OSError):  # Windows opens no folders, and some disks sync none
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def free_bytes(folder: Path) -> int | None:
    """The room for this user on the disk of a folder; None if it does not say."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    # Shares that count nothing say that all of their 0 bytes are taken.
    return usage.free if usage.total else None
