"""Finds by trial what a codec in a container can say of colours.

A small picture is encoded in memory and read again, for no list stays true.
"""

import io
from dataclasses import replace
from fractions import Fraction
from functools import cache

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from videnhance.frame import ColourTags
from videnhance.geometry import Size
from videnhance.media.encoder.encoding import quietened
from videnhance.media.planes import BT601_MATRICES, SCALED_MATRICES, set_tags, tags_of
from videnhance.media.source import DECODE_ERRORS

__all__ = ["assumed_matrix", "stored_tags"]

_UNTOLD, _LIMITED = 2, 1
_BT709, _SMPTE170M = 1, 6
_SMALL = Size(256, 160)
"""Pixels of the trial: no encoder is known that takes no picture of this size."""
_WIDEST_SD, _HIGHEST_SD = 1279, 576
_USUAL_PRIMARIES = (_UNTOLD, 1, 5, 6, 7)
_USUAL_TRANSFERS = (_UNTOLD, 1, 5, 6, 7, 13, 14, 15)
"""Those of SDR video, which players take an untagged one for."""
_WORDS = {
    **dict.fromkeys(BT601_MATRICES, "BT.601"),
    1: "BT.709",
    4: "FCC",
    7: "SMPTE 240M",
    8: "YCgCo",
    9: "BT.2020",
    10: "BT.2020",
    14: "ICtCp",
    15: "IPT-C2",
    16: "YCgCo-R",
    17: "YCgCo-R",
}


def assumed_matrix(size: Size) -> int:
    """The matrix that players (mpv, Chromium, QuickTime) take an untagged video for."""
    small = size.width <= _WIDEST_SD and size.height <= _HIGHEST_SD
    return _SMPTE170M if small else _BT709


def stored_tags(
    codec: str, pix_fmt: str, container: str, size: Size, tags: ColourTags
) -> tuple[ColourTags, list[str]]:
    """The tags that frames so tagged are stored with, and what that changes, in words.

    Frames are converted to the range and matrix of the result where they differ.
    """
    read = _read_again(tags, codec, pix_fmt, container)
    if read is None:
        return tags, []
    here = f"{codec} in {container}" if container else codec
    notices = []
    if tags.full and not read.full:
        notices.append(
            f"samples are converted from the full to the limited range: {here} cannot "
            "say that they are full"
        )
        tags = replace(tags, range=_LIMITED)
    if read.matrix != tags.matrix:
        notices += _matrix_notices(tags.matrix, read.matrix, here, size)
    lost = []
    if read.primaries != tags.primaries and tags.primaries not in _USUAL_PRIMARIES:
        lost.append(f"primaries {tags.primaries}")
    if read.transfer != tags.transfer and tags.transfer not in _USUAL_TRANSFERS:
        lost.append(f"transfer {tags.transfer}")
    if lost:
        notices.append(
            f"{here} cannot say how colours are meant ({', '.join(lost)}): players "
            "show others; use -c libx265 in .mp4 or .mkv"
        )
    return replace(read, range=tags.range), notices


def _matrix_notices(wanted: int, read: int, here: str, size: Size) -> list[str]:
    if {wanted, read} <= BT601_MATRICES or wanted == _UNTOLD:
        return []
    words = _WORDS.get(wanted, f"matrix {wanted}")
    if read != _UNTOLD and {wanted, read} <= SCALED_MATRICES:
        return [
            f"colours are converted from {words} to {_WORDS.get(read, read)}: "
            f"{here} knows no other matrix"
        ]
    assumed = assumed_matrix(size)
    if read == _UNTOLD and _WORDS.get(assumed) == words:
        return []
    taken = _WORDS.get(assumed if read == _UNTOLD else read, "others")
    advice = "" if here.startswith("libx264") else "; use -c libx264 in .mp4 or .mkv"
    return [
        f"{here} cannot say that colours are {words}: players take them for "
        f"{taken}{advice}"
    ]


@cache
def _read_again(
    tags: ColourTags, codec: str, pix_fmt: str, container: str
) -> ColourTags | None:
    """The tags of a picture that was so tagged, as read; None if it does not open."""
    file = io.BytesIO()
    try:
        with av.open(file, "w", format=container or "nut") as out:
            stream = out.add_stream(codec, rate=Fraction(25))
            assert isinstance(stream, VideoStream)
            context = stream.codec_context
            context.width, context.height = _SMALL.width, _SMALL.height
            context.pix_fmt, context.time_base = pix_fmt, Fraction(1, 25)
            context.options = quietened({}, codec)
            set_tags(context, tags)
            picture = VideoFrame(_SMALL.width, _SMALL.height, pix_fmt)
            set_tags(picture, tags)
            picture.pts = 0
            for packet in [*stream.encode(picture), *stream.encode(None)]:
                packet.dts = packet.pts
                out.mux(packet)
        file.seek(0)
        with av.open(file, "r") as made:
            return tags_of(next(made.decode(video=0)))
    except (*DECODE_ERRORS, IndexError, StopIteration):
        return None
