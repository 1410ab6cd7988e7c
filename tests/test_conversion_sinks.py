"""Outputs that are no joined segments: pictures, animations, pipes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clips import Clip, write_clip
from videnhance.conversion.executor import Watcher
from videnhance.conversion.job import Job
from videnhance.conversion.journal import Journal
from videnhance.conversion.run import convert
from videnhance.conversion.segments import ResumePoints
from videnhance.conversion.sinks import KeptSequence, opened_sink
from videnhance.conversion.workdir import folder_beside
from videnhance.errors import OutputError
from videnhance.frame.geometry import Size
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.open_any import SinkKind, opened
from videnhance.models.choice import Choice
from videnhance.options import ConvertOptions
from videnhance.pipeline.enhance import Settings


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Twelve frames into numbered pictures."""
    return Job(
        source=write_clip(tmp_path / "in.mp4", Clip(64, 48)),
        target=tmp_path / "%03d.png",
        choice=Choice(device="cpu"),
        settings=Settings(strength=0.0, fuse=0.0, workers=0, segment_frames=5),
        encoding=Encoding(),
    )


class _Stop(Exception):
    """The power fails."""


def _watcher(stop_at: int | None = None) -> Watcher:
    count: Iterator[int] = iter(range(100))

    def advanced(_: object) -> None:
        if next(count) == stop_at:
            raise _Stop

    return Watcher(lambda *_: None, advanced)


def _pictures(job: Job) -> list[str]:
    return sorted(path.name for path in job.target.parent.glob("*.png"))


def test_a_sequence_goes_on_where_it_stopped(job: Job) -> None:
    with pytest.raises(_Stop):
        convert(job, _watcher(stop_at=8))
    assert len(_pictures(job)) == 9
    first = job.target.parent / "001.png"
    made = first.stat().st_mtime_ns
    report = convert(job, _watcher())
    assert (report.frames_kept, report.frames_in) == (5, 7)
    assert _pictures(job) == [f"{number:03d}.png" for number in range(1, 13)]
    assert first.stat().st_mtime_ns == made
    assert not folder_beside(job.target).exists()


def test_pictures_that_were_there_before_are_left_alone(job: Job) -> None:
    (job.target.parent / "004.png").write_text("precious")
    with pytest.raises(OutputError, match=r"004\.png"):
        convert(job, _watcher())
    assert (job.target.parent / "004.png").read_text() == "precious"


def test_a_kept_sequence_counts_what_earlier_runs_made(
    job: Job, tmp_path: Path
) -> None:
    with opened(job.source) as reader:
        info, frames = reader.info, list(reader)
    tails = ResumePoints(5, dict)
    with Journal(job.target, {}) as journal:
        with opened_sink(
            SinkKind.SEQUENCE, job, info=info, size=Size(64, 48), overwrite=False
        ) as writer:
            sink = KeptSequence(writer, journal, tails, 5)
            for frame in tails.noted(iter(frames[:7])):
                sink.write(frame)
            assert (journal.frames, sink.frames_written) == (5, 7)
            assert (sink.notices, sink.dropped_packets) == (writer.notices, 0)
        assert journal.mark.frames == 5
    assert len(_pictures(job)) == 7


@pytest.mark.parametrize(
    ("name", "frames"), [("a.gif", 12), ("a.png", 1), ("a.webp", 12), ("a.apng", 12)]
)
def test_pictures_are_made_in_one_go(job: Job, name: str, frames: int) -> None:
    options = ConvertOptions(max_frames=frames)
    target = job.target.parent / name
    report = convert(replace(job, target=target, options=options), _watcher())
    assert report.frames_written == frames
    with opened(target) as reader:
        assert len(list(reader)) == frames
        assert reader.info.size == Size(128, 96)
    assert not folder_beside(target).exists()
