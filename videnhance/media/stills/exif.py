"""A camera's EXIF block, changed in place: size, orientation, and no thumbnail.

Only the bytes that must change do, because makers' notes point into the block by
absolute offsets that a rewritten block would break.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from videnhance.frame.geometry import Size

__all__ = ["UPRIGHT", "is_mirrored", "orientation_of", "turn_degrees", "updated_exif"]

UPRIGHT = 1
"""The orientation that turns nothing; 2 to 8 turn and mirror (EXIF 2.3, tag 274)."""

_TURNS = (0, 0, 180, 180, 90, 90, 270, 270)
_MIRRORED = (2, 4, 5, 7)
_HEADER = b"Exif\0\0"
_WIDTH, _HEIGHT, _ORIENTATION, _EXIF_DIRECTORY = 256, 257, 274, 0x8769
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA002, 0xA003
_THUMBNAIL, _THUMBNAIL_LENGTH = 0x201, 0x202
_SHORT, _LONG = 3, 4
_ENTRY = 12


@dataclass(frozen=True, slots=True)
class _Entry:
    """One value of a directory that stands in the entry itself."""

    tag: int
    kind: int
    place: int
    """Where the value's four bytes begin."""
    value: int


class _Block:
    """A TIFF structure that is read and changed in place; bounds are checked."""

    def __init__(self, exif: bytes) -> None:
        self.bytes = bytearray(exif.removeprefix(_HEADER))
        self.order = {b"II": "<", b"MM": ">"}[bytes(self.bytes[:2])]
        self.first = self._read("I", 4)

    def entries(self, directory: int) -> Iterator[_Entry]:
        for place in self._places(directory):
            tag, kind, count = struct.unpack_from(f"{self.order}HHI", self.bytes, place)
            if count == 1 and kind in (_SHORT, _LONG):
                value = self._read("H" if kind == _SHORT else "I", place + 8)
                yield _Entry(tag, kind, place + 8, value)

    def set(self, entry: _Entry, value: int) -> None:
        if entry.kind == _SHORT:
            struct.pack_into(
                f"{self.order}HH", self.bytes, entry.place, min(value, 0xFFFF), 0
            )
        else:
            struct.pack_into(f"{self.order}I", self.bytes, entry.place, value)

    def drop_thumbnail(self) -> None:
        """Unlinks the second directory, which describes the thumbnail."""
        link = self._places(self.first).stop
        second = self._read("I", link)
        if not second:
            return
        struct.pack_into(f"{self.order}I", self.bytes, link, 0)
        found = {entry.tag: entry.value for entry in self.entries(second)}
        start, length = found.get(_THUMBNAIL, 0), found.get(_THUMBNAIL_LENGTH, 0)
        if not start or start + length > len(self.bytes):
            return
        self.bytes[start : start + length] = bytes(length)
        if len(self.bytes) - start - length < _ENTRY and start > second:
            del self.bytes[start:]

    def _places(self, directory: int) -> range:
        """Where each entry of a directory begins; its `stop` is the link's place."""
        count = self._read("H", directory)
        return range(directory + 2, directory + 2 + count * _ENTRY, _ENTRY)

    def _read(self, form: str, place: int) -> int:
        return int(struct.unpack_from(self.order + form, self.bytes, place)[0])


def turn_degrees(orientation: int) -> int:
    """How far a viewer turns a picture of this orientation clockwise."""
    return _TURNS[orientation - 1]


def is_mirrored(orientation: int) -> bool:
    """Whether a viewer mirrors a picture of this orientation."""
    return orientation in _MIRRORED


def orientation_of(exif: bytes | None) -> int | None:
    """The orientation, 1 to 8; None if the block is absent, damaged or does not say."""
    if exif is None:
        return None
    try:
        block = _Block(exif)
        found = [e.value for e in block.entries(block.first) if e.tag == _ORIENTATION]
    except (KeyError, struct.error):
        return None
    return found[0] if found and 1 <= found[0] <= 8 else None


def updated_exif(exif: bytes, size: Size, *, orientation: int) -> bytes | None:
    """The block for a picture of this size, without a header; None if it is damaged."""
    try:
        block = _Block(exif)
        entries = list(block.entries(block.first))
        below = [e.value for e in entries if e.tag == _EXIF_DIRECTORY]
        for directory in below[:1]:
            entries += block.entries(directory)
        values = {
            _WIDTH: size.width,
            _HEIGHT: size.height,
            _PIXEL_WIDTH: size.width,
            _PIXEL_HEIGHT: size.height,
            _ORIENTATION: orientation,
        }
        for entry in entries:
            if entry.tag in values:
                block.set(entry, values[entry.tag])
        block.drop_thumbnail()
    except (KeyError, struct.error):
        return None
    return bytes(block.bytes)
