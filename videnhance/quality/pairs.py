"""Frames of two or more videos that show the same moment, found by their times.

Times count from each video's first frame. Whether a video begins some frames later than
another is seen in small copies of their first frames.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import numpy.typing as npt

from videnhance.errors import InputError, UsageError, counted, printable
from videnhance.frame import Frame, VideoInfo
from videnhance.media.open_any import PIPE, is_video_file, opened
from videnhance.media.protocols import FrameSource
from videnhance.media.sandbox.isolated import probed_safely
from videnhance.media.source import Reading, Span
from videnhance.quality.pictures import Form, Picture, Pictures, form_of

__all__ = ["Matched", "Pairs", "Video"]

_LOOKED_AT = 96
"""Frames at the beginning in which an offset is looked for."""
_LARGEST_OFFSET = 24
"""Frames."""
_LEAST_COMMON = 8
_THUMB = (64, 36)
_CLEARLY = 0.75
"""Of the difference without an offset: from there on, it is believed."""
_LEAST_GAIN = 0.25
"""Grey levels; what stands still is alike at every offset."""
_NEAR = 0.45
"""Of a frame's duration: times that are nearer are the same moment."""
_NEAR_UNEVEN = 0.75
"""Of times that were rounded to others' ticks; a frame that is missing is 1 away."""
_SAME_RATE = 0.0005
_ABOUT_SAME_RATE = 0.02
"""Of times that are uneven."""
_EVEN_SECONDS = 0.0021
"""Matroska rounds times to milliseconds."""
_SAME_SHAPE = 0.02
_HDR = {16: "PQ", 18: "HLG"}
"""FFmpeg's numbers of transfers."""


@dataclass(frozen=True, slots=True)
class Video:
    """A video file, and the part of it that is compared."""

    path: Path
    span: Span = field(default_factory=Span)
    reading: Reading = field(default_factory=Reading)
    rate: Fraction | None = None
    """Of numbered pictures."""

    def opened(self) -> FrameSource:
        """Open for reading. Raises InputError or UsageError."""
        return opened(self.path, self.span, self.reading, self.rate)


@dataclass(frozen=True, slots=True)
class Matched:
    """The same moment of an original and of the others."""

    index: int
    """Counted from 0 over all moments."""
    seconds: float
    """Of the original, from its first frame."""
    original: Picture
    ours: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class _Looked:
    """What is seen of a video's beginning."""

    name: str
    info: VideoInfo
    first: Frame
    times: tuple[Fraction, ...]
    thumbs: npt.NDArray[np.float32]
    """N x pixels."""

    @property
    def step(self) -> Fraction:
        """Seconds from frame to frame; 0 for one frame.

        The mean of times that are rounded, and the median where frames are missing.
        """
        if self.is_even:
            return self.mean_step
        gaps = [b - a for a, b in pairwise(self.times)]
        return median(gaps) if gaps else Fraction(0)

    @property
    def mean_step(self) -> Fraction:
        """Mean seconds from frame to frame; there are two frames or more."""
        return (self.times[-1] - self.times[0]) / (len(self.times) - 1)

    @property
    def is_even(self) -> bool:
        """Whether every frame stands as long as the others."""
        gaps = np.diff(np.array(self.times, np.float64))
        return bool(gaps.size and gaps.max() - gaps.min() <= _EVEN_SECONDS)

    @property
    def hdr(self) -> str:
        """The name of its HDR transfer; "" for SDR."""
        return _HDR.get(self.first.tags.transfer, "")


