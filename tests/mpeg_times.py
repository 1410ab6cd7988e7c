"""Times in the packets of MPEG's systems, written by hand."""

__all__ = ["retimed"]

PACKET = 188


def retimed(data: bytes, pid: int, number: int, ticks: int) -> bytes:
    """A transport stream in which one PES packet, counted from 1, is so much later."""
    out, count = bytearray(data), 0
    for start in range(0, len(out), PACKET):
        kind = (out[start + 1] & 0x1F) << 8 | out[start + 2]
        if kind != pid or not out[start + 1] & 0x40:
            continue
        count += 1
        if count == number:
            begin = start + 4
            if out[start + 3] & 0x20:  # an adaptation field
                begin += 1 + out[begin]
            _move(out, begin, ticks)
            return bytes(out)
    raise ValueError(f"there are only {count} packets")


def _move(out: bytearray, pes: int, ticks: int) -> None:
    assert out[pes : pes + 3] == b"\0\0\1"
    times = 2 if out[pes + 7] & 0x40 else 1
    for at in range(pes + 9, pes + 9 + 5 * times, 5):
        time = (_read(out, at) + ticks) % (1 << 33)
        out[at] = out[at] & 0xF1 | (time >> 30 & 7) << 1
        out[at + 1] = time >> 22 & 255
        out[at + 2] = (time >> 15 & 127) << 1 | 1
        out[at + 3] = time >> 7 & 255
        out[at + 4] = (time & 127) << 1 | 1


def _read(data: bytearray, at: int) -> int:
    high, low = data[at + 1] << 8 | data[at + 2], data[at + 3] << 8 | data[at + 4]
    return (data[at] >> 1 & 7) << 30 | high >> 1 << 15 | low >> 1
