"""Chooses the format and tags that frames are stored with, and makes such pictures.

To people, mp4 and mov mean a video that every player shows: browsers, phones and TVs
decode 4:2:0 alone, H.264 of 8 bits, HEVC of 8 and 10 bits.
"""

from dataclasses import dataclass, replace
from functools import partial

import av
import numpy as np
from av.video.frame import VideoFrame

from videnhance.errors import OutputError
from videnhance.frame import ColourTags, Family, Frame, Layout, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.containers import container_named
from videnhance.media.encoder.colours import assumed_matrix, stored_tags
from videnhance.media.encoder.converter import Converter, Way, set_opacity
from videnhance.media.encoder.encoding import Encoding, video_encoder
from videnhance.media.encoder.formats import stored_format
from videnhance.media.layout import chroma_shift, delivered_layout, has_alpha
from videnhance.media.planes import (
    BT601_MATRICES,
    SCALED_MATRICES,
    picture_of,
    set_tags,
)
from videnhance.pipeline.alpha import laid_on_black, revealed_planes

__all__ = ["Stored", "as_picture", "playable", "storage"]

_BT709, _UNTOLD, _LIMITED, _FULL = 1, 2, 1, 2
_DEPTHS = {"h264": 8, "hevc": 10}
"""Bits a sample that players know, by FFmpeg's name of the codec."""
_HDR = (16, 18)
"""FFmpeg's numbers of the transfers PQ and HLG: in 8 bits they show bands."""
_HDR_CODEC = "libx265"
_RGB_CODEC = "libx264rgb"


@dataclass(frozen=True, slots=True)
class Stored:
    """What the encoder is given: frames of `layout` become this format, so tagged."""

    layout: Layout
    pix_fmt: str
    tags: ColourTags


def playable(
    encoding: Encoding, info: VideoInfo, *, container: str
) -> tuple[Encoding, str | None]:
    """The encoding as `container` (FFmpeg's name) promises it, and a notice of changes.

    Who names a pixel format, a profile or an encoder for other uses gets it as it is.
    """
    if not container_named(container).plays_everywhere or _knows_better(encoding):
        return encoding, None
    chosen, layout = _encoder(encoding, info), info.layout.opaque
    codec = video_encoder(chosen.codec).canonical_name
    if codec not in _DEPTHS:
        return encoding, None
    depth = _player_depth(codec, info)
    wanted = delivered_layout("yuv420p" if depth == 8 else f"yuv420p{depth}le")
    words = []
    if layout.name != wanted.name:
        name, _ = stored_format(wanted, chosen.codec, wanted=None)
        words = _losses(layout, name, plays=depth <= _DEPTHS[codec])
        chosen = replace(chosen, pix_fmt=name)
    if chosen.codec != encoding.codec:
        words.insert(0, f"HDR is encoded by {chosen.codec}: {_few(encoding, 10)}")
    elif depth > _DEPTHS[codec]:
        words.append(f"{_few(encoding, depth)}; -c {_HDR_CODEC} is known to more")
    elif depth < min(layout.depth, _DEPTHS["hevc"]):
        words.append(f"-c {_HDR_CODEC} keeps {_DEPTHS['hevc']} bits")
    return chosen, "; ".join(words) or None


def _few(encoding: Encoding, depth: int) -> str:
    return f"few players show the {depth} bits of {encoding.codec}"


def _knows_better(encoding: Encoding) -> bool:
    """Whether the user asks for what only some players show."""
    options = encoding.options
    lossless = encoding.codec == "libx264" and (
        "0" in (str(encoding.crf), options.get("crf"), options.get("qp"))
    )
    named = encoding.pix_fmt is not None or "profile" in options
    return named or lossless or encoding.codec == _RGB_CODEC


def _encoder(encoding: Encoding, info: VideoInfo) -> Encoding:
    """The encoding with a codec that has 10 bits in players, if HDR needs them."""
    # Options of the encoder are those of the one that is the default.
    free = encoding.by_default and not encoding.options
    if not free or not _is_deep_hdr(info) or _HDR_CODEC not in av.codecs_available:
        return encoding
    return replace(encoding, codec=_HDR_CODEC)


def _is_deep_hdr(info: VideoInfo) -> bool:
    return info.tags.transfer in _HDR and info.layout.depth > _DEPTHS["h264"]


def _player_depth(codec: str, info: VideoInfo) -> int:
    if info.layout.depth == 8:
        return 8
    return _DEPTHS["hevc"] if _is_deep_hdr(info) else _DEPTHS[codec]


def _losses(layout: Layout, name: str, *, plays: bool) -> list[str]:
    """That samples become fewer or shorter; grey loses nothing as 4:2:0."""
    form = av.VideoFormat(name)
    bits = form.components[0].bits
    pairs = zip(chroma_shift(form), layout.chroma_shift, strict=True)
    coarser = any(after > before for after, before in pairs)
    if bits >= layout.depth and (layout.family is Family.GRAY or not coarser):
        return []
    kind = "RGB" if layout.family is Family.RGB else layout.name
    depth = f", {layout.depth} bits as {bits}" if bits < layout.depth else ""
    why = ", which plays everywhere" if plays else ""
    return [f"{kind} is stored as {name}{depth}{why}; --pix-fmt source keeps more"]


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
    name, lost = stored_format(
        info.layout, codec, wanted=encoding.pix_fmt, container=container
    )
    if lost:
        notices.append(lost)
    rgb = av.VideoFormat(name).is_rgb
    tags, size = info.tags, size or info.size
    tagged = partial(stored_tags, encoding.codec, name, container, size)
    if info.layout.family is Family.RGB and not rgb:
        # Where no matrix can be told, it is the one that players will take it for.
        matrix = tagged(ColourTags(_LIMITED, _BT709))[0].matrix if container else _BT709
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
            tags = _kept_in_size(tags, info.size, after=size, notices=notices)
        kept, changed = tagged(tags)
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
    tags: ColourTags, before: Size, *, after: Size, notices: list[str]
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


def as_picture(frame: Frame, stored: Stored, *, converter: Converter) -> VideoFrame:
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
        picture = _converted(picture, frame, stored=stored, converter=converter)
        if frame.layout.alpha:
            set_opacity(picture, frame.planes[-1], depth=frame.layout.depth)
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
    picture: VideoFrame, frame: Frame, *, stored: Stored, converter: Converter
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
