"""The index in front of an mp4 or mov: nothing else may change."""

import struct
from pathlib import Path

import av
import pytest

from tests.clips import Clip, Sound, write_clip
from tests.test_media_muxer import _copied
from videnhance.media.output import boxes
from videnhance.media.output.boxes import index_in_front


def _kinds(path: Path) -> list[str]:
    data, at, kinds = path.read_bytes(), 0, []
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        kinds.append(kind.decode())
        at += length
    return kinds


def _packets(path: Path) -> list[tuple[int, int | None, bytes]]:
    with av.open(str(path), "r") as opened:
        return [(p.stream_index, p.pts, bytes(p)) for p in opened.demux() if p.size]


@pytest.mark.parametrize("name", ["a.mp4", "a.mov"])
@pytest.mark.parametrize("beyond", [1 << 32, 0])
@pytest.mark.parametrize("chunk", [8 << 20, 100])
def test_every_packet_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, beyond: int, chunk: int
) -> None:
    monkeypatch.setattr(boxes, "_BEYOND", beyond)
    monkeypatch.setattr(boxes, "_CHUNK_BYTES", chunk)
    path = write_clip(tmp_path / name, Clip(sounds=(Sound(), Sound(language="deu"))))
    before = _packets(path)
    assert _kinds(path)[-1] == "moov"
    index_in_front(path)
    assert _kinds(path)[:2] == ["ftyp", "moov"]
    assert "mdat" in _kinds(path)
    assert _packets(path) == before
    assert len({stream for stream, _, _ in before}) == 3
    assert (b"co64" in path.read_bytes()) == (beyond == 0)


def test_a_file_with_its_index_in_front_stays(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", Clip(container={"movflags": "faststart"}))
    before = path.read_bytes()
    index_in_front(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("suffix", ["mp4", "mov", "m4v"])
def test_outputs_play_while_they_come(tmp_path: Path, suffix: str) -> None:
    source = write_clip(tmp_path / "in.mkv")
    _copied(source, tmp_path / f"out.{suffix}")
    assert _kinds(tmp_path / f"out.{suffix}")[:2] == ["ftyp", "moov"]
