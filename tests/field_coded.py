"""H.264 in which each field is a picture of its own, written by hand: no encoder that
is at hand makes it."""

import numpy as np
import numpy.typing as npt

__all__ = ["field_coded"]

_BLOCK = 16
_PCM = 25
"""The kind of a macroblock whose samples are stored as they are."""


class _Bits:
    def __init__(self) -> None:
        self.text = ""

    def put(self, value: int, count: int) -> "_Bits":
        self.text += f"{value:0{count}b}" if count else ""
        return self

    def golomb(self, *values: int) -> "_Bits":
        for value in values:
            self.put(value + 1, 2 * (value + 1).bit_length() - 1)
        return self

    def align(self, bit: int = 0) -> "_Bits":
        return self.put(0, -len(self.text) % 8) if not bit else self.put(1, 1).align()

    def unit(self, head: int) -> bytes:
        data = int(self.text, 2).to_bytes(len(self.text) // 8, "big")
        while b"\0\0\0" in data or b"\0\0\1" in data or b"\0\0\2" in data:
            for low in (0, 1, 2):
                data = data.replace(bytes((0, 0, low)), bytes((0, 0, 3, low)))
        return b"\0\0\0\1" + bytes((head,)) + data


def field_coded(
    pictures: list[npt.NDArray[np.uint8]], rate: int, bottom_first: bool = False
) -> bytes:
    """Grey pictures of H x W, no sample below 16, at so many a second.

    Sides are multiples of 32 and 16.
    """
    out = []
    for number, luma in enumerate(pictures):
        if not number % 16:
            out.append(_sequence(luma.shape, rate))
        for second in (0, 1):
            bottom = second ^ bottom_first
            out.append(b"\0\0\0\1\x09\xf0")
            out.append(_field(luma[bottom::2], number % 16, second, bottom))
    return b"".join(out)


def _sequence(shape: tuple[int, ...], rate: int) -> bytes:
    height, width = shape
    bits = _Bits().put(77, 8).put(0, 8).put(30, 8)  # Main, level 3
    bits.golomb(0, 0, 0, 4, 1)  # frame_num of 4 bits, order counts of 8, a reference
    bits.put(0, 1).golomb(width // _BLOCK - 1, height // _BLOCK // 2 - 1)
    bits.put(0b00101, 5)  # fields are allowed; no MBAFF; direct 8x8; no crop; VUI
    bits.put(0b00001, 5).put(1, 32).put(2 * rate, 32).put(1, 1)  # timing, fixed
    bits.put(0b0000, 4)
    sps = bits.align(1).unit(0x67)
    pps = _Bits().golomb(0, 0).put(0, 2).golomb(0, 0, 0).put(0, 3)
    return sps + pps.golomb(0, 0, 0).put(0, 3).align(1).unit(0x68)


def _field(
    lines: npt.NDArray[np.uint8], number: int, second: int, bottom: int
) -> bytes:
    is_first = not number and not second
    bits = _Bits().golomb(0, 7, 0).put(number, 4).put(1, 1).put(bottom, 1)
    if is_first:
        bits.golomb(0)
    bits.put(2 * number + second, 8)
    bits.put(0, 2 if is_first else 1)  # references are marked as they come
    bits.golomb(0)
    height, width = lines.shape
    for y in range(0, height, _BLOCK):
        for x in range(0, width, _BLOCK):
            bits.golomb(_PCM).align()
            samples = lines[y : y + _BLOCK, x : x + _BLOCK].tobytes()
            bits.text += "".join(f"{sample:08b}" for sample in samples)
            bits.text += "10000000" * 128
    return bits.align(1).unit(0x65 if is_first else 0x21)
