"""Clips whose original is known: cut, halved by FFmpeg's area scaler, coded by x264.

Video of full range is brought to limited range first, as coders are fed.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.filter import Graph

from videnhance.frame import Family, Frame, Layout
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Span

__all__ = ["KnownClip", "known_clip", "picture_of_frame"]

Luma = npt.NDArray[np.uint8]
YUV = Layout("yuv420p", Family.YUV, 8, (1, 1))
FLAGS = "flags=area+accurate_rnd"
TICK = Fraction(1, 25)
PARTS = 4
"""Sides are cut to multiples, so that a half has whole chroma."""


@dataclass(frozen=True, slots=True)
class KnownClip:
    """Frames of a clip, and halves of them as a viewer would get them."""

    name: str
    rate: Fraction
    originals: list[Frame]
    """8 bits, 4:2:0."""
    halves: list[Frame]


def known_clip(
    path: Path, coding: str, *, frames: int, start: float = 0.0
) -> KnownClip:
    """Frames of a clip from a second on, halved; coded by x264 at a CRF, or `none`."""
    with VideoReader(path, Span(start)) as reader:
        rate = reader.info.rate or Fraction(25)
        originals = [_cut(frame) for frame in islice(reader, frames)]
    if originals[0].tags.full:
        limited = _scaled(originals, "in_range=full:out_range=limited:" + FLAGS)
        tags = replace(originals[0].tags, range=1)
        originals = [
            replace(frame, tags=tags, planes=_planes(picture))
            for frame, picture in zip(originals, limited, strict=True)
        ]
    small = list(_scaled(originals, "iw/2:ih/2:" + FLAGS))
    if coding != "none":
        # x264's fast arithmetic for its tree of blocks differs from run to run.
        how = {"preset": "medium", "x264-params": "cpu-independent=1"}
        small = _coded(small, rate, options=how | {"crf": coding})
    halves = [
        frame.with_planes(_planes(picture))
        for frame, picture in zip(originals, small, strict=True)
    ]
    return KnownClip(path.stem, rate, originals, halves)


def _cut(frame: Frame) -> Frame:
    """The largest part whose sides are multiples of 4, in 8 bits and 4:2:0."""
    if frame.layout.depth != 8 or frame.layout.family is Family.RGB:
        raise SystemExit(f"{frame.layout.name} is not judged: give clips of 8-bit YUV")
    height, width = (n // PARTS * PARTS for n in frame.planes[0].shape)
    luma = frame.planes[0][:height, :width]
    if frame.layout.chroma_shift == (1, 1):
        colours = [p[: height // 2, : width // 2] for p in frame.planes[1:3]]
    else:
        colours = [np.full((height // 2, width // 2), 128, np.uint8)] * 2
    planes = tuple(np.ascontiguousarray(plane) for plane in (luma, *colours))
    return replace(frame, layout=YUV, planes=planes)


def picture_of_frame(frame: Frame) -> av.VideoFrame:
    """The frame, 8 bits of 4:2:0, as FFmpeg has it."""
    flat = np.concatenate([plane.ravel() for plane in frame.planes])
    height, width = frame.planes[0].shape
    return av.VideoFrame.from_ndarray(flat.reshape(height * 3 // 2, width), "yuv420p")


def _planes(picture: av.VideoFrame) -> tuple[Luma, ...]:
    flat = picture.to_ndarray()
    height, width = picture.height, picture.width
    luma, colours = flat[:height], flat[height:].reshape(2, height // 2, width // 2)
    return tuple(np.ascontiguousarray(plane) for plane in (luma, *colours))


def _scaled(frames: Sequence[Frame], words: str) -> Iterator[av.VideoFrame]:
    """The frames through FFmpeg's scale filter."""
    graph = Graph()
    size = frames[0].size
    source = graph.add_buffer(
        width=size.width, height=size.height, format="yuv420p", time_base=TICK
    )
    scale, sink = graph.add("scale", words), graph.add("buffersink")
    source.link_to(scale)
    scale.link_to(sink)
    graph.configure()
    for frame in frames:
        source.push(picture_of_frame(frame))
        yield sink.pull()


def _coded(
    pictures: Sequence[av.VideoFrame], rate: Fraction, *, options: dict[str, str]
) -> list[av.VideoFrame]:
    """Through x264 in memory, and decoded again."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="nut") as out:
        stream = out.add_stream("libx264", rate=rate, options=options)
        first = pictures[0]
        stream.width, stream.height, stream.pix_fmt = (
            first.width,
            first.height,
            "yuv420p",
        )
        # On several threads PyAV has x264 cut pictures in slices, and they show.
        stream.codec_context.thread_count = 1
        for n, picture in enumerate(pictures):
            picture.pts, picture.time_base = n, 1 / rate
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer, "r") as coded:
        return list(coded.decode(video=0))