class Pairs:
    """Matched frames of an original and one or more others; may be gone over again.

    Raises InputError for what cannot be read or has no moment in common, and UsageError
    for videos that cannot be compared as they are, with what to do.
    """

    def __init__(self, original: Video, ours: Sequence[Video]) -> None:
        self._videos = (original, *ours)
        names = _names([video.path for video in self._videos])
        looks = list(map(_looked, self._videos, names))
        for look in looks[1:]:
            _check_comparable(looks[0], look)
        depth = max(_depth_of(look.first) for look in looks)
        self.form: Form = form_of(looks[0].info, looks[0].first, depth=depth)
        step = looks[0].step
        self.rate = (1 / step).limit_denominator(1001) if step else Fraction(25)
        """Frames a second."""
        self.is_hdr = bool(looks[0].hdr)
        self.notices: list[str] = []
        """What a user must hear; more is known at the end."""
        self.total = min(filter(None, (k.info.frames for k in looks)), default=None)
        """Moments to expect; None if nothing says so."""
        self.left_out = [0] * len(self._videos)
        """Frames of each, in order, that have no partner."""
        self._looks, self._starts = looks, [look.times[0] for look in looks]
        for number, look in enumerate(looks[1:], start=1):
            self._align(number, look)
            self._note_size(look)

    def moments(self) -> Generator[Matched]:
        """The matched frames, read anew; close it to stop before the end."""
        self.left_out = [0] * len(self._videos)
        with ExitStack() as stack:
            sources = [stack.enter_context(video.opened()) for video in self._videos]
            yield from self._matched(sources)
            self._note_damage(sources)

    @property
    def names(self) -> list[str]:
        """Of the files, the original's first."""
        return [look.name for look in self._looks]

    def _align(self, number: int, look: _Looked) -> None:
        first = self._looks[0]
        shift = _offset(first.thumbs, look.thumbs)
        if not shift:
            return
        if shift > 0:
            self._starts[number] = look.times[shift]
            words = f"begins {counted(shift, 'frame')} earlier than"
        else:
            gap = first.times[-shift] - first.times[0]
            self._starts[number] = look.times[0] - gap
            words = f"begins {counted(-shift, 'frame')} later than"
        self.notices.append(
            f"{look.name} {words} {first.name}: frames are compared with that offset"
        )

    def _note_size(self, look: _Looked) -> None:
        found = form_of(look.info, look.first, depth=self.form.depth).size
        wanted = self.form.size
        if found == wanted:
            return
        words = f"{look.name} is {found}: it is brought to {wanted} to be compared"
        shape = found.width * wanted.height / (found.height * wanted.width)
        if abs(shape - 1) > _SAME_SHAPE:
            words += ", and stretched, for its shape is another"
        self.notices.append(words)

    def _matched(self, sources: Sequence[FrameSource]) -> Iterator[Matched]:
        bring = [Pictures(look.info, self.form) for look in self._looks]
        lines = [iter(source) for source in sources]
        even = all(look.is_even for look in self._looks)
        near = (_NEAR if even else _NEAR_UNEVEN) / float(self.rate)
        index = 0
        frames = [next(line, None) for line in lines]
        while all(frames):
            times = [self._seconds(n, frame) for n, frame in enumerate(frames)]
            last = max(times)
            behind = [n for n, seconds in enumerate(times) if last - seconds > near]
            if not behind:
                whole = [frame for frame in frames if frame is not None]
                original, *ours = (b(f) for b, f in zip(bring, whole, strict=True))
                yield Matched(index, times[0], original, tuple(ours))
                index += 1
            for n in behind or range(len(lines)):
                self.left_out[n] += bool(behind)
                frames[n] = next(lines[n], None)
        self._end(index, frames)

    def _end(self, count: int, frames: Sequence[Frame | None]) -> None:
        if not count:
            raise InputError(
                f"{' and '.join(self.names)} have no frame at the same time: nothing "
                "can be compared; check that they are of the same video"
            )
        ended = [n for n, frame in enumerate(frames) if frame is None]
        for n, frame in enumerate(frames):
            if frame is not None:
                self._note(
                    f"{self.names[n]} goes on after the end of "
                    f"{self.names[ended[0]]}: what comes from "
                    f"{self._seconds(n, frame):.2f} s on is not compared"
                )

    def _seconds(self, number: int, frame: Frame | None) -> float:
        assert frame is not None
        return float(frame.pts * frame.time_base - self._starts[number])

    def _note_damage(self, sources: Sequence[FrameSource]) -> None:
        for name, source in zip(self.names, sources, strict=True):
            if source.damaged_packets or source.damaged_frames:
                self._note(
                    f"{name} is damaged: {counted(source.damaged_packets, 'packet')} "
                    f"and {counted(source.damaged_frames, 'frame')}; what can be read "
                    "is compared"
                )
        for name, count in zip(self.names, self.left_out, strict=True):
            if count:
                frames = counted(count, "frame of", "frames of")
                self._note(f"{frames} {name} have no partner and are left out")

    def _note(self, words: str) -> None:
        if words not in self.notices:
            self.notices.append(words)


