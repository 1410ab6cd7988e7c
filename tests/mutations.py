"""Damage done to a file's bytes, each kind a function of the bytes and a random source.

The same random source gives the same damage: a case is reproduced by its number.
"""

from collections.abc import Callable, Iterator
from random import Random

__all__ = ["MUTATIONS", "Mutation", "boxes", "mutated"]

Mutation = Callable[[bytes, Random], bytes]

_ODD_NUMBERS = (0, 1, 2, 7, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)
_PARENTS = frozenset(
    b"moov trak mdia minf stbl edts moof traf udta mvex dinf iprp ipco".split()
)
_EBML_IDS = (
    b"\x1a\x45\xdf\xa3",  # EBML
    b"\x18\x53\x80\x67",  # Segment
    b"\x15\x49\xa9\x66",  # Info
    b"\x16\x54\xae\x6b",  # Tracks
    b"\xae",  # TrackEntry
    b"\xe0",  # Video
    b"\x1f\x43\xb6\x75",  # Cluster
    b"\xa3",  # SimpleBlock
    b"\xa0",  # BlockGroup
    b"\x63\xa2",  # CodecPrivate
    b"\x1c\x53\xbb\x6b",  # Cues
    b"\xb0",  # PixelWidth
    b"\xba",  # PixelHeight
)
_TS_PACKET = 188


def _span(data: bytes, random: Random, longest: int = 512) -> tuple[int, int]:
    start = random.randrange(len(data))
    return start, min(len(data), start + random.randint(1, longest))


def flip_bits(data: bytes, random: Random) -> bytes:
    """Turns 1 to 64 bits round."""
    out = bytearray(data)
    for _ in range(random.choice((1, 2, 8, 64))):
        out[random.randrange(len(out))] ^= 1 << random.randrange(8)
    return bytes(out)


def flip_head(data: bytes, random: Random) -> bytes:
    """Turns a few bits of the first bytes, where headers are."""
    out = bytearray(data)
    for _ in range(random.randint(1, 6)):
        out[random.randrange(min(len(out), 400))] ^= 1 << random.randrange(8)
    return bytes(out)


def odd_number(data: bytes, random: Random) -> bytes:
    """Writes a number that is seldom expected, in 1, 2 or 4 bytes, either way round."""
    width = random.choice((1, 2, 4))
    order = random.choice(("big", "little"))
    mask = (1 << 8 * width) - 1
    number = (random.choice(_ODD_NUMBERS) & mask).to_bytes(
        width, "big" if order == "big" else "little"
    )
    at = random.randrange(max(len(data) - width, 1))
    return data[:at] + number + data[at + width :]


def truncate(data: bytes, random: Random) -> bytes:
    """Cuts the end off."""
    return data[: random.randint(1, len(data))]


def behead(data: bytes, random: Random) -> bytes:
    """Cuts the start off."""
    return data[random.randrange(min(len(data), 2000)) :]


def delete(data: bytes, random: Random) -> bytes:
    """Takes a piece out."""
    start, end = _span(data, random)
    return data[:start] + data[end:]


def zero(data: bytes, random: Random) -> bytes:
    """Makes a piece zero, as a lost block of a disk is."""
    start, end = _span(data, random, 4096)
    return data[:start] + bytes(end - start) + data[end:]


def noise(data: bytes, random: Random) -> bytes:
    """Makes a piece random."""
    start, end = _span(data, random, 256)
    return data[:start] + random.randbytes(end - start) + data[end:]


def duplicate(data: bytes, random: Random) -> bytes:
    """Puts a piece in once more, there or elsewhere."""
    start, end = _span(data, random, 2048)
    at = random.choice((start, random.randrange(len(data))))
    return data[:at] + data[start:end] + data[at:]


