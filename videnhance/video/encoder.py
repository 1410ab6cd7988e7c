"""The encoder of the video stream: its settings, its format, and frames for it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fractions import Fraction

import av
import numpy as np
from av.codec.context import CodecContext, Flags, ThreadType
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from videnhance.errors import OutputError, UsageError, printable
from videnhance.frame import ColourTags, Family, Frame, Layout, VideoInfo
from videnhance.region import Size
from videnhance.video.layout import delivered_layout, stored_format
from videnhance.video.planes import picture_of, set_tags
from videnhance.video.source import reason

__all__ = [
    "DEFAULT_PRESET",
    "Encoding",
    "Stored",
    "added_stream",
    "as_picture",
    "storage",
]

DEFAULT_PRESET = "veryfast"
_FINE_QUALITY = 2 * 118
"""Quantizer 2 of 31 in FFmpeg's lambda units, for encoders without a crf."""
_WITH_QSCALE = ("flv", "mjpeg", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4")
_WITH_TURN = ("matroska", "mov", "mp4", "webm")
_OWNED = {
    "video_size": "--scale",
    "s": "--scale",
    "time_base": "nothing: times are the source's",
    "pixel_format": "--pix-fmt",
    "pix_fmt": "--pix-fmt",
    **dict.fromkeys(
        ("color_range", "colorspace", "color_primaries", "color_trc", "aspect"),
        "nothing: it is the source's",
    ),
}
"""What would make another picture than the one that was announced."""
_WITH_CRF = ("libx264", "libx264rgb", "libx265")
_LARGEST_MPEG4_BASE = 65535
_MPEG4_BASE = Fraction(1, 60000)
"""MPEG-4 part 2 holds no finer ticks; this one divides by 24, 25, 30 and 30000/1001."""
_BT709, _LIMITED, _FULL, _PQ = 1, 1, 2, 16


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the output's video is encoded, and whether sound comes along."""

    codec: str = "libx264"
    crf: int | None = 18
    preset: str | None = DEFAULT_PRESET
    pix_fmt: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    """Options of the encoder by FFmpeg's names; they win over `crf` and `preset`."""
    audio: bool = True


@dataclass(frozen=True, slots=True)
class Stored:
    """What the encoder is given: frames of `layout` become this format, so tagged."""

    layout: Layout
    pix_fmt: str
    tags: ColourTags


def storage(info: VideoInfo, encoding: Encoding, notices: list[str]) -> Stored:
    """The format to encode frames of `info.layout` in. Raises UsageError."""
    name, lost = stored_format(info.layout, encoding.codec, encoding.pix_fmt)
    if lost:
        notices.append(lost)
    rgb = av.VideoFormat(name).is_rgb
    tags = info.tags
    if tags.transfer == _PQ:
        notices.append("HDR is tagged, but its mastering data (if any) is not carried")
    if info.layout.family is Family.RGB and not rgb:
        tags = ColourTags(_LIMITED, _BT709, tags.primaries, tags.transfer)
    elif info.layout.family is not Family.RGB and rgb:
        tags = ColourTags(_FULL, 0, tags.primaries, tags.transfer)
    elif encoding.codec == "mjpeg" and not tags.full:
        tags = ColourTags(_FULL, tags.matrix, tags.primaries, tags.transfer)
        notices.append("samples are stored in the full range: mjpeg knows no other")
    return Stored(info.layout, name, tags)


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
    context.sample_aspect_ratio = info.sample_aspect_ratio or Fraction(0, 1)
    set_tags(context, stored.tags)
    if info.rotation_degrees:
        stream.set_display_rotation(-info.rotation_degrees)
        if container.format.name not in _WITH_TURN:
            notices.append(
                f"{container.format.name} cannot say that the picture is turned by "
                f"{info.rotation_degrees} degrees: it shows lying as it is stored"
            )
    if context.codec.canonical_name == "hevc" and container.format.name in (
        "mp4",
        "mov",
    ):
        context.codec_tag = "hvc1"
    context.options = _options(context, encoding, notices)
    _quieten(context.options, encoding.codec)
    if container.format.name == "avi":  # it stores no times to reorder frames by
        context.options.setdefault("bf", "0")
    _open(context, encoding, size)
    return stream


def _check_held(container: OutputContainer, codec: str) -> None:
    form = container.format.name
    if form == "mpegts" or codec in container.supported_codecs:
        return
    raise UsageError(
        f"{form} does not hold {codec} video: choose its own "
        f"{container.default_video_codec} encoder, or an output named .mkv"
    )


def _time_base(
    container: OutputContainer,
    info: VideoInfo,
    encoding: Encoding,
    rate: Fraction,
    notices: list[str],
) -> Fraction:
    """The source's, unless the container or codec can only count otherwise."""
    if container.format.name == "avi":
        notices.append(
            f"avi knows only a constant rate: frames are set to {rate} a second"
        )
        return 1 / rate
    fine = info.time_base.denominator > _LARGEST_MPEG4_BASE
    if fine and encoding.codec in ("mpeg4", "libxvid"):
        return _MPEG4_BASE
    return info.time_base


def _known_options(context: CodecContext) -> dict[str, bool]:
    """The encoder's options; whether each takes words, not only numbers."""
    every = getattr(context, "supported_options", None)
    if every is None:  # PyAV 17, the last for Python 3.10, cannot tell
        return {"crf": False, "preset": True} if context.name in _WITH_CRF else {}
    options = (*every.generic, *every.private)
    return {option.name: option.type.name == "STRING" for option in options}


def _options(
    context: CodecContext, encoding: Encoding, notices: list[str]
) -> dict[str, str]:
    known, codec = _known_options(context), encoding.codec
    for name in encoding.options:
        if name in _OWNED:
            raise UsageError(f"-e {name} is not for the encoder: use {_OWNED[name]}")
        if name not in known and hasattr(context, "supported_options"):
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise UsageError(f"{codec} has no option {printable(name)}{hint}")
    options: dict[str, str] = {}
    if encoding.crf is not None and not {"qp", "b"} & set(encoding.options):
        if "crf" in known:
            options["crf"] = str(encoding.crf)
        elif codec in _WITH_QSCALE:
            context.flags |= Flags.qscale
            context.global_quality = _FINE_QUALITY
            notices.append(f"{codec} has no crf: its fine fixed quality is used")
        else:
            notices.append(f"{codec} has no crf: it is left to its own quality")
    if encoding.preset is not None:
        wordy = known.get("preset", False)
        if wordy or ("preset" in known and encoding.preset.lstrip("-").isdigit()):
            options["preset"] = encoding.preset
        elif encoding.preset != DEFAULT_PRESET:
            notices.append(f"{codec} has no preset {encoding.preset}: it is left out")
    return {**options, **encoding.options}


def _quieten(options: dict[str, str], codec: str) -> None:
    """Two encoders write to the terminal on their own: no more than errors, please."""
    if codec == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "1")
    if codec == "libx265":
        given = options.get("x265-params", "")
        options["x265-params"] = f"log-level=error:{given}".rstrip(":")


