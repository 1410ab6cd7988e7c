"""What is said of a stream: its language, and a timecode that counts on."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest
from click.testing import CliRunner

from tests.clips import Clip, write_clip
from videnhance.cli import app
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.streams.tags import is_counted, moved_timecode, three_letters

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
    assert moved_timecode(timecode, rate, seconds=frames / rate) == wanted


def test_every_frame_of_ten_minutes_has_its_own_number() -> None:
    codes = [
        moved_timecode("00:00:00;00", NTSC, seconds=n / NTSC) for n in range(17983)
    ]
    assert len(set(codes)) == 17983
    assert codes == sorted(codes)
    for code, n in zip(codes[::977], range(0, 17983, 977), strict=True):
        assert moved_timecode(code, NTSC, seconds=-n / NTSC) == "00:00:00;00"
    assert not any(c[3:8] == "01:00" and c[9:] in ("00", "01") for c in codes)


@pytest.mark.parametrize("suffix", [".mov", ".mp4", ".mkv"])
def test_tape_keeps_its_rate_and_its_timecode(tmp_path: Path, suffix: str) -> None:
    clip = Clip(width=720, height=576, codec="dvvideo", options={}, pts=range(8))
    tape = write_clip(tmp_path / "in.dv", replace(clip, time_base=Fraction(1, 25)))
    with VideoReader(tape) as reader:
        assert reader.info.rate == 25
        assert reader.info.frames == 8
    made = tmp_path / f"out{suffix}"
    words = [str(tape), str(made), "--strength", "0", "--scale", "1", "--start", "0.12"]
    assert CliRunner().invoke(app, words).exit_code == 0
    with av.open(str(made)) as opened:
        tags = {k.lower(): v for k, v in opened.metadata.items()}
        assert opened.streams.video[0].average_rate == 25
        assert len(list(opened.decode(video=0))) == 5
    assert tags["timecode"] == "00:00:00:03"


@pytest.mark.parametrize(
    ("rate", "counts"), [(Fraction(1, 2), False), (NTSC, True), (Fraction(240), False)]
)
def test_only_some_rates_are_counted(rate: Fraction, counts: bool) -> None:
    assert is_counted(rate) is counts


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("en", "eng"),
        ("pt-BR", "por"),
        ("zh_Hant-TW", "zho"),
        ("DE", "deu"),
        ("iw", "heb"),
        ("deu", "deu"),
        ("gsw-CH", "gsw"),
        ("und", "und"),
        ("", ""),
        ("x-klingon", "x-klingon"),
        ("Deutsch", "Deutsch"),
    ],
)
def test_a_language_has_three_letters(given: str, wanted: str) -> None:
    assert three_letters(given) == wanted