def _looked(video: Video, name: str) -> _Looked:
    if video.path == PIPE:
        raise UsageError(
            "a pipe is read once, and a comparison reads twice: name files"
        )
    if is_video_file(video.path):
        probed_safely(video.path, video.reading)
    with video.opened() as source:
        first, times, thumbs = None, [], []
        for frame in islice(source, _LOOKED_AT):
            first = first or frame  # the others are let go
            times.append(frame.pts * frame.time_base)
            thumbs.append(_thumb(frame))
        if first is None:
            raise InputError(f"{printable(video.path)} has no frame to compare")
        return _Looked(name, source.info, first, tuple(times), np.stack(thumbs))


def _thumb(frame: Frame) -> npt.NDArray[np.float32]:
    """Luma, small, in 8-bit levels."""
    small = cv2.resize(frame.planes[0], _THUMB, interpolation=cv2.INTER_AREA)
    return small.ravel().astype(np.float32) / np.float32(1 << (frame.layout.depth - 8))


def _names(paths: Sequence[Path]) -> list[str]:
    """How messages call the files: by their names alone, if those differ."""
    short = [path.name for path in paths]
    alone = len(set(short)) == len(short)
    return [printable(p) for p in (short if alone else paths)]


def _depth_of(frame: Frame) -> int:
    return frame.layout.depth if frame.layout.family.value != "rgb" else 8


def _check_comparable(first: _Looked, other: _Looked) -> None:
    one, two = first.name, other.name
    stills = [look.info.frames == 1 and len(look.times) == 1 for look in (first, other)]
    if stills[0] != stills[1]:
        still, video = (one, two) if stills[0] else (two, one)
        raise UsageError(
            f"{still} is one picture and {video} a video: compare pictures with "
            "pictures, or videos with videos"
        )
    if first.hdr != other.hdr:
        names = [look.hdr or "SDR" for look in (first, other)]
        raise UsageError(
            f"{one} is {names[0]} and {two} {names[1]}: their code values mean other "
            "light; bring one to the other's transfer first (FFmpeg: zscale, tonemap)"
        )
    if not first.step or not other.step:
        return
    if _apart(first, other) > _allowed(first, other):
        rates = [f"{float(1 / look.step):.5g}" for look in (first, other)]
        raise UsageError(
            f"{one} has {rates[0]} frames a second and {two} {rates[1]}: they show "
            f"other moments; bring one to the other's rate first (ffmpeg -i {two} "
            f"-r {rates[0]} ...)"
        )


def _apart(first: _Looked, other: _Looked) -> float:
    """By which share the paces differ; of uneven ones, whichever measure says less."""
    apart = abs(float(other.step / first.step) - 1)
    if first.is_even and other.is_even:
        return apart
    return min(apart, abs(float(other.mean_step / first.mean_step) - 1))


def _allowed(first: _Looked, other: _Looked) -> float:
    if first.is_even and other.is_even:
        return _SAME_RATE + _EVEN_SECONDS / float(first.times[-1] - first.times[0])
    return _ABOUT_SAME_RATE + _EVEN_SECONDS / float(first.step)


def _offset(first: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> int:
    """How many frames `other` begins earlier; 0 unless the pictures clearly say so."""
    count = min(len(first), len(other))
    reach = min(_LARGEST_OFFSET, count - _LEAST_COMMON)
    if reach < 1:
        return 0
    differences = {
        shift: _difference(first, other, shift) for shift in range(-reach, reach + 1)
    }
    best = min(differences, key=lambda shift: (differences[shift], abs(shift)))
    gain = differences[0] - differences[best]
    clear = differences[best] <= _CLEARLY * differences[0] and gain >= _LEAST_GAIN
    return best if clear else 0


def _difference(
    first: npt.NDArray[np.float32], other: npt.NDArray[np.float32], shift: int
) -> float:
    """Mean difference where frame n + shift of `other` lies on frame n."""
    a, b = first[max(-shift, 0) :], other[max(shift, 0) :]
    count = min(len(a), len(b))
    return float(np.abs(a[:count] - b[:count]).mean())