def swap(data: bytes, random: Random) -> bytes:
    """Changes two neighbouring pieces."""
    a, b, c = sorted(random.randrange(len(data)) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[range]:
    """The boxes of an MP4 file, parents before their children."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size = int.from_bytes(data[start : start + 4], "big")
        if size < 8 or start + size > end:
            return
        yield range(start, start + size)
        if data[start + 4 : start + 8] in _PARENTS:
            yield from boxes(data, start + 8, start + size)
        start += size


def change_box(data: bytes, random: Random) -> bytes:
    """Edits, repeats, moves or removes an MP4 box; other files get an odd number."""
    found = list(boxes(data))
    if not found:
        return odd_number(data, random)
    box = random.choice(found)
    body = data[box.start : box.stop]
    what = random.choice(("size", "kind", "field", "remove", "repeat", "empty"))
    if what == "size":
        size = random.choice((*_ODD_NUMBERS, len(body) - 1, len(body) + 1))
        body = size.to_bytes(4, "big") + body[4:]
    elif what == "kind":
        other = random.choice(found)
        body = body[:4] + data[other.start + 4 : other.start + 8] + body[8:]
    elif what == "field":
        body = body[:8] + odd_number(body[8:] or b"\0", random)
    elif what == "empty":
        body = (8).to_bytes(4, "big") + body[4:8]
    else:
        body = b"" if what == "remove" else body * 2
    return data[: box.start] + body + data[box.stop :]


def change_element(data: bytes, random: Random) -> bytes:
    """Edits the size, the content or the name of a Matroska element."""
    name = random.choice(_EBML_IDS)
    at = data.find(name, random.randrange(max(len(data) // 2, 1)))
    at = data.find(name) if at < 0 else at
    if at < 0:
        return odd_number(data, random)
    after = at + len(name)
    what = random.choice(("size", "large", "unknown", "name", "content"))
    if what == "size":
        new = bytes([random.randrange(256)])
        return data[:after] + new + data[after + 1 :]
    if what == "large":
        return data[:after] + b"\x01\xff\xff\xff\xff\xff\xff\xfe" + data[after + 8 :]
    if what == "unknown":
        return data[:after] + b"\xff" + data[after + 1 :]
    if what == "name":
        return data[:at] + random.choice(_EBML_IDS) + data[after:]
    return data[: after + 1] + random.randbytes(2) + data[after + 3 :]


def change_packets(data: bytes, random: Random) -> bytes:
    """Drops, repeats, changes or mixes 188-byte packets, as a bad antenna does."""
    packets = [data[i : i + _TS_PACKET] for i in range(0, len(data), _TS_PACKET)]
    at = random.randrange(len(packets))
    what = random.choice(("drop", "many", "repeat", "swap", "head"))
    if what == "drop":
        del packets[at]
    elif what == "many":
        packets = [p for p in packets if random.random() > 0.1]
    elif what == "repeat":
        packets.insert(random.randrange(len(packets)), packets[at])
    elif what == "swap":
        other = random.randrange(len(packets))
        packets[at], packets[other] = packets[other], packets[at]
    else:
        packets[at] = packets[at][:1] + random.randbytes(3) + packets[at][4:]
    return b"".join(packets)


MUTATIONS: tuple[Mutation, ...] = (
    behead,
    change_box,
    change_box,
    change_element,
    change_element,
    change_packets,
    delete,
    duplicate,
    flip_bits,
    flip_bits,
    flip_head,
    noise,
    odd_number,
    odd_number,
    swap,
    truncate,
    zero,
)
"""Drawn from evenly; those that reach deepest stand twice."""


def mutated(data: bytes, other: bytes, random: Random) -> tuple[bytes, str]:
    """`data` damaged in one to four ways, and their names; sometimes joined to `other`.

    Never empty.
    """
    names = []
    if random.random() < 0.1:
        data = (
            data[: random.randrange(len(data))] + other[random.randrange(len(other)) :]
        )
        names.append("splice")
    for _ in range(random.choice((1, 1, 2, 4))):
        change = random.choice(MUTATIONS)
        data = change(data, random) or b"\0"
        names.append(change.__name__)
    return data, "+".join(names)