def _open(context: VideoCodecContext, encoding: Encoding, size: Size) -> None:
    given = ", ".join(f"{k}={v}" for k, v in context.options.items()) or "no options"
    try:
        context.open()
    except (av.FFmpegError, ValueError) as error:
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
        return f"it takes only even sizes in {form.name}: choose yuv444p, or libsvtav1"
    return "change its options or choose another codec"


def as_picture(frame: Frame, stored: Stored, converter: VideoReformatter) -> VideoFrame:
    """The frame for the encoder, without times. Raises OutputError if it differs."""
    if frame.layout != stored.layout:
        raise OutputError(
            f"frame {frame.index} is {frame.layout.name}, not {stored.layout.name}"
        )
    if frame.layout.family is Family.GRAY and not _is_gray(stored.pix_fmt):
        frame = _coloured(frame)
    picture = picture_of(frame)
    if stored.pix_fmt != frame.layout.name or stored.tags.range != frame.tags.range:
        picture = _converted(picture, frame.tags, stored, converter)
    set_tags(picture, stored.tags)
    return picture


def _is_gray(name: str) -> bool:
    return len(av.VideoFormat(name).components) == 1


def _coloured(frame: Frame) -> Frame:
    """The grey frame as 4:2:0 without colour; swscale would stretch its range."""
    depth = frame.layout.depth
    layout = delivered_layout("yuv420p" + ("" if depth == 8 else f"{depth}le"))
    luma = frame.planes[0]
    chroma = layout.plane_sizes(frame.size)[1]
    middle = 1 << (depth - 1)
    neutral = np.full((chroma.height, chroma.width), middle, luma.dtype)
    return replace(frame, layout=layout, planes=(luma, neutral, neutral))


def _converted(
    picture: VideoFrame, tags: ColourTags, stored: Stored, converter: VideoReformatter
) -> VideoFrame:
    if picture.format.name == stored.pix_fmt and not (tags.range and stored.tags.range):
        return picture  # one of them is untagged: there is nothing to convert between
    set_tags(picture, tags)
    rgb = picture.format.is_rgb
    here = tags.range or (_FULL if rgb else _LIMITED)
    return converter.reformat(
        picture,
        format=stored.pix_fmt,
        dst_colorspace=_BT709 if rgb else None,
        src_color_range=here,
        dst_color_range=stored.tags.range or here,
    )
