"""What FFmpeg's muxers leave wrong in a finished animation, set right in its file.

How long the last frame is shown: they take the time to the next one, which it has not.
And whether a WebP is transparent: that is lost where no frame has a hidden pixel inside
of the part of the picture that changes.
"""

import struct
import zlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

__all__ = ["finish"]

_GIF_CONTROL = b"\x21\xf9\x04"
_GIF_EXTENSION, _GIF_END = 0x21, 0x3B
_FRAME_CONTROL = b"fcTL"
_LARGEST_WEBP = (1 << 24) - 1
_LARGEST = (1 << 16) - 1
_WEBP_FLAGS, _WEBP_ALPHA = 20, 0x10


def finish(file: Path, muxer: str, *, seconds: Fraction, alpha: bool) -> None:
    """Sets right the animation in `file`, which lasts so many seconds.

    Raises OSError, and ValueError if the file is not as expected.
    """
    with file.open("r+b") as opened:
        if muxer in _LAST_DELAYS:
            _LAST_DELAYS[muxer](opened, seconds)
        if muxer == "webp" and alpha:
            _mark_transparent(opened)


def _mark_transparent(opened: BinaryIO) -> None:
    opened.seek(0)
    head = opened.read(_WEBP_FLAGS + 1)
    if len(head) > _WEBP_FLAGS and head[12:16] == b"VP8X":
        opened.seek(_WEBP_FLAGS)
        opened.write(bytes((head[_WEBP_FLAGS] | _WEBP_ALPHA,)))


def _gif(opened: BinaryIO, seconds: Fraction) -> None:
    spent, shown, last = 0, 0, 0
    for place in _gif_controls(opened):
        opened.seek(place)
        spent += shown
        last, shown = place, int.from_bytes(opened.read(2), "little")
    if not last:
        raise ValueError("a GIF without frames")
    delay = min(max(round(seconds * 100) - spent, 0), _LARGEST)
    opened.seek(last)
    opened.write(delay.to_bytes(2, "little"))


def _gif_controls(opened: BinaryIO) -> Iterator[int]:
    """Where the delay of each frame stands; the file is left anywhere."""
    place = 13 + _table_bytes(_bytes_at(opened, 10, count=1)[0])
    while (head := _bytes_at(opened, place, count=10))[0] != _GIF_END:
        if head[0] == _GIF_EXTENSION:
            if head[:3] == _GIF_CONTROL:
                yield place + 4
            place += 2
        else:
            place += 10 + _table_bytes(head[9]) + 1
        while count := _bytes_at(opened, place, count=1)[0]:
            place += count + 1
        place += 1


def _bytes_at(opened: BinaryIO, place: int, *, count: int) -> bytes:
    opened.seek(place)
    found = opened.read(count)
    if not found:
        raise ValueError("a GIF without an end")
    return found


def _table_bytes(flags: int) -> int:
    """The length of a colour table that these flags tell of."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _apng(opened: BinaryIO, seconds: Fraction) -> None:
    opened.seek(8)
    spent, last = Fraction(0), 0
    while head := opened.read(8):
        length, kind = struct.unpack(">I4s", head)
        if kind == _FRAME_CONTROL:
            last = opened.tell()
            control = bytearray(opened.read(length))
            part, whole = struct.unpack_from(">HH", control, 20)
            before, spent = spent, spent + Fraction(part, whole or 100)
            opened.seek(4, 1)
        else:
            opened.seek(length + 4, 1)
    if not last:
        return  # a single picture is no animation
    left = max(seconds - before, Fraction(0)).limit_denominator(_LARGEST)
    if left.numerator > _LARGEST:
        left = Fraction(min(round(left), _LARGEST))
    struct.pack_into(">HH", control, 20, *left.as_integer_ratio())
    checksum = zlib.crc32(_FRAME_CONTROL + control)
    opened.seek(last)
    opened.write(control + struct.pack(">I", checksum))


def _webp(opened: BinaryIO, seconds: Fraction) -> None:
    opened.seek(12)
    spent, last, shown = 0, 0, 0
    while len(head := opened.read(8)) == 8:
        kind, length = struct.unpack("<4sI", head)
        after = opened.tell() + length + length % 2
        if kind == b"ANMF":
            last = opened.tell() + 12
            opened.seek(last)
            spent += shown
            shown = int.from_bytes(opened.read(3), "little")
        opened.seek(after)
    if not last:
        return
    delay = min(max(round(seconds * 1000) - spent, 0), _LARGEST_WEBP)
    opened.seek(last)
    opened.write(delay.to_bytes(3, "little"))


_LAST_DELAYS = {"apng": _apng, "gif": _gif, "webp": _webp}
