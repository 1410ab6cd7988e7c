"""Frames turned into pictures of the format and the tags that the encoder is given."""

from dataclasses import dataclass, replace

import av
import numpy as np
from av.video.frame import VideoFrame

from videnhance.alpha import laid_on_black, revealed_planes
from videnhance.errors import OutputError
from videnhance.frame import ColourTags, Family, Frame, Layout, VideoInfo
from videnhance.video.coding.converter import Converter
from videnhance.video.coding.encoding import Encoding
from videnhance.video.coding.formats import stored_format
from videnhance.video.coding.opacity import set_opacity
from videnhance.video.layout import (
    chroma_shift,
    delivered_layout,
    has_alpha,
    opaque_layout,
)
from videnhance.video.planes import picture_of, set_tags

__all__ = ["Stored", "as_picture", "storage"]

_BT709, _LIMITED, _FULL = 1, 1, 2


@dataclass(frozen=True, slots=True)
class Stored:
    """What the encoder is given: frames of `layout` become this format, so tagged."""

    layout: Layout
    pix_fmt: str
    tags: ColourTags


def storage(
    info: VideoInfo, encoding: Encoding, notices: list[str], container: str = ""
) -> Stored:
    """The format to encode frames of `info.layout` in; what is lost goes to `notices`.

    `container` is FFmpeg's name of the muxer. Raises UsageError.
    """
    codec = encoding.codec
    name, lost = stored_format(info.layout, codec, encoding.pix_fmt, container)
    if lost:
        notices.append(lost)
    rgb = av.VideoFormat(name).is_rgb
    tags = info.tags
    if info.layout.family is Family.RGB and not rgb:
        tags = ColourTags(_LIMITED, _BT709, tags.primaries, tags.transfer)
    elif info.layout.family is not Family.RGB and rgb:
        tags = ColourTags(_FULL, 0, tags.primaries, tags.transfer)
    if codec == "mjpeg" and not tags.full:
        tags = replace(tags, range=_FULL)
        notices.append("samples are stored in the full range: mjpeg knows no other")
    return Stored(info.layout, name, tags)


def as_picture(frame: Frame, stored: Stored, converter: Converter) -> VideoFrame:
    """The frame for the encoder, without times. Raises OutputError if it differs."""
    if frame.layout != stored.layout:
        raise OutputError(
            f"frame {frame.index} is {frame.layout.name}, not {stored.layout.name}"
        )
    if frame.layout.alpha and not has_alpha(stored.pix_fmt):
        layout = opaque_layout(frame.layout)
        frame = replace(frame, layout=layout, planes=laid_on_black(frame))
    if frame.layout.family is Family.GRAY and not _is_gray(stored.pix_fmt):
        frame = _coloured(frame)
    if frame.layout.alpha and _mixes(frame.layout, stored.pix_fmt):
        frame = _revealed(frame)
    picture = picture_of(frame)
    if stored.pix_fmt != frame.layout.name or stored.tags.range != frame.tags.range:
        picture = _converted(picture, frame, stored, converter)
        if frame.layout.alpha:
            set_opacity(picture, frame.planes[-1], frame.layout.depth)
    set_tags(picture, stored.tags)
    return picture


def _mixes(layout: Layout, name: str) -> bool:
    """Whether the converter makes samples of a format from several of a layout."""
    return chroma_shift(av.VideoFormat(name)) != layout.chroma_shift


def _revealed(frame: Frame) -> Frame:
    """The frame with hidden colours filled: they must not mix into visible ones."""
    colours = len(frame.planes) - 1
    return frame.with_planes((*revealed_planes(frame, colours), frame.planes[-1]))


def _is_gray(name: str) -> bool:
    form = av.VideoFormat(name)
    return len(form.components) == 1 and not form.has_palette


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
    picture: VideoFrame, frame: Frame, stored: Stored, converter: Converter
) -> VideoFrame:
    tags = frame.tags
    if picture.format.name == stored.pix_fmt and not (tags.range and stored.tags.range):
        return picture  # one of them is untagged: there is nothing to convert between
    set_tags(picture, tags)
    here = tags.range or (_FULL if picture.format.is_rgb else _LIMITED)
    ranges = here, stored.tags.range or here
    return converter(picture, stored.pix_fmt, ranges, centred=frame.layout.centred)
