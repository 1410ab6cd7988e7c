"""A FLV that is several in a row is read as one."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.clips import Clip, Sound, sound_packets, write_clip
from videnhance.media.joined import JoinedFile, flv_parts
from videnhance.media.reader.video_reader import VideoReader

FLV = Clip(codec="flv", sounds=(Sound(),), options={"g": "6"})


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_flv_of_several_is_read_to_its_end(tmp_path: Path, count: int) -> None:
    source = write_clip(tmp_path / "a.flv", FLV)
    sound = len(sound_packets(source))
    source.write_bytes(source.read_bytes() * count)
    with VideoReader(source) as reader:
        assert reader.info.frames == 12 * count
        times = [frame.pts for frame in reader]
    assert len(times) == 12 * count
    assert {b - a for a, b in pairwise(times)} == {40}
    parts = flv_parts(source)
    assert len(parts) == (count if count > 1 else 0)
    if parts:
        with JoinedFile(source, parts) as joined:
            whole = tmp_path / "whole.flv"
            whole.write_bytes(joined.read())
        assert len(sound_packets(whole)) == sound * count


def test_a_joined_file_is_read_from_any_place(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(range(100)))
    with JoinedFile(path, ((0, 10), (20, 30), (90, 100))) as joined:
        wanted = bytes([*range(10), *range(20, 30), *range(90, 100)])
        assert joined.read() == wanted
        for place in (0, 9, 10, 15, 29):
            assert joined.seek(place) == joined.tell() == place
            assert joined.read(7) in wanted[place:]
        assert joined.seek(-3, 2) == 27
        assert joined.read() == wanted[27:]
        assert joined.read(1) == b""
