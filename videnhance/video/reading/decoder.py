"""From packets to pictures: one video stream decoded, over damage, from any place."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from fractions import Fraction
from logging import getLogger
from pathlib import Path
from typing import Any, cast

from av.codec import Codec
from av.codec.context import CodecContext, Flags, ThreadType
from av.format import Flags as FormatFlags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from videnhance.limits import check_pixels
from videnhance.region import Size
from videnhance.video.reading.cut import cut_notice
from videnhance.video.reading.headers import declared_fields
from videnhance.video.source import (
    DECODE_ERRORS,
    AnyPacket,
    open_source,
    packets_of,
    reason,
)
from videnhance.video.stream_choice import chosen_video

__all__ = ["Decoder", "frame_step", "time_base_of"]

_LOG = getLogger(__name__)

_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""FFmpeg's own decoders of these do not look at the packets' second picture."""

_NO_MATRIX = 2


class Decoder:
    """An open video stream as pictures in the order of showing, from its front or a
    place in it; their times are as the file gives them, or none.

    Raises InputError if the file cannot be read, or its pictures are too large.
    """

    def __init__(
        self, path: Path, limit_pixels: int | None, note: Callable[[str], None]
    ) -> None:
        self.path = path
        self.damaged_packets = 0
        self._note = note
        with ExitStack() as stack:
            self.container = stack.enter_context(open_source(path))
            self.stream = chosen_video(self.container, path)
            # Asked for before decoding: some versions crash on it after a failure.
            self.codec = self.stream.name or "unknown"
            self.field_order = declared_fields(self.container, self.stream)
            self._at_front = True
            self._cut = self._noted_cut()
            context = self.stream.codec_context
            if limit_pixels is not None and context.width and context.height:
                check_pixels(path, Size(context.width, context.height), limit_pixels)
            self._context = self._prepared(context, limit_pixels)
            self._open = stack.pop_all()

    def close(self) -> None:
        """Closes the file; pictures already given stay valid."""
        self._open.close()

    @property
    def keeps_times(self) -> bool:
        """Whether the container stores times, so that a time is a place in it."""
        flags: Any = self.container.format.flags  # a number, whatever the stubs say
        return not flags & FormatFlags.no_timestamps.value

    def seek(self, pts: int) -> bool:
        """Goes to the key frame before `pts`, before the first picture is asked for;
        False if it stays at the front."""
        try:
            self.container.seek(pts, stream=self.stream)
        except DECODE_ERRORS:
            return False
        self._at_front = False
        return True

    def pictures(self) -> Iterator[VideoFrame]:
        """The pictures from here to the end of what can be read."""
        packets = 0
        held: AnyPacket | None = None
        for packet in packets_of(self.container, [self.stream], self._unreadable):
            packets += 1
            self.damaged_packets += packet.is_corrupt
            if held is not None:
                yield from self._decode(held)
            held = packet
        # Cut off in its middle, the last packet would make threads drop good frames.
        if held is not None and not held.is_corrupt:
            yield from self._decode(held)
        yield from self._decode(None)
        self._note_missing(packets)

    def _prepared(
        self, context: VideoCodecContext, limit_pixels: int | None
    ) -> VideoCodecContext:
        tags = {key.lower(): value for key, value in self.stream.metadata.items()}
        if tags.get("alpha_mode") == "1":
            context = self._alpha_decoder() or context
        # With threads for whole frames, damaged HEVC makes them wait for ever.
        hevc = context.name == "hevc"
        context.thread_type = ThreadType.SLICE if hevc else ThreadType.AUTO
        context.flags |= Flags.output_corrupt
        if limit_pixels is not None:
            context.options = {**context.options, "max_pixels": str(limit_pixels)}
        return context

    def _alpha_decoder(self) -> VideoCodecContext | None:
        """A decoder that gives opacity as well; None, and said, if there is none."""
        name = _ALPHA_DECODERS.get(self.codec)
        if name is None:
            return None
        try:
            codec = Codec(name, "r")
        except ValueError:
            self._note(
                f"transparency is left out: this FFmpeg has no {name} to decode it"
            )
            return None
        context = cast(VideoCodecContext, CodecContext.create(codec))
        told = self.stream.codec_context
        context.color_range, context.colorspace = told.color_range, told.colorspace
        context.color_primaries = told.color_primaries
        context.color_trc = told.color_trc
        return context

    def _decode(self, packet: AnyPacket | None) -> list[VideoFrame]:
        try:
            pictures = self._context.decode(packet)
        except DECODE_ERRORS as error:
            self.damaged_packets += 1
            _LOG.info("%s: damaged packet: %s", self.path, reason(error))
            return []
        if self._context is not self.stream.codec_context:
            for picture in pictures:
                # libvpx does not ask the container for what VP8 itself cannot say.
                if picture.colorspace == _NO_MATRIX:
                    picture.colorspace = self.stream.codec_context.colorspace
        return pictures

    def _unreadable(self, error: BaseException) -> None:
        self.damaged_packets += 1
        _LOG.info("%s: cannot read on: %s", self.path, reason(error))

    def _note_missing(self, packets: int) -> None:
        """Says how many packets the index promises, and the file does not hold."""
        self.damaged_packets += self._cut
        # Other containers count frames that are shown twice, or not at all.
        if not self.container.format.name.startswith("mov"):
            return
        promised = self.stream.frames
        missing = promised - packets if self._at_front else self._beyond_the_end()
        if missing > 0:
            self.damaged_packets += missing
            self._note(
                f"the file is cut off: {promised - missing} of {promised} frames "
                "are there"
            )

    def _noted_cut(self) -> bool:
        """Whether the container itself tells that its end is missing; it is said."""
        with suppress(OSError):
            words = cut_notice(self.path, self.container.format.name)
            if words is not None:
                self._note(words)
                return True
        return False

    def _beyond_the_end(self) -> int:
        """Packets of which the file does not hold the first byte."""
        size = self.path.stat().st_size
        with suppress(*DECODE_ERRORS):
            return sum(entry.pos >= size for entry in self.stream.index_entries)
        return 0


def time_base_of(stream: VideoStream) -> Fraction:
    """Seconds of a tick of the stream's times."""
    return stream.time_base or Fraction(1, 90000)


def frame_step(stream: VideoStream) -> int:
    """A frame's duration in ticks, at least 1."""
    rate = stream.guessed_rate or stream.average_rate or Fraction(25)
    return max(round(1 / (rate * time_base_of(stream))), 1)
