"""The streams of an opened file: the one that is worked on, and each in words."""

import ctypes
from pathlib import Path
from typing import Any

from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.codec.context import CodecContext
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from videnhance.errors import InputError, printable

__all__ = ["chosen_video", "context_of", "layout_of", "stream_words"]

_WITHOUT_LIST = ("mono", "stereo", "5.1", "5.1(side)", "7.1")
"""The layouts of nearly all sound, which may be freed: a long one has many frames."""


def chosen_video(container: InputContainer, path: Path | str) -> VideoStream:
    """The video stream to work on: the default one, else the first that is no cover.

    Raises InputError if there is none, or none that this program can decode.
    """
    name = printable(path)
    real = [s for s in container.streams.video if not _is_cover(s)]
    if not real:
        kinds = ", ".join(sorted({s.type for s in container.streams})) or "nothing"
        raise InputError(f"{name} has no video stream (it holds: {kinds})")
    able = [s for s in real if context_of(s) is not None]
    if not able:
        raise InputError(
            f"{name}: there is no decoder for its video codec; "
            "convert it with a program that has one"
        )
    # A broken size is the mark of a stream that the demuxer only guessed at.
    sized = [s for s in able if s.codec_context.width] or able
    default = [s for s in sized if s.disposition & Disposition.default]
    return (default or sized)[0]


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
