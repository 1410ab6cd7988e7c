"""What encoders of today's Debian do not write into H.264: captions and their like."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.faithful_reader import run_tool

__all__ = ["captioned", "marked", "pair", "with_messages"]

ATSC = b"\xb5\x00\x31"


def pair(frame: int) -> bytes:
    """The two bytes of CTA-608 that belong to a frame: two letters, with parity."""
    letters = bytes((65 + frame % 26, 97 + frame % 26))
    return bytes(v | 0x80 if v.bit_count() % 2 == 0 else v for v in letters)


def captioned(path: Path, *, first: int = 0) -> None:
    """An mp4 of H.264 without B-frames, with captions from the `first` frame on."""

    def message(frame: int) -> list[tuple[int, bytes]]:
        if frame < first:
            return []
        body = b"GA94\x03\x41\xff\xfc" + pair(frame) + b"\xff"
        return [(4, ATSC + body)]

    with_messages(path, message)


def marked(path: Path) -> None:
    """An mp4 whose frames say which part is picture, and carry a camera's own data."""
    with_messages(
        path,
        lambda frame: [
            (4, ATSC + b"DTG1\x41\xfa"),
            (5, bytes(range(16)) + b"\0\0\1" + bytes([frame])),
        ],
    )


def with_messages(
    path: Path, messages: Callable[[int], list[tuple[int, bytes]]]
) -> None:
    """The mp4 with SEI messages before each picture, by its number in the file."""
    plain = path.with_suffix(".264")
    words = ("ffmpeg", "-nostdin", "-v", "error", "-y")
    run_tool(*words, "-i", str(path), "-c", "copy", str(plain))
    data, out, frame = plain.read_bytes(), bytearray(), 0
    starts = [found.start() for found in re.finditer(b"\x00\x00\x01", data)]
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        if data[start + 3] & 31 in (1, 5):
            for kind, body in messages(frame):
                unit = bytes([kind, len(body)]) + body + b"\x80"
                out += b"\x00\x00\x01\x06" + _escaped(unit)
            frame += 1
        out += data[start:end]
    plain.write_bytes(out)
    run_tool(*words, "-r", "25", "-i", str(plain), "-c", "copy", str(path))
    plain.unlink()


def _escaped(body: bytes) -> bytes:
    return re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", body)
