"""A few frames in memory: what they take."""

import math
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.clips import write_clip
from videnhance.frame import Frame
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.output.header import (
    MemoryOutput,
    OutputPlan,
    planned_output,
)
from videnhance.media.output.trial_encode import Run, trial_run
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Source


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "in.mp4")


def run_of(
    source: Path,
    frames: Generator[Frame],
    *,
    most: int,
    filling: int = 0,
    seconds: float = math.inf,
) -> Run:
    return trial_run(
        plan_of(source), frames, most=most, filling=filling, seconds=seconds
    )


def plan_of(source: Path) -> OutputPlan:
    with VideoReader(source) as reader:
        info = reader.info
    target = source.with_name("out.mkv")
    coding = Encoding("libx264")
    return planned_output(
        target, info, size=info.size, encoding=coding, source=Source(source)
    )


class Clock:
    """Stands still between frames, which take the seconds that they are given."""

    def __init__(self) -> None:
        self.now = 0.0
        self.closed = False

    def frames(self, source: Path, seconds: list[float]) -> Generator[Frame]:
        try:
            with VideoReader(source) as reader:
                for frame, spent in zip(reader, seconds, strict=False):
                    self.now += spent
                    yield frame
        finally:
            self.closed = True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", lambda: clock.now)
    return clock


def test_what_fills_the_stages_is_not_timed(source: Path, clock: Clock) -> None:
    made = clock.frames(source, [5.0, 0.0, 0.0, 1.0, 1.0, 1.0, 9.0])
    found = run_of(source, made, most=6, filling=3)
    assert (found.frames, found.seconds) == (6, 6.0)
    assert len(found.key_bytes) + len(found.other_bytes) == 6


def test_the_run_ends_with_its_time(source: Path, clock: Clock) -> None:
    made = clock.frames(source, [5.0, 2.0, 2.0, 2.0, 2.0])
    assert run_of(source, made, most=12, filling=1, seconds=3.0).frames == 3


def test_a_clip_that_fills_no_stage_is_timed_from_its_start(
    source: Path, clock: Clock
) -> None:
    found = run_of(source, clock.frames(source, [2.0, 1.0]), most=12, filling=3)
    assert (found.frames, found.seconds) == (2, 3.0)


def test_what_is_on_its_way_ends_before_the_encoder(
    source: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    finished = MemoryOutput.__exit__

    def told(self: MemoryOutput, *about: object) -> None:
        seen.append(clock.closed)
        finished(self, *about)

    monkeypatch.setattr(MemoryOutput, "__exit__", told)
    run_of(source, clock.frames(source, [1.0] * 12), most=4)
    assert seen[-1]
