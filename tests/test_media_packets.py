"""Packets on disk come back as they were, or not at all."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.clips import Clip, write_clip
from videnhance.errors import OutputError
from videnhance.media.output.packets import (
    PacketFile,
    packet_times,
    read_packets,
)
from videnhance.media.source import AnyPacket


def _packets(path: Path) -> list[AnyPacket]:
    with av.open(str(path), "r") as opened:
        return [p for p in opened.demux(opened.streams.video[0]) if p.size]


def _written(folder: Path, packets: list[AnyPacket]) -> Path:
    with PacketFile(folder / "a.packets") as file:
        file.write(packets)
        assert file.packets == len(packets)
    return file.path


def test_packets_come_back_as_they_were(tmp_path: Path) -> None:
    packets = _packets(write_clip(tmp_path / "a.mp4", Clip(pts=(-5, 0, 7, 8, 90))))
    base = Fraction(1, 12800)
    path = _written(tmp_path, packets)
    assert packet_times(path) == [p.pts for p in packets]
    for ours, theirs in zip(read_packets(path, base), packets, strict=True):
        assert bytes(ours) == bytes(theirs)
        assert (ours.pts, ours.dts, ours.duration) == (
            theirs.pts,
            theirs.dts,
            theirs.duration,
        )
        assert ours.is_keyframe == theirs.is_keyframe
        assert ours.time_base == base


def test_transparency_beside_the_picture_is_kept(tmp_path: Path) -> None:
    clip = Clip(pix_fmt="yuva420p", codec="libvpx-vp9", options={}, pts=(0, 512))
    packets = _packets(write_clip(tmp_path / "a.webm", clip))
    beside = [bytes(p.get_sidedata("matroska_block_additional")) for p in packets]
    assert all(beside)
    back = list(read_packets(_written(tmp_path, packets), Fraction(1, 1000)))
    assert [bytes(p.get_sidedata("matroska_block_additional")) for p in back] == beside


def test_damage_is_found_wherever_it_is(tmp_path: Path) -> None:
    packets = _packets(write_clip(tmp_path / "a.mp4", Clip(pts=(0, 512))))
    path = _written(tmp_path, packets)
    whole = path.read_bytes()
    for place in range(0, len(whole), 13):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(OutputError, match="--discard"):
            list(read_packets(path, Fraction(1)))
    for length in (0, 5, len(whole) - 1, len(whole) - 30):
        path.write_bytes(whole[:length])
        with pytest.raises(OutputError, match="is damaged"):
            packet_times(path)
    path.unlink()
    with pytest.raises(OutputError, match="cannot be read"):
        packet_times(path)


def test_a_dropped_file_is_gone(tmp_path: Path) -> None:
    file = PacketFile(tmp_path / "a.part")
    file.drop()
    file.drop()
    assert list(tmp_path.iterdir()) == []
