"""The streams of an opened file: the one that is worked on, and each in words."""

import ctypes
import re
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.codec.context import CodecContext
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from videnhance.errors import InputError, UsageError, printable
from videnhance.media.source import DECODE_ERRORS, demuxed, open_source

__all__ = [
    "choice_notice",
    "chosen_video",
    "context_of",
    "layout_of",
    "listed_streams",
    "rate_of",
    "stream_words",
]

_FAST = 1000
_AS_LONG = Fraction(9, 10)
"""Of the longest: a track this long plays as long, but for how it was cut."""
_AS_FAST = 4
"""Times slower than the fastest: a track that shows fewer pictures is no film."""
_STILLS = Disposition.still_image | Disposition.timed_thumbnails
_DURATION = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")
_LOOKED_AT = 500
"""Packets."""
_WITHOUT_LIST = ("mono", "stereo", "5.1", "5.1(side)", "7.1")
"""The layouts of nearly all sound, which may be freed: a long one has many frames."""


def chosen_video(
    container: InputContainer, path: Path | str, *, track: int | None = None
) -> VideoStream:
    """The video stream to work on: the video track of this number, from 0 as FFmpeg's
    `v:N`, or the main film: what plays longest, then the largest, then the default.

    Raises InputError if there is none, or none that this program can decode, and
    UsageError for a track that is not there.
    """
    name = printable(path)
    real = [s for s in container.streams.video if not _is_cover(s)]
    if not real:
        kinds = ", ".join(sorted({s.type for s in container.streams})) or "nothing"
        raise InputError(f"{name} has no video stream (it holds: {kinds})")
    if track is not None:
        real = [s for n, s in enumerate(container.streams.video) if n == track]
        if not real or _is_cover(real[0]):
            tracks = (
                f"{n} ({s.name or 'unknown codec'} {' '.join(_details(s))})"
                for n, s in enumerate(container.streams.video)
            )
            raise UsageError(
                f"{name} has no video track {track} that is a film: choose one of "
                f"{', '.join(tracks)}"
            )
    able = [s for s in real if context_of(s) is not None]
    if not able:
        raise InputError(
            f"{name}: there is no decoder for its video codec; "
            "convert it with a program that has one"
        )
    # A broken size is the mark of a stream that the demuxer only guessed at.
    sized = [s for s in able if s.codec_context.width] or able
    if len(sized) == 1:
        return sized[0]
    seconds = _playing_seconds(sized, path)
    # Tracks of one length differ by some frames.
    longest = max(seconds.values()) * _AS_LONG
    long = [s for s in sized if seconds[s.index] >= longest]
    fastest = max(map(_frames_a_second, long))
    # Phones put a few large pictures beside the film, over all of its length.
    films = [s for s in long if _frames_a_second(s) * _AS_FAST >= fastest]
    return max(films, key=_merit)


def _merit(stream: VideoStream) -> tuple[int, bool, int]:
    """The greater, the more of a main film it is, among those that play as long."""
    area = stream.codec_context.width * stream.codec_context.height
    # Muxers mark the first track by default: a mark decides only between equals.
    marked = bool(stream.disposition & Disposition.default)
    return area, marked, -stream.index


def rate_of(stream: VideoStream) -> Fraction:
    """Frames a second, as the file tells; 0 if it does not."""
    told = stream.average_rate or stream.guessed_rate or Fraction(0)
    # FFmpeg counts raw DV by the ticks of its clock.
    if told > _FAST and told * (stream.time_base or 1) == 1:
        return min(told, stream.guessed_rate or told)
    return told


def _frames_a_second(stream: VideoStream) -> Fraction:
    seconds = _told_seconds(stream)
    if stream.frames and seconds:
        return stream.frames / seconds
    return rate_of(stream)


