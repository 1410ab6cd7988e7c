"""Elements that FFmpeg's muxer leaves out, put into a finished Matroska (RFC 8794).

Nothing may move, for every cluster is found by its place: room is made beforehand by a
long name of the first track, which is cut to its own length here.
"""

import zlib
from pathlib import Path
from typing import BinaryIO

from videnhance.errors import OutputError, printable
from videnhance.media.reader.editions import children

__all__ = ["element", "lengthened", "with_in_video"]

_SEGMENT, _TRACKS = b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b"
_TRACK, _VIDEO, _NAME = b"\xae", b"\xe0", b"\x53\x6e"
_CRC, _VOID = b"\xbf", b"\xec"
_SPARE = 8
"""Bytes more than are needed: an element that fills has two at the least."""
_LONG = 129
"""Bytes of an element from which on its size has two bytes."""


def element(kind: bytes, body: bytes) -> bytes:
    """An element with the shortest size that tells its length."""
    length = next(n for n in range(1, 9) if len(body) < (1 << 7 * n) - 1)
    return kind + (len(body) | 1 << 7 * length).to_bytes(length, "big") + body


def lengthened(name: str, new: bytes) -> str:
    """The name that the first track must have for `new` to have room."""
    return name + "-" * (len(new) + _SPARE)


def with_in_video(path: Path, new: bytes, name: str) -> None:
    """Puts elements into the first track's `Video` in a finished file, and its name.

    Raises OSError as the disk does, and OutputError if there is no room.
    """
    with path.open("r+b") as file:
        tracks = _tracks(file)
        at = file.tell()
        made = _told(tracks, new, name)
        if len(made) != len(tracks):
            raise OutputError(
                f"{printable(path)} has no room in its track: report this"
            )
        file.seek(at - len(tracks))
        file.write(made)


def _tracks(file: BinaryIO) -> bytes:
    """What is in the first `Tracks`; the file is left behind it."""
    while True:
        kind = _field(file, marked=True)
        size = int.from_bytes(_field(file, marked=False), "big")
        if kind == _TRACKS:
            return file.read(size)
        if kind != _SEGMENT:
            file.seek(size, 1)


def _field(file: BinaryIO, *, marked: bool) -> bytes:
    """A kind, or a size without the mark of its own length."""
    first = file.read(1)
    if not first:
        raise OutputError("what was made has no tracks: report this")
    length = 8 - first[0].bit_length()
    head = first[0] if marked else first[0] ^ 0x80 >> length
    return bytes([head]) + file.read(length)


def _told(tracks: bytes, new: bytes, name: str) -> bytes:
    made, found = b"", False
    for kind, body, whole in children(tracks):
        if kind == _TRACK and not found:
            found = True
            head = len(whole) - len(body)
            made += whole[:head] + _track(body, new, name)
        elif kind != _CRC:
            made += whole
    if tracks[:1] == _CRC:
        made = element(_CRC, zlib.crc32(made).to_bytes(4, "little")) + made
    return made


def _track(track: bytes, new: bytes, name: str) -> bytes:
    made = b""
    for kind, body, whole in children(track):
        if kind == _VIDEO:
            made += element(_VIDEO, body + new)
        elif kind != _NAME:
            made += whole
    if name:
        made += element(_NAME, name.encode())
    return made + _filling(len(track) - len(made))


def _filling(length: int) -> bytes:
    if length < 2:
        return b""
    if length < _LONG:
        return _VOID + bytes([0x80 | length - 2]) + bytes(length - 2)
    return _VOID + (1 << 14 | length - 3).to_bytes(2, "big") + bytes(length - 3)
