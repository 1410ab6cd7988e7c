"""Whether a transport stream goes on over a place as one piece (ISO/IEC 13818-1).

Each of its packets counts on from the last one of its kind. Where the counters go on
and the clock does not, the recorder itself has waited; where both jump, files were
joined or something was not received.
"""

from pathlib import Path

__all__ = ["is_unbroken"]

_SYNC = 0x47
_LENGTHS = ((188, 0), (192, 4), (204, 0))
"""Bytes of a packet, and of what stands in it before its mark."""
_NEAR = 1 << 20
"""Bytes that are looked at before it."""
_AFTER = 16
"""Packets that are looked at behind it: a rare kind may come only after a joint."""
_NO_PAYLOAD = 0x1FFF


def is_unbroken(path: Path, place: int) -> bool:
    """Whether the counters go on over this byte, where a packet begins.

    False too where it cannot be told. Raises OSError as the disk does.
    """
    with path.open("rb") as file:
        file.seek(max(place - _NEAR, 0))
        before = file.read(min(place, _NEAR))
        after = file.read(_AFTER * max(length for length, _ in _LENGTHS))
    for length, lead in _LENGTHS:
        ends = _counters(before[len(before) % length :], length, lead)
        starts = _counters(after, length, lead)
        both = ends.keys() & starts.keys()
        if both:
            return all((ends[p][1] + 1) % 16 == starts[p][0] for p in both)
    return False


def _counters(data: bytes, length: int, lead: int) -> dict[int, tuple[int, int]]:
    """For each kind of packet its first and its last counter; none out of step."""
    found: dict[int, tuple[int, int]] = {}
    for start in range(lead, len(data) - length + 1, length):
        head = data[start : start + 4]
        if len(head) < 4 or head[0] != _SYNC:
            return {}
        kind = (head[1] & 0x1F) << 8 | head[2]
        if kind != _NO_PAYLOAD and head[3] & 0x10:
            counter = head[3] & 0x0F
            found[kind] = found.get(kind, (counter, counter))[0], counter
    return found
