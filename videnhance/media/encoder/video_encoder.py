"""The video stream of an output, with its encoder open."""

from fractions import Fraction

import av
from av.codec.context import Flags, ThreadType
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from videnhance.errors import UsageError, counted, printable
from videnhance.frame import VideoInfo
from videnhance.geometry import Size
from videnhance.media.containers import container_named
from videnhance.media.encoder.encoding import (
    DEFAULT_PRESET,
    Encoding,
    is_hardware,
    software_for,
)
from videnhance.media.encoder.options import encoder_options
from videnhance.media.encoder.sizes import check_side, size_advice
from videnhance.media.encoder.storage import Stored, as_picture, storage
from videnhance.media.planes import set_tags
from videnhance.media.source import reason

__all__ = [
    "DEFAULT_PRESET",
    "Encoding",
    "Stored",
    "added_stream",
    "as_picture",
    "storage",
]

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
    stream: VideoStream,
    container: OutputContainer,
    info: VideoInfo,
    notices: list[str],
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
        context.open()
    except (av.FFmpegError, OSError, ValueError) as error:
        advice = size_advice(encoding.codec, context.pix_fmt or "", size, held)
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
