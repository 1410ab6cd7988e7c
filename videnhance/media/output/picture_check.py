"""Compares the pictures of a finished file with the planned: size, format, colours."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av.video.frame import VideoFrame

from videnhance.errors import counted
from videnhance.frame import ColourTags, Light, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.containers import Container, container_named
from videnhance.media.encoder.colours import light_notice
from videnhance.media.encoder.encoding import video_encoder
from videnhance.media.encoder.storage import Stored
from videnhance.media.layout import chroma_shift, has_alpha
from videnhance.media.output.readback import ReadBack
from videnhance.media.planes import tags_of
from videnhance.media.reader.side_data import light_of

__all__ = [
    "PlannedPicture",
    "keeps_aspect",
    "picture_differences",
    "planned_picture",
    "tells_colour",
]

_TAGGED_CODECS = ("av1", "h264", "hevc")
"""Their bitstreams tell range, matrix, primaries and transfer in any container."""
_TAGGED_BY_MATROSKA = ("ffv1", "ffvhuff", "huffyuv", "utvideo", "vp9")
"""Others have tags of their own, whatever the container says: VP8 and JPEG do."""
_SHAPED_CODECS = ("h264", "hevc", "mpeg4")
"""Their bitstreams tell the shape of a pixel in any container."""
_FORMATTED_CODECS = ("av1", "ffv1", "h264", "hevc", "vp9")
"""Are decoded to the very format that was encoded, by name or by another one for it."""
_UNTAGGED = (0, 2)
_NEARLY = Fraction(1, 100)
"""Containers store a pixel's shape in small terms, or as a size to show."""


@dataclass(frozen=True, slots=True)
class PlannedPicture:
    """How the pictures of a file are stored and shown."""

    size: Size
    pix_fmt: str
    """FFmpeg's name of the format that the encoder is given."""
    tags: ColourTags
    aspect: Fraction | None = None
    """Shape of a pixel; None if nothing is said."""
    rotation_degrees: int = 0
    """Clockwise."""
    mirrored: bool = False
    light: Light | None = None
    """HDR's static metadata, where the encoder writes it."""


def planned_picture(
    info: VideoInfo, size: Size, *, codec: str, stored: Stored
) -> PlannedPicture:
    """How pictures of `size` look that this encoder (FFmpeg's name) is given."""
    whole = light_notice(codec, info.light) is None
    return PlannedPicture(
        size=size,
        pix_fmt=stored.pix_fmt,
        tags=stored.tags,
        aspect=info.sample_aspect_ratio,
        rotation_degrees=info.rotation_degrees,
        mirrored=info.mirrored,
        light=info.light if whole else None,
    )


def keeps_aspect(container: str, encoder: str) -> bool:
    """Whether a file made by this encoder says what shape its pixels have.

    Raises UsageError for an encoder that there is not.
    """
    codec = video_encoder(encoder).canonical_name
    return container_named(container).aspect or codec in _SHAPED_CODECS


def picture_differences(
    planned: PlannedPicture, found: ReadBack, *, row: Container
) -> Iterator[str]:
    """What a reader sees otherwise than planned, in words."""
    picture = found.picture
    if picture is not None:
        size = Size(picture.width, picture.height)
        if size != planned.size:
            yield f"frames are {size}, not {planned.size}"
        yield from _format_differences(planned, found, picture=picture)
        if tells_colour(found.video.codec, row):
            yield from _tag_differences(planned, picture)
        yield from _light_differences(planned.light, light_of(picture))
    shaped = row.aspect or found.video.codec in _SHAPED_CODECS
    before, after = planned.aspect or Fraction(1), found.aspect or Fraction(1)
    if shaped and abs(after / before - 1) > _NEARLY:
        yield f"pixels are shaped {after}, not {before}"
    turn, wanted = round(-(found.turn or 0)) % 360, planned.rotation_degrees
    if row.rotation and not planned.mirrored and turn != wanted:
        yield f"it is turned by {counted(turn, 'degree')}, not {wanted}"


def tells_colour(codec: str, row: Container) -> bool:
    """Whether range, matrix, primaries and transfer can be read back."""
    return codec in _TAGGED_CODECS or (row.colour and codec in _TAGGED_BY_MATROSKA)


def _format_differences(
    planned: PlannedPicture, found: ReadBack, *, picture: VideoFrame
) -> Iterator[str]:
    if found.video.codec not in _FORMATTED_CODECS:
        return
    wanted, got = av.VideoFormat(planned.pix_fmt), picture.format
    # Decoders give grey as 4:2:0, with colour that is none.
    grey = len(wanted.components) == 1 and not got.is_rgb
    same = _depth(wanted) == _depth(got) if grey else _kind(wanted) == _kind(got)
    if not same:
        yield f"samples are {got.name}, not {wanted.name}"
    if has_alpha(planned.pix_fmt) and not (has_alpha(got.name) or found.has_opacity):
        yield "its opacity is gone"


def _kind(form: av.VideoFormat) -> tuple[bool, int, tuple[int, int]]:
    """Whether it is RGB, its bits, and how often chroma is halved."""
    shift = (0, 0) if form.is_rgb or len(form.components) < 3 else chroma_shift(form)
    return form.is_rgb, _depth(form), shift


def _depth(form: av.VideoFormat) -> int:
    return form.components[0].bits


def _tag_differences(planned: PlannedPicture, picture: VideoFrame) -> Iterator[str]:
    if picture.format.is_rgb:
        return  # has no matrix, and its range goes without saying
    wanted, got = planned.tags, tags_of(picture)
    if wanted.full != got.full:  # an encoder may leave out the limited range
        words = ("limited", "full")
        yield f"the range is {words[got.full]}, not {words[wanted.full]}"
    pairs = [
        ("matrix", wanted.matrix, got.matrix),
        ("primaries", wanted.primaries, got.primaries),
        ("transfer", wanted.transfer, got.transfer),
    ]
    for what, before, after in pairs:
        if before != after and before not in _UNTAGGED:
            yield f"the tag of the {what} is {after}, not {before}"


def _light_differences(wanted: Light | None, got: Light | None) -> Iterator[str]:
    if wanted is None:
        return
    if got is None:
        yield "HDR's mastering data is gone"
        return
    if wanted.mastering is not None and got.mastering is None:
        yield "HDR's mastering display is gone"
    levels = (wanted.max_cll or 0, wanted.max_fall or 0)
    read = (got.max_cll or 0, got.max_fall or 0)
    if levels != read:
        yield f"HDR's light level is {read[0]}, {read[1]}, not {levels[0]}, {levels[1]}"
