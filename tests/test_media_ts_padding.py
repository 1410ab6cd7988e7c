"""A transport stream too short to be known is filled up; nothing else is touched."""

from pathlib import Path

import av
import pytest

from tests.clips import Clip, write_clip
from videnhance.media.output.muxer import padded

SHORT = Clip(16, 16, pts=(0,))


def test_a_stream_of_one_frame_can_be_opened(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.ts", SHORT)
    before = path.read_bytes()
    padded(path, "mpegts")
    after = path.read_bytes()
    assert after.startswith(before)
    assert len(after) == 16 * 188 > len(before)
    with av.open(str(path)) as opened:
        assert opened.format.name == "mpegts"
        assert len(list(opened.decode(video=0))) == 1


def test_a_longer_stream_is_left_as_it_is(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.ts", Clip(options={"qp": "1"}))
    before = path.read_bytes()
    padded(path, "mpegts")
    assert path.read_bytes() == before


@pytest.mark.parametrize("data", [b"", b"G" * 100, bytes(188), b"G" + bytes(300)])
def test_what_is_no_row_of_packets_is_left_as_it_is(
    tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "a.ts"
    path.write_bytes(data)
    padded(path, "mpegts")
    assert path.read_bytes() == data


def test_the_longer_packets_of_m2ts_are_left_as_they_are(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.m2ts", SHORT)
    before = path.read_bytes()
    padded(path, "mpegts")
    assert path.read_bytes() == before
    with av.open(str(path)) as opened:
        assert len(list(opened.decode(video=0))) == 1


def test_another_container_is_left_as_it_is(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.ts", SHORT)
    before = path.read_bytes()
    padded(path, "mp4")
    assert path.read_bytes() == before
