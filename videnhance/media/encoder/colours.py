"""What an output can say of colours: tags, found by trial, and HDR's static metadata.

A small picture is encoded in memory and read again, for no list stays true. What HDR
tells of the display and the light (SMPTE ST 2086, CTA-861.3) goes into the parameters
of the encoders that know it: they write it into the bitstream, where every container
carries it.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from videnhance.frame import ColourTags, Light, Mastering
from videnhance.frame.geometry import Size
from videnhance.media.encoder.encoding import quietened
from videnhance.media.planes import BT601_MATRICES, SCALED_MATRICES, set_tags, tags_of
from videnhance.media.source import DECODE_ERRORS
from videnhance.system.throttle import without_realtime

__all__ = ["assumed_matrix", "light_notice", "params_name", "stored_tags", "with_light"]

_UNTOLD, _LIMITED = 2, 1
_BT709, _SMPTE170M = 1, 6
_SMALL = Size(256, 160)
"""Pixels of the trial: no encoder is known that takes no picture of this size."""
_WIDEST_SD, _HIGHEST_SD = 1279, 576
_USUAL_PRIMARIES = (_UNTOLD, 1, 5, 6, 7)
_USUAL_TRANSFERS = (_UNTOLD, 1, 5, 6, 7, 13, 14, 15)
"""Those of SDR video, which players take an untagged one for."""
_MATRICES = {
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
    read = _read_again(tags, codec, pix_fmt=pix_fmt, container=container)
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
        notices += _matrix_notices(tags.matrix, read.matrix, here=here, size=size)
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


def _matrix_notices(wanted: int, read: int, *, here: str, size: Size) -> list[str]:
    if {wanted, read} <= BT601_MATRICES or wanted == _UNTOLD:
        return []
    words = _MATRICES.get(wanted, f"matrix {wanted}")
    if read != _UNTOLD and {wanted, read} <= SCALED_MATRICES:
        return [
            f"colours are converted from {words} to {_MATRICES.get(read, read)}: "
            f"{here} knows no other matrix"
        ]
    assumed = assumed_matrix(size)
    if read == _UNTOLD and _MATRICES.get(assumed) == words:
        return []
    taken = _MATRICES.get(assumed if read == _UNTOLD else read, "others")
    advice = "" if here.startswith("libx264") else "; use -c libx264 in .mp4 or .mkv"
    return [
        f"{here} cannot say that colours are {words}: players take them for "
        f"{taken}{advice}"
    ]


@cache
@without_realtime()
def _read_again(
    tags: ColourTags, codec: str, *, pix_fmt: str, container: str
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


@dataclass(frozen=True, slots=True)
class _Words:
    """How an encoder is told."""

    option: str
    """The option that holds all parameters, as `key=value` with colons between."""
    mastering: str
    level: str
    chromaticity: Callable[[Fraction], str]
    luminance: Callable[[Fraction], str]


def _decimal(value: Fraction) -> str:
    return f"{float(value):.6f}"


_H26X = (lambda xy: str(round(xy * 50_000)), lambda cd: str(round(cd * 10_000)))
_X264 = _Words("x264-params", "mastering-display", "cll", *_H26X)
_WORDS = {
    "libsvtav1": _Words(
        "svtav1-params", "mastering-display", "content-light", _decimal, _decimal
    ),
    "libx264": _X264,
    "libx264rgb": _X264,
    "libx265": _Words("x265-params", "master-display", "max-cll", *_H26X),
}


def params_name(codec: str) -> str | None:
    """The encoder's option that takes all its own parameters; None if none is known."""
    words = _WORDS.get(codec)
    return words.option if words else None


def with_light(codec: str, light: Light | None, *, given: str) -> str:
    """The encoder's parameters: those of `light`, and `given`, which win."""
    words = _WORDS[codec]
    theirs = {part.partition("=")[0].replace("_", "-") for part in given.split(":")}
    ours = _parameters(words, light) if light else {}
    kept = [f"{key}={value}" for key, value in ours.items() if key not in theirs]
    return ":".join([*kept, *([given] if given else [])])


def _parameters(words: _Words, light: Light) -> Mapping[str, str]:
    found = {}
    display = light.mastering and _display(words, light.mastering)
    if display:
        found[words.mastering] = display
    if light.max_cll is not None or light.max_fall is not None:
        found[words.level] = f"{light.max_cll or 0},{light.max_fall or 0}"
    return found


def _display(words: _Words, display: Mastering) -> str | None:
    """The display in words; None if a part of it is not known: none is made up."""
    points = {
        "G": display.green,
        "B": display.blue,
        "R": display.red,
        "WP": display.white,
    }
    parts = []
    for name, point in points.items():
        if point is None:
            return None
        parts.append(f"{name}({','.join(map(words.chromaticity, point))})")
    if display.max_luminance is None or display.min_luminance is None:
        return None
    ends = (display.max_luminance, display.min_luminance)
    return "".join([*parts, f"L({','.join(map(words.luminance, ends))})"])


def light_notice(codec: str, light: Light | None) -> str | None:
    """What of `light` an output of this encoder does not say; None if nothing."""
    if light is None:
        return None
    if codec not in _WORDS:
        return (
            f"HDR's mastering data is left out: {codec} stores none; "
            "libx265, libx264 and libsvtav1 do"
        )
    if light.mastering and not _display(_WORDS[codec], light.mastering):
        return "HDR's mastering display is left out: the source says only a part of it"
    return None
