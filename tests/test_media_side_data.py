"""What a picture carries: every kind that FFmpeg knows is kept or named."""

import struct
import sys
from pathlib import Path
from typing import Any

import av
import pytest
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame

from tests.clips import write_clip
from tests.faithful_units import captioned, marked
from videnhance.frame import LONGEST_USER_DATA, UserData
from videnhance.media.reader import side_data
from videnhance.media.reader.side_data import (
    SILENT,
    UNKEPT,
    user_data_of,
)

PART = "the video carries pan and scan (which part to show on a 4:3 screen): "
ATSC = b"\xb5\x00\x31"


def _first(path: Path) -> VideoFrame:
    with av.open(str(path)) as opened:
        return next(opened.decode(video=0))


def test_every_kind_that_pyav_names_is_in_the_table() -> None:
    named: dict[Any, str] = {kind.value: kind.name for kind in Type}
    missing = {n: name for n, name in named.items() if n not in {**SILENT, **UNKEPT}}
    assert missing == {}
    assert not {*SILENT} & {*UNKEPT}


def test_a_kind_without_a_name_can_be_read() -> None:
    value: object = Type(31).value
    assert value == 31
    assert Type(Type.A53_CC.value) is Type.A53_CC


@pytest.mark.ffprobe
def test_captions_are_the_bytes_of_the_source(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4")
    captioned(path)
    (data,) = user_data_of(_first(path), "h264")
    assert data.payload_type == 4
    assert data.payload.startswith(ATSC + b"GA94\x03\x41\xff\xfc")


@pytest.mark.ffprobe
def test_what_an_encoder_says_of_itself_is_not_carried(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4")
    assert user_data_of(_first(path), "h264") == ()
    marked(path)
    assert user_data_of(_first(path), "h264") == (
        UserData(5, bytes(range(16)) + b"\0\0\1\0"),
        UserData(4, ATSC + b"DTG1\x41\xfa"),
    )


@pytest.mark.parametrize(
    ("kind", "piece", "words"),
    [
        (31, b"II*", ["the video carries EXIF metadata: that is left out"]),
        (77, b"", ["the video carries FFmpeg's side data 77: that is left out"]),
        (12, (0x1000).to_bytes(8, sys.byteorder), []),
        (12, (0x1002).to_bytes(8, sys.byteorder), []),
        (0, bytes(24), []),
        (0, struct.pack("=3i6h", 1, 256, 256, *[0] * 6), []),
        (0, struct.pack("=3i6h", 1, 192, 256, *[0] * 6), [PART]),
        (0, struct.pack("=3i6h", 1, 256, 256, 9, *[0] * 5), [PART]),
        (
            12,
            (0x1040).to_bytes(8, sys.byteorder),
            ["the video carries a timecode in its groups of pictures: "],
        ),
        (20, bytes(70_000), ["the video carries 70000 bytes of data in a picture"]),
        (8, b"", []),
    ],
)
def test_what_is_not_kept_is_named(
    kind: int, piece: bytes, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(side_data, "pieces_of", lambda *_: [(kind, piece)])
    picture = VideoFrame(16, 16, "gray")
    assert user_data_of(picture, "h264", told.append, first=True) == ()
    assert len(told) == len(words)
    assert all(a.startswith(b) for a, b in zip(told, words, strict=True))


def test_a_count_of_frames_is_no_timecode(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(side_data, "pieces_of", lambda *_: [(12, b"\1" * 8)])
    user_data_of(VideoFrame(16, 16, "gray"), "mpeg2video", told.append)
    assert told == []


def test_a_flood_of_data_is_cut_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    flood = [(20, bytes([n]) * LONGEST_USER_DATA) for n in range(20)]
    monkeypatch.setattr(side_data, "pieces_of", lambda *_: [*flood, *flood])
    data = user_data_of(VideoFrame(16, 16, "gray"), "h264", told.append)
    assert [one.payload for one in data] == [piece for _, piece in flood[:16]]
    assert told == ["the video carries too much data in a picture: a part is left out"]
