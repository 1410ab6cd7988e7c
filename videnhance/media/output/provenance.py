"""Marks an output with its making: the digests of its input and of the options.

Where a format has a place for private data at its end, the stamp stands there, so that
a file that is cut off has lost it:

    MP4, MOV, AVIF     a `uuid` box (ISO/IEC 14496-12, 11.1)
    PNG, APNG          a `tEXt` chunk before the last one
    JPEG               a comment before the end
    WebP               a chunk of its own kind

Matroska and WebM have it as a tag. Other formats have none.
"""

import re
import struct
import zlib
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

__all__ = ["TAG", "digest_of", "has_place", "stamp_in", "stamp_of", "stamped"]

TAG = "videnhance"
"""The name of the tag."""

_SUFFIXES = (
    *(".m4v", ".mkv", ".mov", ".mp4", ".webm"),
    *(".apng", ".avif", ".jpeg", ".jpg", ".png", ".webp"),
)
_PATTERN = re.compile(rb"videnhance-made/1 [0-9a-f]{32} [0-9a-f]{32}")
_LOOK_BYTES = 1 << 17
"""At each end of a file: tags stand behind a header, which may hold a cover."""
_UUID = sha256(b"videnhance-made").digest()[:16]
_HEAD = 12
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
_JPEG_END = b"\xff\xd9"
_JPEG_COMMENT = b"\xff\xfe"


def digest_of(words: str) -> str:
    """A digest as a stamp holds it: 32 hexadecimal digits."""
    return sha256(words.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def stamp_of(source: str, wishes: str) -> str:
    """The stamp of an output: the digests of its input and of what was wished."""
    return f"videnhance-made/1 {source} {wishes}"


def has_place(path: Path) -> bool:
    """Whether a file of this name has a place for a stamp: one of ours has it then."""
    return path.suffix.lower() in _SUFFIXES


def stamp_in(path: Path) -> str | None:
    """The stamp of a file; None if it has none. Raises OSError."""
    with path.open("rb") as file:
        data = file.read(_LOOK_BYTES)
        size = file.seek(0, 2)
        file.seek(max(size - _LOOK_BYTES, 0))
        found = _PATTERN.findall(file.read()) or _PATTERN.findall(data)
    return found[-1].decode() if found else None


def stamped(path: Path, stamp: str) -> None:
    """Puts the stamp into a finished file whose format has a place for it at the end.

    Does nothing for other formats, or without a stamp. Raises OSError.
    """
    if not stamp:
        return
    with path.open("r+b") as file:
        head = file.read(_HEAD)
        for is_of_format, put in _PLACES.items():
            if is_of_format(head):
                put(file, stamp.encode())
                return


def _put_before(file: BinaryIO, end: bytes, *, data: bytes) -> None:
    """Writes data before the bytes that end the file, if it does end with them."""
    file.seek(-len(end), 2)
    if file.read() == end:
        file.seek(-len(end), 2)
        file.write(data + end)


def _put_box(file: BinaryIO, stamp: bytes) -> None:
    file.seek(0, 2)
    file.write(struct.pack(">I4s", 24 + len(stamp), b"uuid") + _UUID + stamp)


def _put_png(file: BinaryIO, stamp: bytes) -> None:
    chunk = b"tEXt" + b"Software\0" + stamp
    length = struct.pack(">I", len(chunk) - 4)
    _put_before(
        file, _PNG_END, data=length + chunk + struct.pack(">I", zlib.crc32(chunk))
    )


def _put_jpeg(file: BinaryIO, stamp: bytes) -> None:
    length = struct.pack(">H", 2 + len(stamp))
    _put_before(file, _JPEG_END, data=_JPEG_COMMENT + length + stamp)


def _put_webp(file: BinaryIO, stamp: bytes) -> None:
    size = file.seek(0, 2)
    padding = b"\0" * (len(stamp) % 2)
    file.write(b"vidn" + struct.pack("<I", len(stamp)) + stamp + padding)
    length = size + 8 + len(stamp) + len(padding) - 8
    file.seek(4)
    file.write(struct.pack("<I", length))


_PLACES: Mapping[Callable[[bytes], bool], Callable[[BinaryIO, bytes], None]] = {
    lambda head: head[4:8] == b"ftyp": _put_box,
    lambda head: head.startswith(b"\x89PNG"): _put_png,
    lambda head: head.startswith(b"\xff\xd8\xff"): _put_jpeg,
    lambda head: head[:4] == b"RIFF" and head[8:] == b"WEBP": _put_webp,
}
