"""Streams that begin late in a file without a list of its streams."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.faithful_reader import Media, run_tool
from videnhance.cli import app
from videnhance.media import source as opening
from videnhance.media.streams import late
from videnhance.media.streams.actions import StreamAction
from videnhance.media.streams.late import unexpected_streams
from videnhance.media.streams.stream_planner import plan_streams

pytestmark = pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="needs ffmpeg, which makes the recordings"
)

_PICTURE = "-f lavfi -i testsrc2=s=96x80:r=25:d={} -f lavfi -i sine=f=440:r=32000:d={}"
_SECOND = "-itsoffset {} -f lavfi -i sine=f=880:r=32000:d={} -map 0 -map 1 -map 2"
_CODED = "-c:v mpeg2video -q:v 31 -g 25 -c:a ac3 -b:a 32k"


def _made(folder: Path, name: str, *words: str) -> Path:
    run_tool("ffmpeg", "-nostdin", "-v", "error", *" ".join(words).split(), name,
             folder=folder)  # fmt: skip
    return folder / name


def _late(
    folder: Path, name: str, begin: int = 16, seconds: int = 4, coded: str = _CODED
) -> Path:
    """20 seconds, with a second sound for some of them."""
    kind = "-f vob" if name.endswith(".vob") else ""
    picture, second = _PICTURE.format(20, 20), _SECOND.format(begin, seconds)
    return _made(folder, name, picture, second, coded, kind)


def _changed(folder: Path, name: str) -> Path:
    """A recording whose list of streams names a second sound in its second half."""
    one = _made(folder, "one.ts", _PICTURE.format(3, 3), _CODED)
    two = _made(folder, "two.ts", _PICTURE.format(3, 3), _SECOND.format(0, 3), _CODED,
                "-output_ts_offset 3 -tables_version 1")  # fmt: skip
    (folder / name).write_bytes(one.read_bytes() + two.read_bytes())
    return folder / name


def _unlisted(folder: Path, name: str) -> Path:
    """A FLV whose head says that it has no sound, and a sound from its middle on."""
    sound = "-f lavfi -i sine=f=440:r=44100:d=8 -map 0 -map 1 -c:v flv1 -q:v 8 -c:a mp3"
    picture = "-f lavfi -i testsrc2=s=96x80:r=25:d=20 -itsoffset 12"
    path = _made(folder, name, picture, sound, "-flvflags no_metadata")
    _only_pictures(path)
    return path


def _only_pictures(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4)
        file.write(b"\1")


def _starts(path: Path) -> list[float]:
    """When each sound's first packet is heard."""
    tracks = Media(path).of("audio")
    return [float(track.packets[0]["pts_time"]) for track in tracks]


@pytest.mark.parametrize(
    ("name", "make", "begins"),
    [
        ("a.vob", _late, 16),
        ("a.ts", _late, 16),
        ("b.ts", _changed, 3),
        ("a.flv", _unlisted, 12),
    ],
)
def test_a_sound_that_begins_late_is_kept(
    tmp_path: Path, name: str, make: Callable[[Path, str], Path], begins: int
) -> None:
    source, target = make(tmp_path, name), tmp_path / "out.mkv"
    words = [str(source), str(target), "--strength", "0", "--scale", "1"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "lost" not in result.stderr
    *first, second = _starts(target)
    assert second - sum(first) == pytest.approx(begins, abs=0.1)


@pytest.mark.parametrize("seconds", [4, 8])
def test_one_that_cannot_be_had_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    # FFmpeg looks at the end of the file for its length, and meets the longer one.
    source = _late(tmp_path, "a.vob", begin=12, seconds=seconds)
    monkeypatch.setattr(opening, "_LOOKED_THROUGH", 50_000)
    known, other = plan_streams(source, "matroska")
    assert known.action is StreamAction.KEPT
    assert (other.kind, other.codec, other.action) == (
        "audio",
        "ac3",
        StreamAction.LOST,
    )
    assert other.why.startswith(
        "it begins too late in the file; what ffmpeg -probesize"
    )


def _early(folder: Path, name: str) -> Path:
    """A second sound in the middle, which no look at the end of the file meets."""
    return _late(folder, name, 5, 3, _CODED.replace("-q:v 31", "-q:v 2"))


@pytest.mark.parametrize("sampled", [False, True])
@pytest.mark.parametrize(
    ("name", "make", "lost"),
    [
        ("a.vob", _early, ["audio, ac3"]),
        ("a.ts", _early, ["audio, ac3"]),
        ("a.flv", _unlisted, ["audio, mp3"]),
    ],
)
def test_what_comes_up_on_the_way_is_said_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str,
    make: Callable[[Path, str], Path], lost: list[str], sampled: bool,
) -> None:  # fmt: skip
    source, target = make(tmp_path, name), tmp_path / "out.mkv"
    monkeypatch.setattr(opening, "_LOOKED_THROUGH", 50_000)
    if not sampled:
        monkeypatch.setattr(late, "_sampled", lambda _: io.BytesIO())
    words = [str(source), str(target), "--strength", "0", "--scale", "1"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    for kind in lost:
        assert result.stderr.count(f"({kind}) is lost: it begins too late") == 1
    for kind in ("video", "audio"):
        there, made = Media(source).of(kind)[:1], Media(target).of(kind)
        assert [len(t.packets) for t in made] == [len(t.packets) for t in there]


def test_all_is_read_before_a_new_stream_is_tripped_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _early(tmp_path, "a.vob")
    monkeypatch.setattr(opening, "_LOOKED_THROUGH", 50_000)
    with opening.open_source(path) as opened:
        packets = [*opening.demuxed(opened, [*opened.streams])]
        assert [packet.size for packet in packets[-2:]] == [0, 0]
        assert len(unexpected_streams(opened)) == 1
        found = [packet for packet in packets if packet.size]
    here = sum(len(track.packets) for track in Media(path).tracks[:2])
    assert len(found) == here


def test_other_containers_are_opened_as_ever(tmp_path: Path) -> None:
    path = _made(tmp_path, "a.mkv", _PICTURE.format(1, 1), _CODED)
    assert opening._looked_through(path) == {}
    assert len(plan_streams(path, "matroska")) == 1
