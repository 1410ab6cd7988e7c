"""Changes of files that the `ffmpeg` of today's Debian cannot make, byte by byte."""

import struct
import zlib
from pathlib import Path

__all__ = [
    "box",
    "gif_loops",
    "picture_subtitles",
    "png_chunk",
    "tagged_in_entry",
    "with_aperture",
    "with_chunk",
    "with_dolby",
    "with_mirror",
]

_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def with_mirror(path: Path) -> None:
    """The first track of an mp4, seen in a mirror: its matrix turns x round."""
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    width = struct.unpack(">I", data[matrix + 36 : matrix + 40])[0]
    numbers = (-(1 << 16), 0, 0, 0, 1 << 16, 0, width, 0, 1 << 30)
    data[matrix : matrix + 36] = struct.pack(">9i", *numbers)
    path.write_bytes(data)


def with_aperture(path: Path) -> None:
    """An mp4, its index behind, whose clean aperture is 40x30, in the middle."""
    tagged_in_entry(path, box(b"clap", struct.pack(">8I", 40, 1, 30, 1, 0, 1, 0, 1)))


def with_dolby(path: Path, profile: int, compatibility: int) -> None:
    """An mp4, its index behind, that says it is Dolby Vision, of one layer."""
    words = profile << 9 | 6 << 3 | 0b101  # level 6; picture and metadata are there
    record = struct.pack(">2BHB", 1, 0, words, compatibility << 4) + bytes(19)
    tagged_in_entry(path, box(b"dvcC" if profile < 8 else b"dvvC", record))


def tagged_in_entry(path: Path, new: bytes) -> None:
    """An mp4, its index behind, with more boxes in its track's sample entry."""
    path.write_bytes(_grown(path.read_bytes(), new))


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of this kind."""
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def _grown(boxes: bytes, new: bytes) -> bytes:
    made, place = b"", 0
    while place < len(boxes):
        length, kind = struct.unpack(">I4s", boxes[place : place + 8])
        body = boxes[place + 8 : place + length]
        if kind in _PARENTS:
            body = _grown(body, new)
        elif kind == b"stsd":
            entry = struct.unpack(">I", body[8:12])[0] + len(new)
            body = body[:8] + struct.pack(">I", entry) + body[12:] + new
        made += struct.pack(">I4s", len(body) + 8, kind) + body
        place += length
    return made


def picture_subtitles(*spans: tuple[float, float]) -> bytes:
    """A .sup file: a white bar of 8x2 in a picture of 48x34, shown in each span."""
    made = b""
    for number, (start, end) in enumerate(spans):
        bar = b"".join(b"\x00\x88\x01\x00\x00" for _ in range(2))
        size, place = struct.pack(">HH", 8, 2), struct.pack(">HH", 4, 20)
        window = b"\x01\x00" + place + size
        head = struct.pack(">HHBH", 48, 34, 0x10, number * 2)
        shown = head + b"\x80\x00\x00\x01" + struct.pack(">HBB", 0, 0, 0) + place
        colours = b"\x00\x00" + bytes([1, 235, 128, 128, 255])
        data = size + bar
        picture = struct.pack(">HBB", 0, 0, 0xC0) + len(data).to_bytes(3, "big") + data
        made += _segment(start, 0x16, shown) + _segment(start, 0x17, window)
        made += _segment(start, 0x14, colours) + _segment(start, 0x15, picture)
        made += _segment(start, 0x80, b"")
        gone = struct.pack(">HHBH", 48, 34, 0x10, number * 2 + 1) + bytes(4)
        made += _segment(end, 0x16, gone) + _segment(end, 0x17, window)
        made += _segment(end, 0x80, b"")
    return made


def _segment(seconds: float, kind: int, body: bytes) -> bytes:
    return (
        struct.pack(">2sIIBH", b"PG", round(seconds * 90000), 0, kind, len(body)) + body
    )


def gif_loops(data: bytes) -> int:
    """How often a GIF is repeated, as its extension says."""
    place = data.index(b"NETSCAPE2.0\x03\x01") + 13
    return int.from_bytes(data[place : place + 2], "little")


def png_chunk(data: bytes, kind: bytes) -> bytes | None:
    """The body of the first chunk of this kind of a PNG."""
    place = 8
    while place < len(data):
        length, name = struct.unpack(">I4s", data[place : place + 8])
        if name == kind:
            return data[place + 8 : place + 8 + length]
        place += length + 12
    return None


def with_chunk(data: bytes, kind: bytes, body: bytes) -> bytes:
    """A PNG with one more chunk, behind its header."""
    tail = struct.pack(">I", zlib.crc32(kind + body))
    return data[:33] + struct.pack(">I", len(body)) + kind + body + tail + data[33:]
