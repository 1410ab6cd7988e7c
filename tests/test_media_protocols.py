"""What every source and every output of frames keeps to, whatever it is."""

import io
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.clips import Clip, write_clip
from tests.pictures import rgb_samples
from videnhance.conversion.journal import Journal
from videnhance.conversion.segments import ResumePoints, SegmentedWriter
from videnhance.errors import InputError, OutputError, UsageError
from videnhance.frame import Frame
from videnhance.frame.geometry import Size
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.output.header import planned_output
from videnhance.media.output.muxer import VideoWriter
from videnhance.media.pipes.reader import PipeReader
from videnhance.media.pipes.writer import PipeForm, PipeWriter
from videnhance.media.protocols import FrameSink, FrameSource
from videnhance.media.reader.seeking import frame_checksum
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.sandbox.isolated import IsolatedReader
from videnhance.media.source import ResumePoint
from videnhance.media.stills.animation_reader import AnimationReader
from videnhance.media.stills.animation_writer import AnimationWriter
from videnhance.media.stills.picture_writer import SequenceWriter, StillWriter
from videnhance.media.stills.sequence_reader import SequenceReader
from videnhance.media.stills.still_reader import StillReader

SIZE = Size(38, 26)
FRAMES = 5
CLIP = Clip(SIZE.width, SIZE.height, pts=range(0, FRAMES * 512, 512))


def _clip(folder: Path) -> Path:
    """Written once: what an encoder makes of so small a picture differs by a bit."""
    path = folder / "a.mp4"
    return path if path.exists() else write_clip(path, CLIP)


def _pictures(folder: Path) -> list[Image.Image]:
    del folder
    return [Image.fromarray(rgb_samples(SIZE, seed)) for seed in range(FRAMES)]


def _sequence(folder: Path) -> FrameSource:
    for number, picture in enumerate(_pictures(folder)):
        picture.save(folder / f"{number:03d}.png")
    return SequenceReader(folder / "%03d.png")


def _animation(folder: Path) -> FrameSource:
    first, *rest = _pictures(folder)
    path = folder / "a.webp"
    first.save(path, save_all=True, append_images=rest, duration=40, lossless=True)
    return AnimationReader(path)


def _still(folder: Path) -> FrameSource:
    _pictures(folder)[0].save(folder / "a.png")
    return StillReader(folder / "a.png")


def _pipe(folder: Path) -> FrameSource:
    data = write_clip(folder / "a.mkv", CLIP).read_bytes()
    return PipeReader(io.BytesIO(data))


SOURCES: dict[str, Callable[[Path], FrameSource]] = {
    "animation": _animation,
    "isolated": lambda folder: IsolatedReader(_clip(folder)),
    "pipe": _pipe,
    "sequence": _sequence,
    "still": _still,
    "video": lambda folder: VideoReader(_clip(folder)),
}
EACH_SOURCE = pytest.mark.parametrize("name", SOURCES)


@EACH_SOURCE
def test_a_source_gives_every_frame_once_and_in_order(
    tmp_path: Path, name: str
) -> None:
    with SOURCES[name](tmp_path) as source:
        frames = list(source)
        count = 1 if name == "still" else FRAMES
        assert [frame.index for frame in frames] == list(range(count))
        times = [frame.pts * frame.time_base for frame in frames]
        assert times == sorted(set(times))
        assert {frame.size for frame in frames} == {source.info.size} == {SIZE}
        assert {frame.layout for frame in frames} == {source.info.layout}
        assert {frame.time_base for frame in frames} == {source.info.time_base}
        assert source.info.frames in (count, None)
        assert (source.damaged_packets, source.damaged_frames) == (0, 0)
        with pytest.raises(RuntimeError, match="once"):
            list(source)


@EACH_SOURCE
def test_frames_stay_when_a_source_is_closed(tmp_path: Path, name: str) -> None:
    source = SOURCES[name](tmp_path)
    with closing(source):
        frame = next(iter(source))
        before = [plane.copy() for plane in frame.planes]
    source.close()
    for plane, wanted in zip(frame.planes, before, strict=True):
        np.testing.assert_array_equal(plane, wanted)


