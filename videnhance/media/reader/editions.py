"""What a Matroska says of its chapters that FFmpeg does not read (RFC 9559, 5.1.7).

An edition may play parts of the file in an order of its own, and of other files; its
chapters may lie within each other, or be hidden.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

__all__ = ["children", "edition_notices"]

_SEGMENT, _CLUSTER = b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75"
_INFO, _CHAPTERS = b"\x15\x49\xa9\x66", b"\x10\x43\xa7\x70"
_EDITION, _ORDERED = b"\x45\xb9", b"\x45\xdd"
_CHAPTER, _HIDDEN, _ELSEWHERE = b"\xb6", b"\x98", b"\x6e\x67"
_NEIGHBOURS = (b"\x3c\xb9\x23", b"\x3e\xb9\x23")
"""The segments before and after this one, in other files."""
_LONGEST = 1 << 20
"""Bytes of an element that is read."""
_MOST_ELEMENTS = 64


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
        head = file.read(12)
        if not head:
            return
        size_at = 9 - head[0].bit_length()
        start = size_at + 9 - head[size_at].bit_length()
        size = _size(head[size_at:start])
        file.seek(start - len(head), 1)
        kind = head[:size_at]
        if kind == _CLUSTER:
            return
        if kind == _SEGMENT:
            continue
        if kind in (_INFO, _CHAPTERS) and size <= _LONGEST:
            yield kind, file.read(size)
        else:
            file.seek(size, 1)


def children(body: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Kind, body and whole of each element in a row (RFC 8794).

    Raises IndexError where it is cut off.
    """
    at = 0
    while at < len(body):
        size_at = at + 9 - body[at].bit_length()
        start = size_at + 9 - body[size_at].bit_length()
        end = start + _size(body[size_at:start])
        yield body[at:size_at], body[start:end], body[at:end]
        at = end


def _size(field: bytes) -> int:
    """What a size without the mark of its own length is."""
    return int.from_bytes(field, "big") - (1 << 7 * len(field))
