"""What is found out before the work: plans, estimates, room, and what cannot be."""

import json
import shutil
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.clips import Clip, Sound, write_clip
from videnhance.conversion.job import Job
from videnhance.conversion.preflight import (
    Preflight,
    checked_beforehand,
    preflight,
    rehearsed,
)
from videnhance.errors import OutputError, UsageError
from videnhance.frame import Frame, Light
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.layout import delivered_layout
from videnhance.media.output.header import OutputPlan, planned_output
from videnhance.media.output.muxer import VideoWriter
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Source
from videnhance.models.choice import Choice
from videnhance.pipeline.enhance import Settings, enhanced
from videnhance.pipeline.report import Report
from videnhance.pipeline.upscaler import Bicubic

PLAIN = Settings(strength=0.0, fuse=0.0, workers=0, segment_frames=250)


def plan_of(source: Path, target: Path, codec: str = "libx264") -> OutputPlan:
    with VideoReader(source) as reader:
        info = reader.info
    size = info.size.scaled(2)
    return planned_output(
        target, info, size=size, encoding=Encoding(codec), source=Source(source)
    )


def flight(source: Path, plan: OutputPlan) -> Preflight:
    def work(frames: Iterator[Frame]) -> Generator[Frame]:
        return enhanced(frames, Bicubic(), PLAIN, Report())

    return rehearsed(plan, lambda span: VideoReader(source, span), work, PLAIN)


def first_of(source: Path) -> Frame:
    with VideoReader(source) as reader:
        return next(iter(reader))


def roomy(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    usage = SimpleNamespace(total=10**12, used=0, free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    clip = Clip(pts=range(0, 60 * 512, 512), sounds=(Sound("flac"), Sound()))
    return write_clip(tmp_path / "in.mkv", clip)


def test_lines_tell_streams_time_size_and_room(source: Path) -> None:
    target = source.with_name("out.ts")
    found = flight(source, plan_of(source, target))
    text = "\n".join(found.lines())
    for words in (
        "128x96, libx264, yuv420p",
        "stream 1 (audio, flac) is converted",
        "stream 2 (audio, aac) is kept",
        "8 bits",
        "for 60 frames",
        "size         about",
        "free",
        "kept in .mkv",
    ):
        assert words in text, text
    assert not [*source.parent.glob("*out*")]


def test_json_holds_the_same(source: Path) -> None:
    found = flight(source, plan_of(source, source.with_name("out.mkv")))
    again = json.loads(json.dumps(found.as_json()))
    assert again["estimate"]["frames"] == 60
    assert again["width"] == 128
    assert [s["fate"] for s in again["streams"]] == ["kept", "kept"]
    assert again["free_bytes"] > 0


def test_the_size_is_about_right(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.mp4", Clip(pts=range(0, 200 * 512, 512)))
    target = tmp_path / "out.mp4"
    guess = flight(source, plan_of(source, target)).estimate
    with VideoReader(source) as reader:
        info, line = reader.info, enhanced(iter(reader), Bicubic(), PLAIN, Report())
        with VideoWriter(target, info, info.size.scaled(2), Encoding()) as writer:
            for frame in line:
                writer.write(frame)
    assert guess.bytes is not None
    assert 0.6 < guess.bytes / target.stat().st_size < 1.6


def test_a_job_is_looked_at_as_a_whole(source: Path) -> None:
    target = source.with_name("out.mkv")
    job = Job(source, target, Choice(), PLAIN, Encoding(), notices=("ahem",))
    found = preflight(job)
    assert found.estimate.frames == 60
    assert "ahem" in found.notices
    assert sorted(source.parent.iterdir()) == [source]
    with pytest.raises(UsageError, match="only the making of a video file"):
        preflight(replace(job, target=source.with_name("out.png")))


def test_what_is_kept_of_the_picture_is_said(source: Path) -> None:
    plan = plan_of(source, source.with_name("out.mkv"))
    found = flight(source, plan)
    deep = replace(
        plan.info,
        layout=delivered_layout("yuv444p"),
        light=Light(max_cll=1000),
        rotation_degrees=90,
        sample_aspect_ratio=Fraction(4, 3),
    )
    stored = replace(plan.stored, pix_fmt="yuv422p10le")
    words = replace(found, plan=replace(plan, info=deep, stored=stored)).as_json()
    assert words["kept"] == [
        "8 bits",
        "HDR's mastering data",
        "the turn by 90 degrees",
        "pixels of the shape 4/3",
    ]
    assert not [
        line for line in replace(found, free_bytes=None).lines() if "disk" in line
    ]


def test_a_source_without_a_frame_is_an_error(source: Path) -> None:
    def nothing(frames: Iterator[Frame]) -> Generator[Frame]:
        yield from ()

    plan = plan_of(source, source.with_name("out.mkv"))
    with pytest.raises(OutputError, match="there is no frame to write"):
        rehearsed(plan, lambda span: VideoReader(source, span), nothing, PLAIN)


def test_an_unknown_length_is_said(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "in.264")
    found = flight(source, plan_of(source, tmp_path / "out.mkv"))
    text = "\n".join(found.lines())
    assert "how many there are is not known" in text


def test_a_full_disk_is_an_error_in_a_second(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(source, source.with_name("out.mkv"))
    roomy(monkeypatch, 10)
    begun = time.process_time()
    with pytest.raises(OutputError, match=r"about .*, and 10 bytes are free: make"):
        checked_beforehand(plan, first_of(source), settings=PLAIN)
    with pytest.raises(OutputError, match="10 bytes are free"):
        flight(source, plan)
    assert time.process_time() - begun < 5


def test_a_disk_that_may_fill_is_told(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(source, source.with_name("out.mkv"))
    guess = flight(source, plan).estimate
    assert guess.bytes is not None
    roomy(monkeypatch, guess.bytes)
    assert "it may not fit" in " ".join(flight(source, plan).notices)


def test_the_first_frame_is_encoded_and_read_again(source: Path) -> None:
    settings = Settings(workers=0)
    good = plan_of(source, source.with_name("out.mkv"), "ffv1")
    assert checked_beforehand(good, first_of(source), settings=settings) == ()
    bad = plan_of(source, source.with_name("out.mov"), "rawvideo")
    with pytest.raises(OutputError, match="cannot be read again from mov"):
        checked_beforehand(bad, first_of(source), settings=settings)


@pytest.mark.parametrize(
    ("name", "clip", "words"),
    [
        ("out.webm", Clip(), "webm does not hold libx264"),
        ("out.mp4", Clip(width=33, height=31, pix_fmt="yuv444p"), ""),
    ],
)
def test_what_cannot_work_fails_at_once(
    name: str, clip: Clip, words: str, tmp_path: Path
) -> None:
    source = write_clip(tmp_path / "in.mkv", replace(clip, time_base=Fraction(1, 1000)))
    if words:
        with pytest.raises(UsageError, match=words):
            plan_of(source, tmp_path / name)
        return
    with VideoReader(source) as reader:
        info = reader.info
    encoding = Encoding(pix_fmt="yuv420p")
    with pytest.raises(UsageError, match="takes only even sizes in yuv420p"):
        planned_output(tmp_path / name, info, size=info.size, encoding=encoding)
