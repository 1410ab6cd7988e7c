"""Elements of EBML, the form of Matroska (RFC 8794): read from a file or from bytes."""

from collections.abc import Iterator
from typing import BinaryIO

__all__ = ["children", "element", "element_head"]

_LONGEST_ID, _LONGEST_SIZE = 4, 8


def element_head(file: BinaryIO) -> tuple[bytes, int | None] | None:
    """Kind and size of the element that begins here; its body comes next.

    The size is None where it is not known, as in live streams. None instead of both
    where no whole head begins.
    """
    kind = _number(file, _LONGEST_ID)
    size = _number(file, _LONGEST_SIZE) if kind else None
    if kind is None or size is None:
        return None
    return kind, None if _value(size) == _value(b"\xff" * len(size)) else _value(size)


def children(body: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Kind, body and whole of each element in a row.

    Raises IndexError where it is cut off.
    """
    at = 0
    while at < len(body):
        size_at = at + _length(body[at])
        start = size_at + _length(body[size_at])
        end = start + _value(body[size_at:start])
        yield body[at:size_at], body[start:end], body[at:end]
        at = end


def element(kind: bytes, body: bytes) -> bytes:
    """An element with the shortest size that tells its length."""
    length = next(n for n in range(1, 9) if len(body) < (1 << 7 * n) - 1)
    return kind + (len(body) | 1 << 7 * length).to_bytes(length, "big") + body


def _number(file: BinaryIO, longest: int) -> bytes | None:
    """A number with the mark of its own length; None if it is cut off or too long."""
    first = file.read(1)
    length = _length(first[0]) if first else 0
    if not 0 < length <= longest:
        return None
    number = first + file.read(length - 1)
    return number if len(number) == length else None


def _length(first: int) -> int:
    """Bytes of a number that begins with this one."""
    return 9 - first.bit_length()


def _value(number: bytes) -> int:
    """A number without the mark of its own length."""
    return int.from_bytes(number, "big") & (1 << 7 * len(number)) - 1
