"""What FFmpeg does not tell of a file: that its end is missing, what follows it, and
Matroska's editions of chapters.

Matroska says at the front how long it is (RFC 9559), a transport stream is a row of
packets of one length (ISO/IEC 13818-1), Ogg one of pages that tell theirs (RFC 3533), a
fragmented MP4 one of boxes (ISO/IEC 14496-12), a PNG ends with a chunk of that name.
Anything unusual counts as whole: a good file is never called cut.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from videnhance.errors import counted
from videnhance.media.ebml import children, element_head
from videnhance.media.output.boxes import boxes_of

__all__ = ["behind_notice", "cut_notice", "edition_notices"]

_SEGMENT, _CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
_FIRST_ELEMENTS = 8
"""How many to look at for the segment; it is the second."""

_SYNC = 0x47
_PACKETS = ((188, 0), (192, 4))
"""Bytes of a packet, and of what stands in it before its mark; .m2ts has the second."""
_SURE_PACKETS = 8

_PAGE_HEAD, _LONGEST_PAGE = 27, 27 + 255 + 255 * 255
"""Of an Ogg page: its fixed part, and the longest whole."""

_INFO, _CHAPTERS = b"\x15\x49\xa9\x66", b"\x10\x43\xa7\x70"
_EDITION, _ORDERED = b"\x45\xb9", b"\x45\xdd"
_CHAPTER, _HIDDEN, _ELSEWHERE = b"\xb6", b"\x98", b"\x6e\x67"
_NEIGHBOURS = (b"\x3c\xb9\x23", b"\x3e\xb9\x23")
"""The segments before and after this one, in other files."""
_LONGEST = 1 << 20
"""Bytes of an element that is read."""
_MOST_ELEMENTS = 64


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
        kind, length = element_head(file) or (b"", None)
        if length is None:
            return 0  # a live stream, whose length nobody knew
        if kind == _SEGMENT:
            return file.tell() + length
        file.seek(length, 1)
    return 0


def _ends_in_a_packet(file: BinaryIO, size: int) -> bool:
    """Whether packets stand in a row from the first byte on, and the last is short."""
    for length, before in _PACKETS:
        count, rest = divmod(size, length)
        if rest and count >= 2 * _SURE_PACKETS:
            # A stream that was joined or lost some bytes is not in step at both ends.
            near = (0, (count - _SURE_PACKETS) * length)
            if all(
                _in_step(file, start, length=length, before=before) for start in near
            ):
                file.seek(count * length + before)
                return file.read(1) in (b"", bytes([_SYNC]))
    return False


def _in_step(file: BinaryIO, start: int, *, length: int, before: int) -> bool:
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


def behind_notice(path: Path, container: str) -> str | None:
    """What to say of a file behind the first that its demuxer does not come to.

    `container` is FFmpeg's name. Raises OSError as the disk does.
    """
    if not container.startswith("mov"):
        return None
    with path.open("rb") as file:
        place = _second_mov(file)
    if place is None:
        return None
    return (
        f"a second file begins behind the first (at byte {place}) and is not read: "
        "take them apart there and convert each"
    )


def _second_mov(file: BinaryIO) -> int | None:
    """Where a file type box comes once more; fragments with a head each are read on."""
    seen = set[bytes]()
    for kind, place, _ in boxes_of(file):
        if kind == b"ftyp" and b"moov" in seen and b"moof" not in seen:
            return place
        seen.add(kind)
    return None


def edition_notices(path: Path) -> list[str]:
    """What is not kept of a Matroska's editions; nothing where it is damaged.

    Raises OSError if it cannot be opened.
    """
    with path.open("rb") as file:
        try:
            found = dict(_before_clusters(file))
            return [*_told(found.get(_INFO, b""), found.get(_CHAPTERS, b""))]
        except (IndexError, ValueError, OSError):  # a place beyond all files
            return []


def _told(info: bytes, chapters: bytes) -> Iterator[str]:
    editions = [body for kind, body, _ in children(chapters) if kind == _EDITION]
    atoms = [atom for edition in editions for atom in _within(edition, _CHAPTER)]
    linked = any(kind in _NEIGHBOURS for kind, _, _ in children(info))
    if linked or any(_within(atom, _ELSEWHERE) for atom in atoms):
        yield "the file plays on in others (linked segments): only its own part is read"
    if any(_is_set(edition, _ORDERED) for edition in editions):
        yield (
            "the file's chapters play in an order of their own (an ordered edition): "
            "it is read from front to end"
        )
    if len(editions) > 1:
        yield f"{len(editions)} editions of chapters become one list"
    if any(_within(atom, _CHAPTER) for atom in atoms):
        yield "chapters within chapters are left out"
    if any(_is_set(atom, _HIDDEN) for atom in atoms):
        yield "hidden chapters are not hidden any more"


def _within(body: bytes, kind: bytes) -> list[bytes]:
    return [part for found, part, _ in children(body) if found == kind]


def _is_set(body: bytes, kind: bytes) -> bool:
    return any(any(flag) for flag in _within(body, kind))


def _before_clusters(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of what stands in front of the pictures, as far as it is short."""
    for _ in range(_MOST_ELEMENTS):
        kind, size = element_head(file) or (_CLUSTER, None)
        if kind == _SEGMENT:
            continue
        if kind == _CLUSTER or size is None:
            return
        if kind in (_INFO, _CHAPTERS) and size <= _LONGEST:
            yield kind, file.read(size)
        else:
            file.seek(size, 1)
