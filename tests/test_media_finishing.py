"""What is set right in a finished animation, and what is no animation."""

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import pytest

from videnhance.media.stills.finishing import finish

GIF = b"GIF89a" + struct.pack("<HH", 1, 1) + bytes(3)
CONTROL = b"\x21\xf9\x04\x00\x0a\x00\x00\x00"
PICTURE = b"\x2c" + bytes(4) + struct.pack("<HH", 1, 1) + b"\x00\x02\x01\x00\x00"


def _chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def _apng(*delays: tuple[int, int]) -> bytes:
    controls = (
        _chunk(b"fcTL", struct.pack(">5I2H2B", n, 1, 1, 0, 0, *delay, 0, 0))
        for n, delay in enumerate(delays)
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(controls) + _chunk(b"IEND", b"")


def _riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
        for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _finished(path: Path, data: bytes, muxer: str, seconds: Fraction) -> bytes:
    path.write_bytes(data)
    finish(path, muxer, seconds=seconds, alpha=True)
    return path.read_bytes()


def test_the_last_picture_of_a_gif_is_shown_for_what_is_left(tmp_path: Path) -> None:
    data = GIF + CONTROL + PICTURE + CONTROL + PICTURE + b"\x3b"
    made = _finished(tmp_path / "a.gif", data, "gif", Fraction(1, 4))
    delays = [
        made[at + 4] for at in range(len(made)) if made.startswith(CONTROL[:4], at)
    ]
    assert delays == [10, 15]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (GIF + b"\x3b" + bytes(9), "without frames"),
        (GIF, "without an end"),
    ],
)
def test_what_is_no_gif_is_refused(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        _finished(tmp_path / "a.gif", data, "gif", Fraction(1))


@pytest.mark.parametrize(
    ("seconds", "last"), [(Fraction(3, 10), (1, 5)), (Fraction(70000), (65535, 1))]
)
def test_the_last_picture_of_an_apng_is_shown_for_what_is_left(
    tmp_path: Path, seconds: Fraction, last: tuple[int, int]
) -> None:
    data = _apng((1, 10), (1, 10))
    made = _finished(tmp_path / "a.apng", data, "apng", seconds)
    assert made == _apng((1, 10), last)


def test_a_single_picture_is_no_animation(tmp_path: Path) -> None:
    for name, data in (("apng", _apng()), ("webp", _riff((b"VP8 ", b"abc")))):
        assert _finished(tmp_path / "a", data, name, Fraction(1)) == data


def test_a_webp_is_marked_as_transparent(tmp_path: Path) -> None:
    frame = bytes(12) + (40).to_bytes(3, "little") + b"\x00"
    data = _riff((b"VP8X", bytes(10)), (b"ANMF", frame), (b"ANMF", frame))
    made = _finished(tmp_path / "a.webp", data, "webp", Fraction(1, 10))
    assert made[20] & 0x10
    assert int.from_bytes(made[-4:-1], "little") == 60
