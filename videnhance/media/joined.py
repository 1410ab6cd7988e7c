"""Files that are several in a row, read as one: FLV alone allows that."""

import io
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

__all__ = ["JoinedFile", "flv_parts"]

Part = tuple[int, int]
"""First byte, and the one behind the last."""

_FLV, _FLV_HEAD, _TAG_HEAD = b"FLV\x01", 9, 11


class JoinedFile(io.RawIOBase):
    """Parts of a file as one, for reading; closing it closes the file."""

    def __init__(self, path: Path, parts: tuple[Part, ...]) -> None:
        super().__init__()
        self._file = path.open("rb", buffering=0)
        self._parts, self._place = parts, 0
        self._size = sum(end - start for start, end in parts)

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The next byte's place in the whole."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Goes to a place in the whole."""
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}
        self._place = max(bases[whence] + offset, 0)
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fills the buffer as far as the part goes; 0 at the end of the last one."""
        before = 0
        for start, end in self._parts:
            inside = self._place - before
            if inside < end - start:
                self._file.seek(start + inside)
                room = memoryview(buffer)[: end - start - inside]
                count = self._file.readinto(room) or 0
                self._place += count
                return count
            before += end - start
        return 0

    def close(self) -> None:
        """Closes the file, too."""
        self._file.close()
        super().close()


def flv_parts(path: Path) -> tuple[Part, ...]:
    """The parts of a FLV that is several in a row, without their heads but the first's;
    none if it is one file. Raises OSError as the disk does."""
    status = path.stat()
    return _flv_parts(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=8)
def _flv_parts(path: Path, size: int, changed: int) -> tuple[Part, ...]:
    del changed  # tells one state of the file from another
    with path.open("rb") as file:
        if file.read(len(_FLV)) != _FLV:
            return ()
        heads = list(_flv_heads(file, size))
    if len(heads) < 2:
        return ()
    starts = [0, *(head + _FLV_HEAD + 4 for head in heads[1:])]
    return tuple(zip(starts, [*heads[1:], size], strict=True))


def _flv_heads(file: BinaryIO, size: int) -> Iterator[int]:
    """Where files begin, as far as tags follow each other."""
    place = 0
    while place + _TAG_HEAD <= size:
        file.seek(place)
        head = file.read(_TAG_HEAD)
        if head.startswith(_FLV):
            yield place
            place += _FLV_HEAD + 4
        elif head[0] & 0x1F in (8, 9, 18):  # sound, video, data
            place += _TAG_HEAD + int.from_bytes(head[1:4], "big") + 4
        else:
            return
