"""Which of several video tracks is enlarged: the main film, or the one asked for."""

import json
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.stream import Disposition
from click.testing import CliRunner

from tests.clips import Clip, pattern
from videnhance.cli import app
from videnhance.errors import UsageError
from videnhance.live.captured import CapturedFrame
from videnhance.live.player import Player
from videnhance.live.recorder import Recorder, Recording, live_encoding
from videnhance.live.sources import source_for
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Reading, open_source
from videnhance.media.stream_choice import chosen_video

Track = tuple[int, int, int]
"""Width, height, frames."""


def _file(
    path: Path, tracks: list[Track], default: int = -1, live: bool = False
) -> Path:
    """Tracks of Motion JPEG, 25 pictures a second; `live`: no lengths are told."""
    options = {"live": "1"} if live else {}
    with av.open(str(path), "w", options=options) as out:
        streams = []
        for number, (width, height, _) in enumerate(tracks):
            stream = out.add_stream("mjpeg", rate=25)
            stream.width, stream.height = width, height
            stream.pix_fmt = "yuvj420p"
            mark = Disposition.default if number == default else Disposition(0)
            stream.disposition = mark
            streams.append(stream)
        for index in range(max(frames for _, _, frames in tracks)):
            for stream, (width, height, frames) in zip(streams, tracks, strict=True):
                if index < frames:
                    clip = Clip(width=width, height=height, pix_fmt="yuvj420p")
                    picture = pattern(clip, index)
                    picture.pts, picture.time_base = index, Fraction(1, 25)
                    out.mux(stream.encode(picture))
        for stream in streams:
            out.mux(stream.encode(None))
    return path


_STILL, _LARGE_STILL = (64, 48, 1), (192, 128, 1)
_FILM, _PROXY, _SHORT = (96, 64, 20), (48, 32, 20), (128, 96, 4)


@pytest.mark.parametrize("name", ["a.mov", "a.mkv", "live.mkv"])
@pytest.mark.parametrize(
    ("tracks", "default", "main"),
    [
        ([_STILL, _FILM], 0, 1),
        ([_LARGE_STILL, _FILM], 0, 1),
        ([_PROXY, _FILM], 0, 1),
        ([_FILM, _PROXY], 1, 0),
        ([_SHORT, _FILM], 0, 1),
        ([_FILM, _FILM], 1, 1),
        ([_FILM, _FILM], -1, 0),
        ([_FILM, _STILL], 1, 0),
    ],
)
def test_the_main_film_is_what_plays_longest_then_the_largest(
    tmp_path: Path, name: str, tracks: list[Track], default: int, main: int
) -> None:
    path = _file(tmp_path / name, tracks, default, live="live" in name)
    with open_source(path) as opened:
        assert chosen_video(opened, path).index == main


def test_a_few_large_pictures_over_the_length_of_a_film_are_no_film(
    tmp_path: Path,
) -> None:
    path = tmp_path / "phone.mp4"
    with av.open(str(path), "w") as out:
        streams = [out.add_stream("mpeg4", rate=25) for _ in range(2)]
        for stream, width in zip(streams, (96, 192), strict=True):
            stream.width, stream.height, stream.pix_fmt = width, 64, "yuv420p"
        for index in range(20):
            for stream in streams:
                if stream.width == 96 or index in (0, 19):
                    picture = pattern(Clip(width=stream.width, height=64), index)
                    picture.pts, picture.time_base = index, Fraction(1, 25)
                    out.mux(stream.encode(picture))
        for stream in streams:
            out.mux(stream.encode(None))
    with VideoReader(path) as reader:
        assert reader.info.size.width == 96
        assert len(list(reader)) == 20


def test_a_choice_that_is_not_obvious_is_said_and_listed(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.mov", [_STILL, _FILM])
    with VideoReader(path) as reader:
        assert reader.notices[0].startswith(
            "video track 1 of 2 is the main one (96x64)"
        )
        assert [words.split(", ", 1)[1] for words in reader.info.streams] == [
            "video track 0",
            "video track 1, chosen",
        ]
    with VideoReader(_file(tmp_path / "b.mov", [_FILM, _STILL])) as reader:
        assert not [words for words in reader.notices if "track" in words]


def test_a_track_can_be_chosen_and_one_that_is_not_there_is_refused(
    tmp_path: Path,
) -> None:
    path = _file(tmp_path / "a.mov", [_STILL, _FILM, _PROXY])
    with VideoReader(path, reading=Reading(video_track=2)) as reader:
        assert reader.info.size.width == 48
        assert len([*reader]) == 20
    with pytest.raises(UsageError, match=r"no video track 3 .* 2 \(mjpeg 48x32\)"):
        VideoReader(path, reading=Reading(video_track=3))


@pytest.mark.parametrize(
    ("options", "frames", "width"), [((), 20, 96), (("--video-track", "2"), 20, 48)]
)
def test_the_chosen_track_comes_first_and_the_others_are_kept(
    tmp_path: Path, options: tuple[str, ...], frames: int, width: int
) -> None:
    path = _file(tmp_path / "a.mov", [_STILL, _FILM, _PROXY])
    target = tmp_path / "b.mkv"
    words = [str(path), str(target), "--strength", "0", "--scale", "1", *options]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    with av.open(str(target)) as made:
        assert len(made.streams.video) == 3
        first = made.streams.video[0]
        assert first.codec_context.name == "h264"
        assert first.codec_context.width == width
        assert sum(1 for packet in made.demux(first) if packet.size) == frames


def test_probe_describes_the_chosen_track(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.mov", [_STILL, _FILM, _PROXY])
    choice = ["--video-track", "2", "--json"]
    result = CliRunner().invoke(app, ["probe", str(path), *choice])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["width"], told["codec"], told["frames"]) == (48, "mjpeg", 20)
    assert [words.endswith(", chosen") for words in told["streams"]] == [
        *(False, False, True)
    ]
    to = ["--for", str(tmp_path / "b.mp4")]
    result = CliRunner().invoke(app, ["probe", str(path), *to, *choice])
    assert result.exit_code == 0, result.output
    planned = json.loads(result.stdout)
    assert [stream["stream"] for stream in planned["streams"]] == [0, 1]
    result = CliRunner().invoke(app, ["probe", str(path), "--video-track", "3"])
    assert result.exit_code == 2
    assert "no video track 3" in result.stderr


def test_a_pipe_has_no_tracks_to_choose_from() -> None:
    words = ["-", "out.mkv", "--video-track", "0"]
    result = CliRunner().invoke(app, words, input=b"YUV4MPEG2")
    assert result.exit_code == 2
    assert "--video-track is for files" in result.stderr


def test_a_recording_has_the_chosen_track_and_all_the_others(tmp_path: Path) -> None:
    path, target = _file(tmp_path / "a.mov", [_FILM, _PROXY]), tmp_path / "b.mkv"
    player = source_for(str(path), video_track=1)
    assert isinstance(player, Player)
    assert player.info.size.width == 48
    recording = Recording(target, live_encoding(target), sound=player.source)
    recorder = Recorder(recording, player.info)
    with VideoReader(path, reading=player.reading) as reader:
        for number, frame in enumerate(reader):
            recorder.offer(CapturedFrame(frame, 1.0, number), frame)
    recorder.close()
    with av.open(str(target)) as made:
        widths = [stream.codec_context.width for stream in made.streams.video]
    assert widths == [48, 96]
