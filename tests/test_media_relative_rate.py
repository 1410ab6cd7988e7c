"""What a source spends on its pictures, in all and at places."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from tests.clips import Clip, Sound, write_clip
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.output.header import OutputPlan, planned_output
from videnhance.media.output.trial_encode import relative_rate
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Source

CALM, BUSY = 2.0, 6.0
"""Seconds of a still picture, and of noise after it."""


def pictures() -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    source = np.random.default_rng(1)
    for number in range(round(25 * (CALM + BUSY))):
        busy = number >= 25 * CALM
        high = 200 if busy else 101
        yield source.integers(100, high, (72, 64), dtype=np.uint8)


@pytest.fixture(scope="module", params=["in.mp4", "in.mkv"])
def film(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("film") / str(request.param)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"qp": "20", "g": "25"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for pixels in pictures():
            frame = VideoFrame.from_ndarray(pixels, format="yuv420p")
            frame.pts, frame.time_base = None, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def plan_of(source: Path) -> OutputPlan:
    with VideoReader(source) as reader:
        info = reader.info
    return planned_output(
        source.with_name("out.mkv"),
        info,
        size=info.size,
        encoding=Encoding("libx264"),
        source=Source(source),
    )


def test_busy_places_cost_more_than_the_film(film: Path) -> None:
    plan = plan_of(film)
    calm, busy = (relative_rate(plan, [(at, 0.5)]) for at in (0.4, CALM + 1.4))
    assert busy == pytest.approx(BUSY / (CALM + BUSY), abs=0.1)
    assert calm == 2.0  # no more than that is believed
    both = relative_rate(plan, [(0.4, 0.5), *[(CALM + n + 0.4, 0.5) for n in range(3)]])
    assert both == pytest.approx(1.0, abs=0.12)


def test_sound_is_no_picture(tmp_path: Path) -> None:
    pts = tuple(range(0, 50 * 512, 512))
    silent = write_clip(tmp_path / "silent.mp4", Clip(pts=pts))
    loud = Clip(pts=pts, sounds=(Sound(seconds=2.0, bit_rate=128_000),))
    heard = write_clip(tmp_path / "heard.mp4", loud)
    places = [(0.5, 0.5)]
    assert relative_rate(plan_of(heard), places) == pytest.approx(
        relative_rate(plan_of(silent), places), rel=0.25
    )


def test_where_nothing_is_known_nothing_is_said(tmp_path: Path) -> None:
    plan = plan_of(write_clip(tmp_path / "in.mp4"))
    gone = replace(plan, source=Source(tmp_path / "gone.mp4"))
    assert relative_rate(replace(plan, source=None), [(0.0, 1.0)]) == 1.0
    assert relative_rate(gone, [(0.0, 1.0)]) == 1.0
    assert relative_rate(plan, [(99.0, 1.0)]) == 1.0
