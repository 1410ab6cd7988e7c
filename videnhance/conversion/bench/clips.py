"""The clips that are measured, and, where there is one, the original of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from videnhance.conversion.bench.scenes import SCENES, scene_info
from videnhance.errors import InputError, printable
from videnhance.frame import Frame, Plane, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.containers import CONTAINERS
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.output.muxer import VideoWriter
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Span

__all__ = ["BenchClip", "bench_clips", "halved"]

_SCENE = Size(1280, 720)
_SOURCE = Encoding(crf=20, audio=False)
_LOSSLESS = Encoding(crf=0, preset="ultrafast", audio=False)
_UNIT = 4
"""Sides are whole multiples: halved, those of chroma are whole."""


@dataclass(frozen=True, slots=True)
class BenchClip:
    """What is enlarged, and what it was made of."""

    name: str
    source: Path
    original: Path | None = None
    """Twice the size, without loss; None if nobody knows it."""


def bench_clips(
    source: Path | None, folder: Path | None, *, frames: int, scratch: Path
) -> Iterator[BenchClip]:
    """The source; or each video of the folder and its half; or generated scenes.

    Halves are means of four pixels, coded at CRF 20. Raises InputError for a folder
    without a video, and what reading raises.
    """
    if source is not None:
        yield BenchClip(source.name, source)
    if folder is not None:
        videos = [path for path in sorted(folder.iterdir()) if _is_video(path)]
        if not videos:
            raise InputError(f"{printable(folder)} holds no video to measure with")
        for video in videos:
            with VideoReader(video, Span(max_frames=frames)) as reader:
                yield _with_half(video.stem, iter(reader), reader.info, scratch)
    if source is None and folder is None:
        for name, scene in SCENES.items():
            made = scene(_SCENE, frames)
            first = next(made)
            info = scene_info([first])
            yield _with_half(name, chain([first], made), info, scratch)


def _is_video(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in CONTAINERS


def _with_half(
    name: str, frames: Iterator[Frame], info: VideoInfo, scratch: Path
) -> BenchClip:
    """Writes the frames as they are, and halved."""
    width, height = (n // _UNIT * _UNIT for n in (info.size.width, info.size.height))
    whole, half = Size(width, height), Size(width // 2, height // 2)
    stem = name.replace(" ", "-")
    clip = BenchClip(name, scratch / f"{stem}.half.mkv", scratch / f"{stem}.mkv")
    assert clip.original is not None
    with (
        _writer(clip.original, info, whole, encoding=_LOSSLESS) as large,
        _writer(clip.source, info, half, encoding=_SOURCE) as small,
    ):
        for frame in frames:
            kept = frame.with_planes(_cut(frame.planes, info.size, whole))
            large.write(kept)
            small.write(halved(kept))
    return clip


def _writer(
    path: Path, info: VideoInfo, size: Size, *, encoding: Encoding
) -> VideoWriter:
    return VideoWriter(path, replace(info, size=size), size, encoding, overwrite=True)


def _cut(planes: Sequence[Plane], size: Size, whole: Size) -> tuple[Plane, ...]:
    """The upper left part of planes, each in its own share of the size."""
    found: list[Plane] = []
    for plane in planes:
        high = whole.height * plane.shape[0] // size.height
        wide = whole.width * plane.shape[1] // size.width
        found.append(plane[:high, :wide].copy())
    return tuple(found)


def halved(frame: Frame) -> Frame:
    """The frame at half its size: means of four pixels, rounded."""
    return frame.with_planes(tuple(_half(plane) for plane in frame.planes))


def _half(plane: Plane) -> Plane:
    wide = plane.astype(np.uint32)
    sums = wide[::2, ::2] + wide[1::2, ::2] + wide[::2, 1::2] + wide[1::2, 1::2]
    means: Plane = np.empty_like(plane[::2, ::2])
    means[...] = (sums + 2) >> 2
    return means
