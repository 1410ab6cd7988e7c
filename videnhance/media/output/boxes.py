"""Boxes that FFmpeg's muxer leaves out, put into a finished mp4 or mov.

Tags without a place of their own stand as keys in `moov/meta` (Apple, QuickTime File
Format, "Metadata"), where phones write theirs and FFmpeg, too, reads them.
"""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from videnhance.errors import OutputError, printable

__all__ = ["box", "boxes_of", "keys_box", "with_boxes"]

_HEAD = struct.Struct(">I4s")
_LONG = 1
"""A size that says that the real one follows."""
_ENTRY = (b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"")
"""The way to the sample entry of the first track, which is the enlarged video."""
_BEFORE_CHILDREN = {b"stsd": 16, b"": 86}
"""Bytes of a box in front of its children; `b""` is a video's sample entry."""
_UTF8 = 1


def with_boxes(path: Path, *, movie: bytes = b"", entry: bytes = b"") -> None:
    """Adds boxes to the `moov` of a finished file, and to its video's sample entry.

    Raises OSError as the disk does, and OutputError for a file without its index at
    the end: in front, every place in it would move.
    """
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        for kind, at, length in boxes_of(file):
            if kind == b"moov" and at + length == size:
                file.seek(at + 8)
                body = file.read(length - 8)
                body = _grown(body, _ENTRY, entry) if entry else body
                file.seek(at)
                file.write(box(b"moov", body + movie))
                return
    raise OutputError(f"{printable(path)} has no index at its end: report this")


def boxes_of(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place and length of each box of a file, its head with it.

    The last may be longer than the file. Ends where no box can begin.
    """
    size, at = file.seek(0, 2), 0
    while at + _HEAD.size <= size:
        file.seek(at)
        length, kind = _HEAD.unpack(file.read(_HEAD.size))
        if length == _LONG:
            length = int.from_bytes(file.read(8), "big")
        length = length or size - at  # to the end
        if length < _HEAD.size:
            return
        yield kind, at, length
        at += length


def _grown(boxes: bytes, way: tuple[bytes, ...], new: bytes) -> bytes:
    """Boxes in a row, with `new` at the end of the first one that lies on the way."""
    kind, *rest = way
    at = 0
    while at + 8 <= len(boxes):
        length, found = _HEAD.unpack_from(boxes, at)
        if kind in (found, b""):
            head = _BEFORE_CHILDREN.get(kind, 8)
            body = boxes[at + head : at + length]
            body = _grown(body, tuple(rest), new) if rest else body + new
            grown = box(found, boxes[at + 8 : at + head] + body)
            return boxes[:at] + grown + boxes[at + length :]
        at += max(length, 8)
    raise OutputError(f"there is no {kind.decode()} box in what was made: report this")


def keys_box(tags: Mapping[str, str]) -> bytes:
    """A `meta` box of these tags.

    It is QuickTime's kind, without a version, in an mp4 too: all readers know that.
    """
    keys, values = b"", b""
    for number, (key, value) in enumerate(tags.items(), 1):
        keys += box(b"mdta", key.encode())
        data = box(b"data", struct.pack(">II", _UTF8, 0) + value.encode())
        values += box(struct.pack(">I", number), data)
    handler = struct.pack(">8x4s13x", b"mdta")
    parts = box(b"hdlr", handler)
    parts += box(b"keys", struct.pack(">4xI", len(tags)) + keys)
    parts += box(b"ilst", values)
    return box(b"meta", parts)


def box(kind: bytes, body: bytes) -> bytes:
    """A box of this kind."""
    return _HEAD.pack(8 + len(body), kind) + body
