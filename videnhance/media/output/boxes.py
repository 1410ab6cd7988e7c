"""The boxes of an mp4 or mov: put into a finished file, and its index to the front.

Tags without a place of their own stand as keys in `moov/meta` (Apple, QuickTime File
Format, "Metadata"), where phones write theirs and FFmpeg, too, reads them. The index
goes last, in front, where the web wants it: a player of a file that is still coming
begins at once then. FFmpeg's `faststart` leaves no room for boxes that are added later.
"""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from videnhance.errors import OutputError, printable

__all__ = ["box", "boxes_of", "index_in_front", "keys_box", "with_boxes"]

_HEAD = struct.Struct(">I4s")
_LONG = 1
"""A size that says that the real one follows."""
_ENTRY = (b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"")
"""The way to the sample entry of the first track, which is the enlarged video."""
_BEFORE_CHILDREN = {b"stsd": 16, b"": 86}
"""Bytes of a box in front of its children; `b""` is a video's sample entry."""
_UTF8 = 1
_COUNT = struct.Struct(">4xI")
_WITH_PLACES = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
"""Boxes on the way to the tables of places."""
_WIDTHS = {b"stco": "I", b"co64": "Q"}
"""What a place takes in each kind of table."""
_BEYOND = 1 << 32
_CHUNK_BYTES = 8 << 20


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
                body = _grown(body, _ENTRY, new=entry) if entry else body
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


def _grown(boxes: bytes, way: tuple[bytes, ...], *, new: bytes) -> bytes:
    """Boxes in a row, with `new` at the end of the first one that lies on the way."""
    kind, *rest = way
    at = 0
    while at + 8 <= len(boxes):
        length, found = _HEAD.unpack_from(boxes, at)
        if kind in (found, b""):
            head = _BEFORE_CHILDREN.get(kind, 8)
            body = boxes[at + head : at + length]
            body = _grown(body, tuple(rest), new=new) if rest else body + new
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
        _shift(file, start, end=at, by=by)
        file.seek(start)
        file.write(index)


def _moved(boxes: bytes, by: int, *, wide: bool) -> bytes:
    """Boxes in a row, the places in them farther back; `wide` gives each 64 bits."""
    out, at = bytearray(), 0
    while at + _HEAD.size <= len(boxes):
        length, kind = _HEAD.unpack_from(boxes, at)
        length = max(length, _HEAD.size)
        body = boxes[at + _HEAD.size : at + length]
        if kind in _WITH_PLACES:
            body = _moved(body, by, wide=wide)
        elif kind in _WIDTHS:
            (count,) = _COUNT.unpack_from(body)
            places = struct.unpack_from(f">{count}{_WIDTHS[kind]}", body, _COUNT.size)
            kind = b"co64" if wide else kind
            later = (place + by for place in places)
            body = body[: _COUNT.size]
            body += struct.pack(f">{count}{_WIDTHS[kind]}", *later)
        out += box(kind, body)
        at += length
    return bytes(out) + boxes[at:]


def _shift(file: BinaryIO, start: int, *, end: int, by: int) -> None:
    """Moves a part of the file back, its end first."""
    while end > start:
        begin = max(start, end - _CHUNK_BYTES)
        file.seek(begin)
        part = file.read(end - begin)
        file.seek(begin + by)
        file.write(part)
        end = begin
