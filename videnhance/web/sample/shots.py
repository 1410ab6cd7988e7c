"""Makes what a browser shows of a second of video: a still and a clip.

A still is lossless, or near it where that takes too much; a clip is H.264 of 8 bits in
MP4, which every browser plays.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from videnhance.frame import Frame, Pixels, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.display import Displayer, frame_of_screen
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.output.muxer import VideoWriter
from videnhance.quality.pictures import resized

__all__ = ["Cut", "Shot", "Shown", "shot_of", "still_of"]

_MOST = Size(1920, 1080)
"""Pixels of a picture that is shown whole; of larger ones a part is."""
_CLIP = Encoding("libx264", crf=20, preset="veryfast", audio=False)
_LOSSLESS_BYTES = 0.2
"""A pixel, at the most; of what is filmed it takes about three times as much."""
_NEARLY_LOSSLESS = 98
"""WebP's quality."""
_THUMB = (192, 192)


@dataclass(frozen=True, slots=True)
class Cut:
    """The part of a picture that is shown, as shares of its sides."""

    x: float = 0.0
    y: float = 0.0
    width: float = 1.0
    height: float = 1.0

    def of(self, pixels: Pixels) -> Pixels:
        """That part of H x W x C; its sides are even, for the clips."""
        height, width = pixels.shape[:2]
        wide, high = (
            max(round(s) // 2 * 2, 2)
            for s in (self.width * width, self.height * height)
        )
        top, left = round(self.y * height), round(self.x * width)
        return pixels[top : top + high, left : left + wide]


@dataclass(frozen=True, slots=True)
class Shot:
    """What is shown of a second by one column."""

    still: bytes = field(repr=False)
    """WebP, as `still_of` makes it."""
    clip: bytes = field(repr=False)
    """MP4; empty if there is one frame only."""
    thumb: bytes = field(repr=False)
    """JPEG."""
    size: Size
    """Of still and clip."""
    still_seconds: float
    """The time of the still, from the first frame of the file."""


class Shown:
    """Frames as a browser shows them: upright, in square pixels."""

    def __init__(self, info: VideoInfo) -> None:
        self._display = Displayer(info.rotation_degrees, info.mirrored)
        self._aspect = float(info.sample_aspect_ratio or 1)
        if info.rotation_degrees % 180 == 90:
            self._aspect = 1 / self._aspect

    def __call__(self, frame: Frame) -> Pixels:
        """H x W x 3 uint8, B G R."""
        pixels = self._display(frame)
        height, width = pixels.shape[:2]
        if self._aspect == 1:
            return pixels
        wider = Size(round(width * max(self._aspect, 1)), height)
        higher = Size(width, round(height / min(self._aspect, 1)))
        square = wider if self._aspect > 1 else higher
        return resized(np.ascontiguousarray(pixels), square).astype(np.uint8)

    def cut(self, frame: Frame) -> Cut:
        """The busiest part of a picture that is too large to be shown whole."""
        pixels = self(frame)
        height, width = pixels.shape[:2]
        wide, high = min(_MOST.width, width), min(_MOST.height, height)
        if (wide, high) == (width, height):
            return Cut()
        grey = pixels[..., 1].astype(np.float32)
        steps = np.abs(np.diff(grey, axis=1, append=grey[:, -1:]))
        sums = np.pad(steps, ((1, 0), (1, 0))).cumsum(0, np.float64).cumsum(1)
        tops = range(0, height - high + 1, max((height - high) // 8, 1))
        lefts = range(0, width - wide + 1, max((width - wide) // 8, 1))
        y, x = max(
            ((top, left) for top in tops for left in lefts),
            key=lambda at: (
                sums[at[0] + high, at[1] + wide]
                - sums[at[0], at[1] + wide]
                - sums[at[0] + high, at[1]]
                + sums[at[0], at[1]]
            ),
        )
        return Cut(x / width, y / height, wide / width, high / height)


def shot_of(
    frames: Iterator[Frame], info: VideoInfo, *, cut: Cut, middle: int
) -> Shot | None:
    """A still of the frame number `middle`, or the last before it, and a clip of all.

    `info` is the source's. None if there is no frame.
    """
    first = next(frames, None)
    if first is None:
        return None
    shown, still, moment = Shown(info), cut.of(Shown(info)(first)), first
    with TemporaryDirectory(prefix="videnhance-") as folder:
        path = Path(folder) / "clip.mp4"
        small = frame_of_screen(still, first)
        with VideoWriter(path, _plain(info, small), small.size, _CLIP) as writer:
            for number, frame in enumerate(chain([first], frames)):
                pixels = cut.of(shown(frame))
                small = frame_of_screen(pixels, frame)
                begun = frame.pts - first.pts  # browsers begin at 0
                writer.write(replace(small, pts=begun, user_data=()))
                if number <= middle:
                    still, moment = pixels, frame
        clip = path.read_bytes() if writer.frames_written > 1 else b""
    image = Image.fromarray(np.ascontiguousarray(still[..., ::-1]))
    thumb = image.copy()
    thumb.thumbnail(_THUMB)
    return Shot(
        still_of(image),
        clip,
        _coded(thumb, "JPEG", quality=80),
        Size(image.width, image.height),
        float(moment.pts * moment.time_base - info.start_seconds),
    )


def still_of(image: Image.Image) -> bytes:
    """WebP: lossless where that is small, as of text and drawings; else nearly so.

    Letters in colours suffer most from the halved colour of lossy WebP.
    """
    whole = _coded(image, "WEBP", lossless=True, quality=0, method=0)
    if len(whole) <= _LOSSLESS_BYTES * image.width * image.height:
        return whole
    sharp = {"quality": _NEARLY_LOSSLESS, "use_sharp_yuv": True, "method": 2}
    return min(whole, _coded(image, "WEBP", **sharp), key=len)


def _coded(image: Image.Image, form: str, **options: bool | int) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def _plain(info: VideoInfo, first: Frame) -> VideoInfo:
    """What is known of pictures of a screen, at the pace of a video."""
    return VideoInfo(
        size=first.size,
        layout=first.layout,
        source_format=first.layout.name,
        codec="h264",
        rate=info.rate,
        time_base=first.time_base,
        frames=None,
        duration_seconds=None,
        tags=first.tags,
        sample_aspect_ratio=None,
        rotation_degrees=0,
    )
