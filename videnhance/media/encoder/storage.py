"""Frames turned into pictures of the format and the tags that the encoder is given."""

from dataclasses import dataclass, replace
from functools import partial

import av
import numpy as np
from av.video.frame import VideoFrame

from videnhance.errors import OutputError
from videnhance.frame import ColourTags, Family, Frame, Layout, VideoInfo
from videnhance.geometry import Size
from videnhance.media.encoder.colours import assumed_matrix, told_colours
from videnhance.media.encoder.converter import Converter, Way, set_opacity
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.encoder.formats import stored_format
from videnhance.media.layout import chroma_shift, delivered_layout, has_alpha
from videnhance.media.planes import (
    BT601_MATRICES,
    SCALED_MATRICES,
    picture_of,
    set_tags,
)
from videnhance.pipeline.alpha import laid_on_black, revealed_planes

__all__ = ["Stored", "as_picture", "storage"]

_BT709, _UNTOLD, _LIMITED, _FULL = 1, 2, 1, 2


@dataclass(frozen=True, slots=True)
class Stored:
    """What the encoder is given: frames of `layout` become this format, so tagged."""

    layout: Layout
    pix_fmt: str
    tags: ColourTags


def storage(
    info: VideoInfo,
    encoding: Encoding,
    notices: list[str],
    container: str = "",
    *,
    size: Size | None = None,
) -> Stored:
    """The format to encode frames of `info.layout` in; what is lost goes to `notices`.

    `container` is FFmpeg's name of the muxer, none for samples without one; `size` is
    the output's, if it is not the source's. Raises UsageError.
    """
    codec = encoding.codec
    name, lost = stored_format(info.layout, codec, encoding.pix_fmt, container)
    if lost:
        notices.append(lost)
    rgb = av.VideoFormat(name).is_rgb
    tags, size = info.tags, size or info.size
    told = partial(told_colours, encoding.codec, name, container, size)
    if info.layout.family is Family.RGB and not rgb:
        # Where no matrix can be told, it is the one that players will take it for.
        matrix = told(ColourTags(_LIMITED, _BT709))[0].matrix if container else _BT709
        matrix = assumed_matrix(size) if matrix == _UNTOLD else matrix
        tags = ColourTags(_LIMITED, matrix, tags.primaries, tags.transfer)
    elif info.layout.family is not Family.RGB and rgb:
        tags = _as_rgb(tags, notices)
    elif info.layout.family is Family.GRAY and not tags.matrix:
        # Grey pictures may come as RGB's kind; with chroma it would be green.
        tags = replace(tags, matrix=_UNTOLD)
    if codec == "mjpeg" and not tags.full:
        tags = replace(tags, range=_FULL)
        notices.append("samples are stored in the full range: mjpeg knows no other")
    palette = av.VideoFormat(name).has_palette
    if container and not rgb | palette and info.layout.family is not Family.GRAY:
        if info.layout.family is Family.YUV:
            tags = _kept_in_size(tags, info.size, size, notices)
        kept, changed = told(tags)
        notices += changed
        from_rgb = info.layout.family is Family.RGB
        tags = replace(kept, matrix=tags.matrix) if from_rgb else kept
    return Stored(info.layout, name, tags)


def _as_rgb(tags: ColourTags, notices: list[str]) -> ColourTags:
    if tags.matrix not in (_UNTOLD, *SCALED_MATRICES):
        notices.append(
            f"RGB is made as if colours were BT.601: their matrix, {tags.matrix}, "
            "cannot be computed"
        )
    return ColourTags(_FULL, 0, tags.primaries, tags.transfer)


def _kept_in_size(
    tags: ColourTags, before: Size, after: Size, notices: list[str]
) -> ColourTags:
    """The tags with a matrix, where players would take the new size for another."""
    matrix = assumed_matrix(before)
    if tags.matrix != _UNTOLD or matrix == assumed_matrix(after):
        return tags
    words = {_BT709: ("BT.709", "BT.601")}.get(matrix, ("BT.601", "BT.709"))
    notices.append(
        f"colours are tagged {words[0]}, for which players take an untagged video of "
        f"{before}: of {after} they would take it for {words[1]}"
    )
    return replace(tags, matrix=matrix)


def as_picture(frame: Frame, stored: Stored, converter: Converter) -> VideoFrame:
    """The frame for the encoder, without times. Raises OutputError if it differs."""
    opaque = not has_alpha(stored.pix_fmt)
    if frame.layout not in (stored.layout, stored.layout.opaque if opaque else None):
        raise OutputError(
            f"frame {frame.index} is {frame.layout.name}, not {stored.layout.name}"
        )
    if opaque:
        frame = laid_on_black(frame)
    if frame.layout.family is Family.GRAY and not _is_gray(stored.pix_fmt):
        frame = _coloured(frame)
    if frame.layout.alpha and _mixes(frame.layout, stored.pix_fmt):
        frame = _revealed(frame)
    picture = picture_of(frame)
    rgb = picture.format.is_rgb
    if (
        stored.pix_fmt != frame.layout.name
        or _range(frame.tags, rgb) != _range(stored.tags, rgb)
        or _changes_matrix(frame.tags, stored.tags)
    ):
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
    rgb = picture.format.is_rgb
    ranges = (
        _range(frame.tags, rgb),
        _range(stored.tags, av.VideoFormat(stored.pix_fmt).is_rgb),
    )
    if rgb:
        matrices = 0, stored.tags.matrix or _BT709
    elif _changes_matrix(frame.tags, stored.tags):
        matrices = frame.tags.matrix, stored.tags.matrix
    else:  # swscale refuses others, needed or not
        known = frame.tags.matrix in SCALED_MATRICES
        matrices = (frame.tags.matrix if known else _UNTOLD,) * 2
    way = Way(ranges, matrices, centred=frame.layout.centred)
    return converter(picture, stored.pix_fmt, way)


def _range(tags: ColourTags, rgb: bool) -> int:
    """The range that samples are in: what is untagged is taken as players take it."""
    return tags.range or (_FULL if rgb else _LIMITED)


def _changes_matrix(before: ColourTags, after: ColourTags) -> bool:
    pair = {before.matrix, after.matrix}
    return len(pair) > 1 and pair <= SCALED_MATRICES and not pair <= BT601_MATRICES