def _playing_seconds(
    streams: list[VideoStream], path: Path | str
) -> dict[int, Fraction]:
    """How long each stream moves, by index: 0 for a single picture.

    As the file says; where it does not, by a look at its first packets.
    """
    told = {stream.index: _told_seconds(stream) for stream in streams}
    if None in told.values() and isinstance(path, Path):
        return _seen_seconds([*told], path)
    return {index: seconds or Fraction(0) for index, seconds in told.items()}


def _told_seconds(stream: VideoStream) -> Fraction | None:
    if stream.frames == 1 or stream.disposition & _STILLS:
        return Fraction(0)
    if stream.duration is not None:
        return stream.duration * Fraction(stream.time_base or 0)
    found = _DURATION.match(stream.metadata.get("DURATION", ""))
    if not found:
        return None
    hours, minutes, seconds = found.groups()
    return Fraction(seconds) + 60 * int(minutes) + 3600 * int(hours)


def _seen_seconds(indexes: list[int], path: Path) -> dict[int, Fraction]:
    times: dict[int, list[Fraction]] = {index: [Fraction(0)] for index in indexes}
    with suppress(*DECODE_ERRORS), open_source(path) as opened:
        packets = demuxed(opened, [opened.streams[index] for index in indexes])
        for packet, _ in zip(packets, range(_LOOKED_AT), strict=False):
            if packet.pts is not None:
                base = Fraction(packet.time_base or 0)
                times[packet.stream_index].append(packet.pts * base)
    return {
        index: max(found) - min(found[1:] or found) for index, found in times.items()
    }


def choice_notice(container: InputContainer, chosen: VideoStream) -> str | None:
    """Words for a choice that another program may not make; None for the first."""
    films = [s for s in container.streams.video if not _is_cover(s)]
    if len(films) < 2 or chosen.index == films[0].index:
        return None
    track = container.streams.video.index(chosen)
    return (
        f"video track {track} of {len(container.streams.video)} is the main one "
        f"({' '.join(_details(chosen))}); --video-track chooses another, from 0"
    )


def listed_streams(container: InputContainer, chosen: VideoStream) -> tuple[str, ...]:
    """Each stream in words, and the number and choice of each of several videos."""
    videos = [stream.index for stream in container.streams.video]
    lines = []
    for stream in container.streams:
        words = stream_words(stream)
        if len(videos) > 1 and stream.index in videos:
            mark = ", chosen" if stream.index == chosen.index else ""
            words += f", video track {videos.index(stream.index)}{mark}"
        lines.append(words)
    return tuple(lines)


def context_of(stream: Stream) -> CodecContext | None:
    """The decoder of a stream; None if FFmpeg has none for it."""
    return stream.codec_context


def _is_cover(stream: Stream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def layout_of(owner: AudioCodecContext | AudioFrame) -> AudioLayout:
    """The channels of a decoder, or of a frame: each frame's must be asked for.

    PyAV 18 lends a layout the owner's own list of channels, and both free it: where
    FFmpeg needs such a list, for an order that has no name, the process would die.
    """
    layout = owner.layout
    if layout.name not in _WITHOUT_LIST:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(layout))  # it is never freed
    return layout


def stream_words(stream: Stream) -> str:
    """One stream in words, for a person."""
    parts = [f"{stream.index}: {stream.type}"]
    context = context_of(stream)
    if context is not None:
        parts.append(context.name)
    elif stream.type in ("attachment", "data") and stream.name:
        parts.append(printable(stream.name))
    else:
        parts.append("unknown codec")
    parts += _details(stream)
    if stream.language:
        parts.append(f"({printable(stream.language)})")
    return " ".join(parts)


def _details(stream: Stream) -> list[str]:
    context: Any = context_of(stream)
    if context is None:
        return []
    if stream.type == "video":
        cover = ["cover"] if _is_cover(stream) else []
        return [f"{context.width}x{context.height}", *cover]
    if stream.type == "audio":
        return [f"{context.sample_rate} Hz", printable(layout_of(context).name)]
    return []
