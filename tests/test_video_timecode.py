"""Timecodes count frames, and leave numbers out where the clock asks for it."""

from fractions import Fraction

import pytest

from videnhance.video.others.timecode import moved_timecode

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("timecode", "rate", "frames", "wanted"),
    [
        ("01:02:03:04", Fraction(25), 0, "01:02:03:04"),
        ("01:02:59:24", Fraction(25), 1, "01:03:00:00"),
        ("23:59:59:24", Fraction(25), 1, "00:00:00:00"),
        ("00:00:59:29", NTSC, 1, "00:01:00:00"),
        ("00:00:59;29", NTSC, 1, "00:01:00;02"),
        ("00:01:59;29", NTSC, 1, "00:02:00;02"),
        ("00:09:59;29", NTSC, 1, "00:10:00;00"),
        ("00:00:59;59", 2 * NTSC, 1, "00:01:00;04"),
        ("15:44:35;10", NTSC, 17982, "15:54:35;10"),
        ("23:59:59;29", NTSC, 1, "00:00:00;00"),
        ("no timecode", NTSC, 9, "no timecode"),
        ("01:02:03:04", Fraction(1, 5), 9, "01:02:03:04"),
    ],
)
def test_a_timecode_counts_on(
    timecode: str, rate: Fraction, frames: int, wanted: str
) -> None:
    assert moved_timecode(timecode, rate, frames / rate) == wanted


def test_every_frame_of_ten_minutes_has_its_own_number() -> None:
    codes = [moved_timecode("00:00:00;00", NTSC, n / NTSC) for n in range(17983)]
    assert len(set(codes)) == 17983
    assert codes == sorted(codes)
    for code, n in zip(codes[::977], range(0, 17983, 977), strict=True):
        assert moved_timecode(code, NTSC, -n / NTSC) == "00:00:00;00"
    assert not any(c[3:8] == "01:00" and c[9:] in ("00", "01") for c in codes)
