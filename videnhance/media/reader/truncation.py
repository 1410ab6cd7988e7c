"""Whether the end of a file is missing, as far as its container can tell.

Owns what is read of a file without FFmpeg for that: Matroska says at the front how long
it is (RFC 8794, RFC 9559), a transport stream is a row of packets of one length
(ISO/IEC 13818-1), Ogg one of pages that tell theirs (RFC 3533), a fragmented MP4 one of
boxes (ISO/IEC 14496-12), a PNG ends with a chunk of that name. Anything unusual counts
as whole: a good file is never called cut.
"""

from pathlib import Path
from typing import BinaryIO

from videnhance.errors import counted
from videnhance.media.output.boxes import boxes_of

__all__ = ["cut_notice"]

_SEGMENT = 0x18538067
_FIRST_ELEMENTS = 8
"""How many to look at for the segment; it is the second."""
_LONGEST_ID, _LONGEST_SIZE = 4, 8

_SYNC = 0x47
_PACKETS = ((188, 0), (192, 4))
"""Bytes of a packet, and of what stands in it before its mark; .m2ts has the second."""
_SURE_PACKETS = 8

_PAGE_HEAD, _LONGEST_PAGE = 27, 27 + 255 + 255 * 255
"""Of an Ogg page: its fixed part, and the longest whole."""


def cut_notice(path: Path, container: str) -> str | None:
    """What to say of a file that ends too early; None if it does not, or cannot tell.

    `container` is FFmpeg's name. Raises OSError as the disk does.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        if container.startswith("matroska"):
            missing = _matroska_end(file) - size
            if missing > 0:
                rest = counted(missing, "byte is", "bytes are")
                return f"the file is cut off: its last {rest} missing"
        if container == "mpegts" and _ends_in_a_packet(file, size):
            return "the file is cut off: it ends in the middle of a packet"
        if container == "ogg" and _ends_in_a_page(file, size):
            return "the file is cut off: it ends in the middle of a page"
        if container.startswith("mov") and _ends_in_a_fragment(file, size):
            return "the file is cut off: it ends in the head of a fragment"
        if container == "apng" and b"IEND" not in _last(file, size, _LONGEST_PAGE):
            return "the file is cut off: its end mark is missing"
    return None


def _matroska_end(file: BinaryIO) -> int:
    """Where the segment ends by its own word; 0 if it does not say."""
    file.seek(0)
    for _ in range(_FIRST_ELEMENTS):
        kind = _number(file, _LONGEST_ID, marked=True)
        length = _number(file, _LONGEST_SIZE, marked=False)
        if kind is None or length is None:
            return 0  # a live stream, whose length nobody knew
        if kind == _SEGMENT:
            return file.tell() + length
        file.seek(length, 1)
    return 0


def _number(file: BinaryIO, longest: int, marked: bool) -> int | None:
    """An EBML number, with the mark of its own length or without; None if unknown."""
    first = file.read(1)
    length = 9 - first[0].bit_length() if first else 9
    if length > longest:
        return None
    rest = file.read(length - 1)
    if len(rest) < length - 1:
        return None
    number = int.from_bytes(first + rest, "big")
    mark = 1 << 7 * length
    if marked:
        return number
    number -= mark
    return None if number == mark - 1 else number


def _ends_in_a_packet(file: BinaryIO, size: int) -> bool:
    """Whether packets stand in a row from the first byte on, and the last is short."""
    for length, before in _PACKETS:
        count, rest = divmod(size, length)
        if rest and count >= 2 * _SURE_PACKETS:
            # A stream that was joined or lost some bytes is not in step at both ends.
            near = (0, (count - _SURE_PACKETS) * length)
            if all(_in_step(file, start, length, before) for start in near):
                file.seek(count * length + before)
                return file.read(1) in (b"", bytes([_SYNC]))
    return False


def _in_step(file: BinaryIO, start: int, length: int, before: int) -> bool:
    file.seek(start)
    data = file.read(_SURE_PACKETS * length)
    return all(mark == _SYNC for mark in data[before::length])


def _last(file: BinaryIO, size: int, length: int) -> bytes:
    file.seek(max(size - length, 0))
    return file.read(length)


def _ends_in_a_page(file: BinaryIO, size: int) -> bool:
    """Whether the last page that begins does not end."""
    data = _last(file, size, _LONGEST_PAGE)
    start = data.rfind(b"OggS")
    page = data[start:]
    if start < 0:
        return False
    segments = page[_PAGE_HEAD - 1] if len(page) >= _PAGE_HEAD else 0
    lengths = page[_PAGE_HEAD : _PAGE_HEAD + segments]
    return len(page) < _PAGE_HEAD + segments + sum(lengths)


def _ends_in_a_fragment(file: BinaryIO, size: int) -> bool:
    """Whether the last box is the head of a fragment, and not all of it is there."""
    boxes = list(boxes_of(file))
    if not boxes:
        return False
    kind, at, length = boxes[-1]
    return kind == b"moof" and at + length > size
