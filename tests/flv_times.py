"""Times in the tags of an FLV, written by hand."""

__all__ = ["moved_tags"]

HEADER = 13
"""Bytes before the first tag."""


def moved_tags(data: bytes, milliseconds: int) -> bytes:
    """All tags of an FLV, without its header, so much later."""
    out, at = bytearray(), HEADER
    while at + 11 <= len(data):
        size = int.from_bytes(data[at + 1 : at + 4], "big") + 15
        tag = bytearray(data[at : at + size])
        time = (int.from_bytes(tag[4:7], "big") | tag[7] << 24) + milliseconds
        tag[4:7], tag[7] = (time & 0xFFFFFF).to_bytes(3, "big"), time >> 24
        out += tag
        at += size
    return bytes(out)
