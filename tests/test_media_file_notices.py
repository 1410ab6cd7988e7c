"""What FFmpeg does not tell of a file: a missing end, a second file, editions."""

from pathlib import Path

import pytest

from tests.clips import Clip, Sound, write_clip
from videnhance.media.ebml import element
from videnhance.media.reader.file_notices import (
    behind_notice,
    cut_notice,
    edition_notices,
)
from videnhance.media.reader.video_reader import VideoReader

CLIP = Clip(sounds=(Sound(),))
CLUSTER = b"\x1f\x43\xb6\x75"
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


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_a_second_file_that_is_not_read_is_named(tmp_path: Path, suffix: str) -> None:
    source = write_clip(tmp_path / f"a{suffix}", Clip(codec="mpeg4", options={}))
    data = source.read_bytes()
    with VideoReader(source) as reader:
        assert reader.notices == []
    source.write_bytes(data * 2)
    with VideoReader(source) as reader:
        assert [f"(at byte {len(data)})" in words for words in reader.notices] == [True]


def test_fragments_with_a_head_each_are_no_second_file(tmp_path: Path) -> None:
    options = {"movflags": "frag_keyframe+empty_moov"}
    source = write_clip(tmp_path / "a.mp4", Clip(container=options))
    source.write_bytes(source.read_bytes() * 2)
    assert behind_notice(source, "mov,mp4") is None


def _atom(start: int, *more: bytes) -> bytes:
    times = element(b"\x91", start.to_bytes(4, "big"))
    return element(
        b"\xb6", element(b"\x73\xc4", bytes([start + 1])) + times + b"".join(more)
    )


def _with_editions(path: Path, *editions: bytes) -> Path:
    """A Matroska with these in front of its pictures."""
    write_clip(path)
    data = path.read_bytes()
    whole = element(
        b"\x10\x43\xa7\x70", b"".join(element(b"\x45\xb9", e) for e in editions)
    )
    at = data.index(CLUSTER, 300)
    size = data.index(b"\x18\x53\x80\x67") + 4
    grown = int.from_bytes(data[size + 1 : size + 8], "big") + len(whole)
    head = data[: size + 1] + grown.to_bytes(7, "big") + data[size + 8 : at]
    path.write_bytes(head + whole + data[at:])
    return path


@pytest.mark.parametrize(
    ("editions", "words"),
    [
        ((_atom(0),), []),
        ((element(b"\x45\xdd", b"\0") + _atom(0),), []),
        ((element(b"\x45\xdd", b"\1") + _atom(0),), ["(an ordered edition)"]),
        ((_atom(0), _atom(0)), ["2 editions of chapters become one list"]),
        ((_atom(0, _atom(0)),), ["chapters within chapters are left out"]),
        ((_atom(0, element(b"\x98", b"\1")),), ["hidden chapters"]),
        ((_atom(0, element(b"\x6e\x67", bytes(16))),), ["linked segments"]),
    ],
)
def test_what_is_not_kept_of_editions_is_said(
    editions: tuple[bytes, ...], words: list[str], tmp_path: Path
) -> None:
    path = _with_editions(tmp_path / "a.mkv", *editions)
    told = edition_notices(path)
    assert len(told) == len(words)
    assert all(b in a for a, b in zip(told, words, strict=True))
    with VideoReader(path) as reader:
        assert [n for n in reader.notices if n in told] == told
        assert len(list(reader)) == 12


def test_damage_is_no_edition(tmp_path: Path) -> None:
    path = _with_editions(tmp_path / "a.mkv", element(b"\x45\xdd", b"\1") + _atom(0))
    data = path.read_bytes()
    for length in range(0, data.index(CLUSTER, 300), 7):
        path.write_bytes(data[:length])
        assert len(edition_notices(path)) <= 1
    for place in range(40, data.index(CLUSTER, 300), 3):
        path.write_bytes(data[:place] + b"\xff\0\x01" + data[place + 3 :])
        assert len(edition_notices(path)) <= 5
