"""Sources as a conversion opens them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner
from PIL import Image

from tests.clips import Clip, Sound, write_clip
from videnhance.cli import app
from videnhance.conversion.job import Job
from videnhance.conversion.open_source import DamageCounter, opened_source
from videnhance.errors import DecoderCrashError, InputError
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.protocols import FrameSource
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.sandbox.ipc import SilentError
from videnhance.media.sandbox.isolated import (
    IsolatedReader,
    probed_safely,
)
from videnhance.media.sandbox.messages import OtherStreams
from videnhance.media.source import Reading
from videnhance.media.stills.still_reader import StillReader
from videnhance.models.choice import Choice
from videnhance.options import ConvertOptions
from videnhance.pipeline.enhance import Settings


def _job(source: Path) -> Job:
    settings = Settings(strength=0.0, fuse=0.0, workers=0)
    choice, encoding = Choice(device="cpu"), Encoding()
    return Job(source, source.with_name("o.mp4"), choice, settings, encoding)


def test_each_source_has_its_reader(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4")
    Image.new("RGB", (9, 7)).save(tmp_path / "a.png")
    with opened_source(_job(clip)) as reader:
        assert isinstance(reader, VideoReader)
    with opened_source(
        replace(_job(clip), options=ConvertOptions(isolate=True))
    ) as child:
        assert isinstance(child, IsolatedReader)
        assert len(list(child)) == 12
    with opened_source(_job(tmp_path / "a.png")) as still:
        assert isinstance(still, StillReader)


def test_a_child_looks_at_a_video_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []

    def probe(
        path: Path,
        reading: Reading,
        others: OtherStreams,
        meanwhile: Callable[[], object],
    ) -> None:
        meanwhile()
        assert others == OtherStreams("mp4", audio=True)
        seen.append(path)
        raise InputError("it killed its decoder")

    monkeypatch.setattr("videnhance.conversion.open_source.probed_safely", probe)
    clip = write_clip(tmp_path / "a.mp4")
    with pytest.raises(InputError, match="killed"):
        opened_source(_job(clip))
    assert seen == [clip]


_CRASHING = (
    "import json, os, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "import {module} as child; "
    "child.try_copies = lambda *_, **__: os.abort(); child.main()"
)


@pytest.mark.parametrize("option", ["--dry-run", "--isolate", "--no-audio"])
def test_a_library_that_crashes_over_other_streams_is_an_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.setattr("videnhance.media.sandbox.ipc._START", _CRASHING)
    clip = write_clip(tmp_path / "a.mp4", Clip(sounds=(Sound("aac"),)))
    words = [str(clip), str(tmp_path / "o.mkv"), "--strength", "0", option]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert "other streams to matroska ended by SIGABRT" in result.stderr
    assert ("(--no-audio)" in result.stderr) is (option != "--no-audio")
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_a_child_that_tries_the_other_streams_tells_of_no_error_of_theirs(
    tmp_path: Path,
) -> None:
    clip = write_clip(tmp_path / "a.mp4", Clip(sounds=(Sound("aac"),)))
    for container in ("mp4", "webm", "none"):
        info = probed_safely(clip, others=OtherStreams(container, audio=True))
        assert info.codec == "h264"


def test_a_long_look_at_the_other_streams_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tries(*_: object) -> None:
        raise SilentError("did nothing")

    monkeypatch.setattr(IsolatedReader, "_try", tries)
    job = _job(write_clip(tmp_path / "a.mp4"))
    with opened_source(job) as reader:
        assert len(list(reader)) == 12
    isolated = replace(job, options=ConvertOptions(isolate=True))
    with opened_source(isolated) as reader:
        assert len(list(reader)) == 12


def _crashing(frames: int) -> FrameSource:
    def give() -> Iterator[int]:
        yield from range(frames)
        error = DecoderCrashError("signal SEGV")
        error.after_frames = frames
        raise error

    source = SimpleNamespace(damaged_packets=0, damaged_frames=0)
    made = type("Source", (), {"__iter__": lambda _: give(), **vars(source)})
    return cast(FrameSource, made())


def test_frames_before_a_crash_count() -> None:
    counted = DamageCounter(_crashing(3))
    assert len(list(counted.frames())) == 3
    assert counted.crash == "signal SEGV"
    with pytest.raises(DecoderCrashError):
        list(DamageCounter(_crashing(0)).frames())


def test_damage_of_earlier_runs_is_counted_once() -> None:
    source: Any = SimpleNamespace(damaged_packets=2, damaged_frames=1)
    counted = DamageCounter(source)
    assert counted.damage() == {"packets": 2, "frames": 1}
    counted.goes_on_from({"packets": 5, "frames": 4})
    assert counted.damage() == {"packets": 5, "frames": 4}
    source.damaged_packets += 3
    assert counted.damage() == {"packets": 8, "frames": 4}
    counted.goes_on_from({})
    assert counted.damage() == {"packets": 8, "frames": 4}