@EACH_SOURCE
def test_a_source_goes_on_after_a_mark_or_says_that_it_cannot(
    tmp_path: Path, name: str
) -> None:
    with SOURCES[name](tmp_path) as source:
        frames = list(source)
    mark = ResumePoint(1, ((frames[0].pts, frame_checksum(frames[0])),))
    wrong = ResumePoint(1, ((frames[0].pts, 7),))
    with SOURCES[name](tmp_path) as source:
        if name in ("pipe", "still"):
            with pytest.raises(UsageError, match="--discard"):
                source.resume_after(mark)
            return
        source.resume_after(mark)
        rest = list(source)
    assert [(f.index, f.pts) for f in rest] == [(f.index, f.pts) for f in frames[1:]]
    for one, other in zip(rest, frames[1:], strict=True):
        np.testing.assert_array_equal(one.planes[0], other.planes[0])
    with (
        SOURCES[name](tmp_path) as source,
        pytest.raises(InputError, match="--discard"),
    ):
        source.resume_after(wrong)


def _frames(folder: Path) -> list[Frame]:
    with VideoReader(write_clip(folder / "in.mp4", CLIP)) as reader:
        return list(reader)


class _Segmented(SegmentedWriter):
    """One that brings its journal."""

    def __init__(self, folder: Path) -> None:
        with VideoReader(folder / "in.mp4") as reader:
            plan = planned_output(
                folder / "o.mp4", reader.info, size=SIZE, encoding=Encoding()
            )
        journal = Journal(folder / "o.mp4", {}, lasts=False)
        tails = ResumePoints(FRAMES, dict)
        self.frames = tails.noted(iter(_frames(folder)))
        super().__init__(plan, journal, tails, FRAMES)
        self._kept = journal

    def __exit__(self, *error: object) -> None:
        with self._kept:
            super().__exit__(*error)


def _sink(name: str, folder: Path) -> FrameSink:
    with VideoReader(folder / "in.mp4") as reader:
        info = reader.info
    plain = Encoding()
    if name == "still":
        return StillWriter(
            folder / "o.png", replace(info, frames=1), SIZE, plain, overwrite=False
        )
    if name == "sequence":
        return SequenceWriter(folder / "%d.png", info, SIZE, plain)
    if name == "animation":
        return AnimationWriter(folder / "o.gif", info, SIZE, plain)
    if name == "pipe":
        return PipeWriter(io.BytesIO(), PipeForm.Y4M, info, SIZE, plain)
    if name == "segmented":
        return _Segmented(folder)
    return VideoWriter(folder / "o.mp4", info, SIZE, plain)


SINKS = ("animation", "pipe", "segmented", "sequence", "still", "video")
EACH_SINK = pytest.mark.parametrize("name", SINKS)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"in.mp4"}


def _given(sink: FrameSink, frames: list[Frame]) -> Iterator[Frame]:
    yield from sink.frames if isinstance(sink, _Segmented) else frames


@EACH_SINK
def test_a_sink_counts_its_frames_and_is_complete_at_the_end(
    tmp_path: Path, name: str
) -> None:
    frames = _frames(tmp_path)[: 1 if name == "still" else FRAMES]
    with _sink(name, tmp_path) as sink:
        assert sink.frames_written == 0
        for frame in _given(sink, frames):
            sink.write(frame)
        assert sink.frames_written == len(frames)
    assert sink.dropped_packets == 0
    assert all(isinstance(words, str) for words in sink.notices)
    assert sink.streams == ()
    files = {"pipe": 0, "sequence": FRAMES}.get(name, 1)
    assert len(_names(tmp_path)) == files


@EACH_SINK
def test_a_sink_refuses_a_frame_of_another_size(tmp_path: Path, name: str) -> None:
    frame = _frames(tmp_path)[0]
    sizes = frame.layout.plane_sizes(Size(20, 20))
    small = frame.with_planes(
        tuple(np.zeros((s.height, s.width), np.uint8) for s in sizes)
    )
    with pytest.raises(OutputError, match="is 20x20"), _sink(name, tmp_path) as sink:
        sink.write(small)
    assert _names(tmp_path) == set()


@EACH_SINK
def test_an_error_leaves_nothing_half_made(tmp_path: Path, name: str) -> None:
    frames = _frames(tmp_path)

    def stopped() -> None:
        with _sink(name, tmp_path) as sink:
            sink.write(next(_given(sink, frames)))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    # A picture of a sequence is whole as soon as it is there.
    assert _names(tmp_path) == ({"1.png"} if name == "sequence" else set())


def test_times_of_sources_are_fractions(tmp_path: Path) -> None:
    for number, name in enumerate(SOURCES):
        (tmp_path / str(number)).mkdir()
        with SOURCES[name](tmp_path / str(number)) as source:
            assert isinstance(source.info.time_base, Fraction)
            assert isinstance(source.info.rate, Fraction)
