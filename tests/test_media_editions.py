"""Editions of Matroska that FFmpeg does not read are named."""

from pathlib import Path

import pytest

from tests.clips import write_clip
from videnhance.media.output.immersion import element
from videnhance.media.reader.editions import edition_notices
from videnhance.media.reader.video_reader import VideoReader

CLUSTER = b"\x1f\x43\xb6\x75"


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
