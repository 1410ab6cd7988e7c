"""The index of a finished mp4 or mov moved to its front, where the web wants it.

A player of a file that is still coming begins at once then. FFmpeg's `faststart` does
the same while it closes a file, but leaves no room for boxes that are added afterwards.
"""

import struct
from pathlib import Path
from typing import BinaryIO

from videnhance.media.output.boxes import box, boxes_of

__all__ = ["index_in_front"]

_HEAD = struct.Struct(">I4s")
_COUNT = struct.Struct(">4xI")
_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
"""Boxes on the way to the tables of places."""
_WORDS = {b"stco": "I", b"co64": "Q"}
"""What a place takes in each kind of table."""
_BEYOND = 1 << 32
_CHUNK_BYTES = 8 << 20


def index_in_front(path: Path) -> None:
    """Moves the `moov` from the end of a file behind its `ftyp`, in its place.

    Costs reading and writing the file once; nothing is done where it is not last.
    Raises OSError as the disk does.
    """
    with path.open("r+b") as file:
        boxes = list(boxes_of(file))
        if len(boxes) < 2 or boxes[0][0] != b"ftyp" or boxes[-1][0] != b"moov":
            return
        start, (_, at, length) = boxes[1][1], boxes[-1]
        file.seek(at)
        index = file.read(length)
        # Places of 32 bits may be too few for what stands farther back from now on.
        wide = at + 2 * length >= _BEYOND
        by = len(_moved(index, 0, wide=wide))
        index = _moved(index, by, wide=wide)
        _shift(file, start, at, by)
        file.seek(start)
        file.write(index)


def _moved(boxes: bytes, by: int, *, wide: bool) -> bytes:
    """Boxes in a row, the places in them farther back; `wide` gives each 64 bits."""
    out, at = bytearray(), 0
    while at + _HEAD.size <= len(boxes):
        length, kind = _HEAD.unpack_from(boxes, at)
        length = max(length, _HEAD.size)
        body = boxes[at + _HEAD.size : at + length]
        if kind in _PARENTS:
            body = _moved(body, by, wide=wide)
        elif kind in _WORDS:
            (count,) = _COUNT.unpack_from(body)
            places = struct.unpack_from(f">{count}{_WORDS[kind]}", body, _COUNT.size)
            kind = b"co64" if wide else kind
            later = (place + by for place in places)
            body = body[: _COUNT.size]
            body += struct.pack(f">{count}{_WORDS[kind]}", *later)
        out += box(kind, body)
        at += length
    return bytes(out) + boxes[at:]


def _shift(file: BinaryIO, start: int, end: int, by: int) -> None:
    """Moves a part of the file back, its end first."""
    while end > start:
        begin = max(start, end - _CHUNK_BYTES)
        file.seek(begin)
        part = file.read(end - begin)
        file.seek(begin + by)
        file.write(part)
        end = begin
