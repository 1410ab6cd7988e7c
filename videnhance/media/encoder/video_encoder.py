"""Opens the encoder of an output's video, and encodes frames with their times."""

from fractions import Fraction

import av
from av.codec.context import Flags, ThreadType
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from videnhance.errors import OutputError, UsageError, counted, printable
from videnhance.frame import Frame, UserData, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.containers import container_named
from videnhance.media.encoder.converter import Converter
from videnhance.media.encoder.encoding import Encoding, is_hardware, software_for
from videnhance.media.encoder.formats import check_side, size_advice
from videnhance.media.encoder.options import encoder_options
from videnhance.media.encoder.storage import Stored, as_picture
from videnhance.media.encoder.user_data import LASTING, with_user_data
from videnhance.media.planes import set_tags
from videnhance.media.source import AnyPacket, reason
from videnhance.system.throttle import without_realtime

__all__ = ["VideoCoder", "added_stream", "ticks_of"]

_CONSTANT = {"mpeg1video", "mpeg2video"}
"""Encoders that count in frames."""
_LARGEST_MPEG4_BASE = 65535
_MPEG4_BASE = Fraction(1, 60000)
"""MPEG-4 part 2 holds no finer ticks; this one divides by 24, 25, 30 and 30000/1001."""
_SMALL = 16
"""Pixels, below which some encoders have no block to work on."""
_BITS_A_PIXEL = Fraction(1, 5)
"""For encoders that know only a bit rate: 10 Mbit/s for 1080p at 25 frames/s."""


def added_stream(
    container: OutputContainer,
    info: VideoInfo,
    *,
    size: Size,
    encoding: Encoding,
    stored: Stored,
    notices: list[str],
) -> VideoStream:
    """A video stream with its encoder open. Raises UsageError if it does not open."""
    _check_held(container, encoding.codec)
    check_side(container.format.name, size)
    rate = info.rate or Fraction(25)
    stream = container.add_stream(encoding.codec, rate=rate)
    assert isinstance(stream, VideoStream)
    context = stream.codec_context
    context.width, context.height = size.width, size.height
    context.pix_fmt = stored.pix_fmt
    base = _time_base(container, info, encoding, rate, notices)
    context.time_base = stream.time_base = base
    # The other threading of PyAV's choice cuts each x264 picture into slices.
    context.thread_type = ThreadType.AUTO
    if encoding.threads is not None:
        context.thread_count = encoding.threads
    # Without it the encoder drops durations, and the last frame ends too early.
    context.flags |= Flags.frame_duration
    context.sample_aspect_ratio = info.sample_aspect_ratio or Fraction(0, 1)
    set_tags(context, stored.tags)
    _turn(stream, container, info, notices)
    form = container.format.name
    if context.codec.canonical_name == "hevc" and container_named(form).boxes:
        context.codec_tag = "hvc1"
    context.options = encoder_options(context, info, encoding, stored, notices)
    # Also for fields that were kept: enlarged as one picture, they cannot be parted.
    context.options.setdefault("field_order", "progressive")
    if container_named(form).constant_rate:  # it stores no times to reorder frames by
        context.options.setdefault("bf", "0")
    if encoding.codec.endswith("_v4l2m2m") and "b" not in context.options:
        context.bit_rate = round(size.area * rate * _BITS_A_PIXEL)
    _open(context, encoding, size, container.supported_codecs)
    return stream


def _turn(
    stream: VideoStream, container: OutputContainer, info: VideoInfo, notices: list[str]
) -> None:
    degrees, mirrored = info.rotation_degrees, info.mirrored
    if not degrees and not mirrored:
        return
    stream.set_display_rotation(-degrees, hflip=mirrored)
    if not container_named(container.format.name).rotation:
        turned = [f"turned by {counted(degrees, 'degree')}"] if degrees else []
        turned += ["mirrored"] if mirrored else []
        notices.append(
            f"{container.format.name} cannot say that the picture is "
            f"{' and '.join(turned)}: it shows lying as it is stored"
        )


def _check_held(container: OutputContainer, codec: str) -> None:
    form, row = container.format.name, container_named(container.format.name)
    if row.video_codecs is not None:  # what it does not know it makes private data
        held = av.Codec(codec, "w").canonical_name in row.video_codecs
    else:
        # Elsewhere nobody makes the palette of each picture.
        held = codec in container.supported_codecs and (codec != "gif" or form == "gif")
    if not held:
        other = "" if form == "matroska" else ", or an output named .mkv"
        raise UsageError(
            f"{form} does not hold {codec} video: use -c {row.default_codec}{other}"
        )


def _time_base(
    container: OutputContainer,
    info: VideoInfo,
    encoding: Encoding,
    rate: Fraction,
    notices: list[str],
) -> Fraction:
    """The source's, unless the container or codec can only count otherwise."""
    form = container_named(container.format.name)
    if form.constant_rate or encoding.codec in _CONSTANT:
        steady = form.name if form.constant_rate else encoding.codec
        notices.append(
            f"{steady} knows only a constant rate: frames are set to {rate} a second"
        )
        return 1 / rate
    fine = info.time_base.denominator > _LARGEST_MPEG4_BASE
    if fine and encoding.codec in ("mpeg4", "libxvid"):
        return _MPEG4_BASE
    return info.time_base


