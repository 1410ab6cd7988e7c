"""A file without its end is called cut off; whole ones, odd ones too, never are."""

from pathlib import Path

import pytest

from tests.clips import Clip, Sound, write_clip
from videnhance.media.reader.truncation import cut_notice
from videnhance.media.reader.video_reader import VideoReader

CLIP = Clip(sounds=(Sound(),))
KINDS = {".mkv": "matroska,webm", ".ts": "mpegts", ".m2ts": "mpegts"}


def _cut(path: Path, length: int) -> Path:
    """A copy of the first bytes."""
    copy = path.with_name(f"cut{path.suffix}")
    copy.write_bytes(path.read_bytes()[:length])
    return copy


@pytest.mark.parametrize("suffix", KINDS)
def test_a_whole_file_is_not_called_cut_off(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / f"a{suffix}", CLIP)
    assert cut_notice(path, KINDS[suffix]) is None
    with VideoReader(path) as reader:
        assert len(list(reader)) == 12
        assert not reader.notices
        assert not reader.damaged_packets


@pytest.mark.parametrize("suffix", KINDS)
def test_a_file_cut_off_is_said_and_counted(tmp_path: Path, suffix: str) -> None:
    path = write_clip(tmp_path / f"a{suffix}", CLIP)
    with VideoReader(_cut(path, path.stat().st_size * 2 // 3 | 1)) as reader:
        assert "cut off" in reader.notices[0]
        assert 0 < len(list(reader)) <= 12
        assert reader.damaged_packets


def test_the_bytes_that_matroska_lacks_are_counted(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv")
    for missing, words in ((1, "1 byte is missing"), (100, "100 bytes are missing")):
        cut = _cut(path, path.stat().st_size - missing)
        assert f"its last {words}" in str(cut_notice(cut, "matroska,webm"))


@pytest.mark.parametrize("length", [1, 4, 5, 187])
def test_any_part_of_a_packet_at_the_end_tells(tmp_path: Path, length: int) -> None:
    path = write_clip(tmp_path / "a.ts", CLIP)
    packets = path.stat().st_size // 188
    assert cut_notice(_cut(path, (packets - 2) * 188 + length), "mpegts")
    assert cut_notice(_cut(path, (packets - 2) * 188), "mpegts") is None


def test_a_live_stream_of_unknown_length_is_whole(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", Clip(container={"live": "1"}))
    data = path.read_bytes()
    place = data.index(b"\x18\x53\x80\x67") + 4
    assert data[place : place + 8] == b"\x01" + b"\xff" * 7
    assert cut_notice(path, "matroska,webm") is None
    assert cut_notice(_cut(path, len(data) // 2), "matroska,webm") is None


@pytest.mark.parametrize("data", [b"", b"\x1a", b"\x00" * 99, b"\xff" * 5000])
def test_no_bytes_whatever_are_a_trap(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    assert cut_notice(path, "matroska,webm") is None
    assert cut_notice(path, "mpegts") is None


def test_packets_that_are_not_in_step_tell_nothing(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.ts", CLIP)
    data = path.read_bytes()
    for odd in (data + bytes(100), data[50:], data[: 188 * 9] + data[188 * 9 + 5 :]):
        path.write_bytes(odd)
        assert cut_notice(path, "mpegts") is None


def test_other_containers_tell_nothing(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4")
    assert cut_notice(_cut(path, 300), "mov,mp4,m4a,3gp,3g2,mj2") is None
