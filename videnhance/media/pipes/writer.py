"""Frames into a pipe: y4m, bare samples, or a container that needs no way back."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from enum import Enum
from fractions import Fraction
from typing import BinaryIO

import av
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import Colorspace, VideoReformatter

from videnhance.errors import OutputError, UsageError
from videnhance.frame import Family, Frame, Layout, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.encoder.converter import Converter
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.encoder.storage import as_picture, storage
from videnhance.media.encoder.video_encoder import VideoCoder, added_stream
from videnhance.media.output.file_tags import carried_tags
from videnhance.media.pipes.raw import y4m_header, y4m_layout
from videnhance.media.planes import SCALING_THREADS, copied_planes, picture_of
from videnhance.media.protocols import check_size
from videnhance.media.source import Source, reason
from videnhance.media.stills.picture_writer import left_out

__all__ = ["PipeForm", "PipeWriter", "standard_output"]


class PipeForm(Enum):
    """What goes through the pipe; containers by FFmpeg's name."""

    Y4M = "y4m"
    RAW = "raw"
    MATROSKA = "matroska"
    MPEGTS = "mpegts"
    NUT = "nut"


_FULL, _LIMITED = 2, 1
_NAME = "the standard output"


@contextmanager
def standard_output() -> Iterator[BinaryIO]:
    """The standard output for bytes alone: what libraries print goes to the error.

    Raises UsageError if it is a terminal or closed, and OutputError if it is full.
    """
    if sys.stdout is None:
        raise UsageError(f"{_NAME} is closed: send it on with | or >")
    sys.stdout.flush()
    if os.isatty(1):
        raise UsageError(f"{_NAME} is a terminal: send it on with | or >")
    kept = os.dup(1)
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        yield stream
        with _sending():
            stream.flush()
    finally:
        with suppress(OSError):  # after an error what is left may find nobody
            stream.close()
        os.dup2(kept, 1)
        os.close(kept)


class PipeWriter:
    """A pipe that is being written to; what went through cannot be taken back.

    Raises UsageError at once for what cannot be sent.
    """

    def __init__(
        self,
        stream: BinaryIO,
        form: PipeForm,
        info: VideoInfo,
        size: Size,
        encoding: Encoding,
        source: Source | None = None,
    ) -> None:
        self.frames_written = 0
        self.dropped_packets = 0
        self._size = size
        path = None if source is None else source.path
        self.streams = left_out(path, f"{form.value} on a pipe")
        notes: list[str] = []
        self._form: _Y4m | _Raw | _Container
        if form is PipeForm.Y4M:
            self._form = _Y4m(stream, info, size, notes)
        elif form is PipeForm.RAW:
            self._form = _Raw(stream, info, size, encoding, notes)
        else:
            self._form = _Container(stream, form, info, size, (encoding, notes))
        self.notices = (*notes, *map(str, self.streams))

    def __enter__(self) -> "PipeWriter":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            with _sending():
                self._form.finish()
        else:
            self._form.give_up()

    def write(self, frame: Frame) -> None:
        """Sends a frame. Raises OutputError if it has another size, or nobody reads."""
        check_size(frame, self._size, output=_NAME)
        with _sending():
            self._form.send(frame)
        self.frames_written += 1


@contextmanager
def _sending() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise OutputError(
            f"{_NAME} is read no more: the program behind the | ended before the video"
        ) from None
    except (av.FFmpegError, OSError, ValueError) as error:
        raise OutputError(f"{_NAME} cannot be written: {reason(error)}") from error