def _open(
    context: VideoCodecContext, encoding: Encoding, size: Size, held: set[str]
) -> None:
    given = ", ".join(f"{k}={v}" for k, v in context.options.items()) or "its defaults"
    try:
        with without_realtime():
            context.open()
    except (av.FFmpegError, OSError, ValueError) as error:
        advice = size_advice(
            encoding.codec, context.pix_fmt or "", size=size, held=held
        )
        if advice:
            raise UsageError(
                f"{encoding.codec} does not take pictures of {size}: {advice}"
            ) from error
        if is_hardware(encoding.codec):
            raise UsageError(
                f"{encoding.codec} does not open for {size} pixels ({reason(error)}): "
                "its hardware or the driver was not found, or it does not take "
                f"{printable(given)}; use -c {software_for(encoding.codec)}"
            ) from error
        raise UsageError(
            f"{encoding.codec} does not open for {size} pixels with {printable(given)} "
            f"({reason(error)}): {_advice(context, size)}"
        ) from error
    left = set(context.options) & set(encoding.options)
    if left:
        raise UsageError(f"{encoding.codec} does not use {printable(', '.join(left))}")


def _advice(context: VideoCodecContext, size: Size) -> str:
    form = context.format
    odd = (size.width | size.height) & 1
    if odd and form and len(form.components) > 2 and form.chroma_width(2) < 2:
        return (
            f"it takes only even sizes in {form.name}: choose yuv444p with --pix-fmt, "
            "or -c libsvtav1"
        )
    if min(size.width, size.height) < _SMALL:
        return "it may take no picture as small as this: use -c libx264 or -c ffv1"
    return "change its options or choose another codec"


def ticks_of(
    frame: Frame, time_base: Fraction, *, zero: Fraction, last_pts: int | None
) -> int:
    """The frame's time in an encoder's ticks; strictly after the one before.

    `zero` is the time of the source, in seconds, that becomes 0.
    """
    if zero or frame.time_base != time_base:
        pts = round((frame.pts * frame.time_base - zero) / time_base)
    else:
        pts = frame.pts
    return pts if last_pts is None else max(pts, last_pts + 1)


class VideoCoder:
    """An open encoder. `stream` is one of `added_stream`, which keeps it open."""

    def __init__(
        self,
        stream: VideoStream,
        info: VideoInfo,
        size: Size,
        stored: Stored,
        zero: Fraction,
    ) -> None:
        self.frames = 0
        self.first_pts: int | None = None
        self.last_pts: int | None = None
        """The time of the last frame in ticks; set before the first one, it is kept."""
        self.end_pts = 0
        """When the last frame ends."""
        self.time_base = Fraction(stream.codec_context.time_base)
        self._stream, self._info, self._size, self._stored = stream, info, size, stored
        self._zero = zero
        self._converter = Converter()
        self._codec = stream.codec_context.codec.canonical_name
        self._lasting = [d for d in info.user_data if d.payload_type in LASTING]
        self._user_data: dict[int, tuple[UserData, ...]] = {}
        """Of frames in the encoder, by their time: packets come in another order."""

    def packets(self, frame: Frame) -> list[AnyPacket]:
        """The packets that this frame completes.

        Raises OutputError for a frame of another size, and what FFmpeg raises.
        """
        if frame.size != self._size:
            raise OutputError(
                f"frame {frame.index} is {frame.size}, but the output was begun with "
                f"{self._size}: report this",
                cause_stays=True,
            )
        picture = as_picture(frame, self._stored, converter=self._converter)
        picture.time_base = self.time_base
        pts = ticks_of(frame, self.time_base, zero=self._zero, last_pts=self.last_pts)
        picture.pts = pts
        picture.duration = self._duration(frame, pts)
        self.first_pts = pts if self.first_pts is None else self.first_pts
        self.last_pts, self.end_pts = pts, pts + picture.duration
        self.frames += 1
        own = {one.payload_type for one in frame.user_data}
        lasting = (one for one in self._lasting if one.payload_type not in own)
        if data := (*frame.user_data, *lasting):
            self._user_data[pts] = data
        return self._made(picture)

    def flush(self) -> list[AnyPacket]:
        """The packets still inside; the encoder takes no more frames after this."""
        return self._made(None)

    def _made(self, picture: VideoFrame | None) -> list[AnyPacket]:
        packets: list[AnyPacket] = self._stream.encode(picture)
        if not self._user_data:
            return packets
        data = self._user_data
        return [
            with_user_data(packet, self._codec, data=data.pop(packet.pts or 0, ()))
            for packet in packets
        ]

    def _duration(self, frame: Frame, pts: int) -> int:
        """The source's, else the distance to the frame before, else of the rate."""
        if frame.duration:
            return max(round(frame.duration * frame.time_base / self.time_base), 1)
        if self.last_pts is not None:
            return pts - self.last_pts
        return max(round(1 / ((self._info.rate or 25) * self.time_base)), 1)