class _Y4m:
    def __init__(
        self, stream: BinaryIO, info: VideoInfo, size: Size, notes: list[str]
    ) -> None:
        self._stream = stream
        self._layout = y4m_layout(info.layout)
        rgb = info.layout.family is Family.RGB
        self._range = _LIMITED if rgb else info.tags.range
        self._converter = VideoReformatter()
        notes += _y4m_losses(info, self._layout)
        full = self._range == _FULL
        self._header = y4m_header(self._layout, info, size=size, full=full)

    def send(self, frame: Frame) -> None:
        head, self._header = self._header, b""
        planes = frame.planes
        if frame.layout.family is Family.RGB or (
            frame.layout.chroma_shift != self._layout.chroma_shift
        ):
            made = self._converter.reformat(
                picture_of(frame),
                format=self._layout.name,
                dst_colorspace=Colorspace.ITU601,
                dst_color_range=self._range or None,
                threads=SCALING_THREADS,
            )
            planes = copied_planes(made, self._layout)
        count = len(self._layout.plane_sizes(frame.size))
        self._stream.write(head + b"FRAME\n")
        for plane in planes[:count]:
            self._stream.write(plane.tobytes())

    def finish(self) -> None:
        self._stream.write(self._header)
        self._stream.flush()

    def give_up(self) -> None:
        self._header = b""


def _y4m_losses(info: VideoInfo, layout: Layout) -> list[str]:
    losses = []
    rate = info.rate or Fraction(25)
    if info.time_base != 1 / rate:
        losses.append(f"y4m knows only a constant rate: {rate} frames a second")
    if info.layout.alpha:
        losses.append("transparency is left out: y4m has none; use nut with -c ffv1")
    if info.layout.family is Family.RGB:
        losses.append(f"RGB is sent as {layout.name} of BT.601: y4m has no RGB")
    elif info.tags.matrix not in (2, 5, 6) or info.tags.transfer in (16, 18):
        losses.append("y4m says nothing of colour matrix and HDR: tell the reader")
    if info.rotation_degrees:
        losses.append(
            f"y4m cannot say that the picture is turned by {info.rotation_degrees} "
            "degrees: it is sent lying"
        )
    return losses


class _Raw:
    def __init__(
        self,
        stream: BinaryIO,
        info: VideoInfo,
        size: Size,
        encoding: Encoding,
        notes: list[str],
    ) -> None:
        self._stream = stream
        raw = replace(encoding, codec="rawvideo", options={})
        self._stored = storage(info, raw, notes)
        self._converter = Converter()
        context = CodecContext.create("rawvideo", "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height = size.width, size.height
        context.pix_fmt, context.time_base = self._stored.pix_fmt, Fraction(1, 25)
        self._context = context
        notes.append(f"raw samples are {size} {self._stored.pix_fmt}, without times")

    def send(self, frame: Frame) -> None:
        picture = as_picture(frame, self._stored, converter=self._converter)
        picture.pts = frame.index
        for packet in self._context.encode(picture):
            self._stream.write(bytes(packet))

    def finish(self) -> None:
        self._stream.flush()

    def give_up(self) -> None:
        pass


class _Sink:
    """A pipe for FFmpeg, which must not find that it could seek."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, data: bytes) -> int:
        """Passes the bytes on."""
        return self._stream.write(data)


class _Container:
    def __init__(
        self,
        stream: BinaryIO,
        form: PipeForm,
        info: VideoInfo,
        size: Size,
        how: tuple[Encoding, list[str]],
    ) -> None:
        encoding, notes = how
        stored = storage(info, encoding, notes, form.value, size=size)
        self._stream = stream
        with ExitStack() as stack:
            self._out = av.open(_Sink(stream), "w", format=form.value)
            stack.callback(self.give_up)
            video = added_stream(
                self._out,
                info,
                size=size,
                encoding=encoding,
                stored=stored,
                notices=notes,
            )
            self._out.metadata.update(carried_tags(info.metadata, form.value))
            self._coder = VideoCoder(video, info, size, stored, Fraction(0))
            stack.pop_all()

    def send(self, frame: Frame) -> None:
        self._out.mux(self._coder.packets(frame))

    def finish(self) -> None:
        self._out.mux(self._coder.flush())
        self._out.close()
        self._stream.flush()

    def give_up(self) -> None:
        with suppress(av.FFmpegError, OSError, ValueError):
            self._out.close()
