"""HDR metadata of a decoded picture: mastering display and content light level.

The layouts are FFmpeg's `AVMasteringDisplayMetadata` and `AVContentLightMetadata`.
"""

import struct
from fractions import Fraction
from typing import Any

from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame

from videnhance.frame import Light, Mastering

__all__ = ["has_moving_light", "light_of"]

_HDR_TRANSFERS = (16, 18)
"""PQ (SMPTE ST 2084) and HLG (ARIB STD-B67)."""
_MASTERING = struct.Struct("=22i")
_CONTENT = struct.Struct("=2I")
_MOVING = (Type.DYNAMIC_HDR_PLUS, Type.DOVI_METADATA, Type.DOVI_RPU_BUFFER)


def light_of(picture: VideoFrame) -> Light | None:
    """The static HDR metadata of a picture; None if it has none."""
    mastering = _mastering(_bytes(picture, Type.MASTERING_DISPLAY_METADATA))
    content = _bytes(picture, Type.CONTENT_LIGHT_LEVEL)
    levels = _CONTENT.unpack_from(content) if len(content) >= _CONTENT.size else None
    if mastering is None and levels is None:
        return None
    cll, fall = levels or (None, None)
    return Light(mastering, cll, fall)


def has_moving_light(picture: VideoFrame) -> bool:
    """Whether the picture has metadata that changes by the scene (HDR10+, Dolby)."""
    return any(_bytes(picture, kind) for kind in _MOVING)


def _bytes(picture: VideoFrame, kind: Type) -> bytes:
    # PyAV fails, and may crash, on side data that it has no name for, like EXIF. Only
    # pictures that say they are HDR are looked at, which photos hardly ever do.
    if int(picture.color_trc) not in _HDR_TRANSFERS:
        return b""
    try:
        side_data: Any = picture.side_data
        return bytes(side_data[kind])
    except (KeyError, ValueError):
        return b""


def _mastering(data: bytes) -> Mastering | None:
    if len(data) < _MASTERING.size:
        return None
    numbers = _MASTERING.unpack_from(data)
    has_primaries, has_luminance = numbers[20:]
    values = [
        Fraction(over, under) if under else Fraction(0)
        for over, under in zip(numbers[:20:2], numbers[1:20:2], strict=True)
    ]
    if not has_primaries and not has_luminance:
        return None
    red, green, blue, white = [*zip(values[:8:2], values[1:8:2], strict=True)]
    dark, bright = values[8:]
    return Mastering(
        red=red if has_primaries else None,
        green=green if has_primaries else None,
        blue=blue if has_primaries else None,
        white=white if has_primaries else None,
        min_luminance=dark if has_luminance else None,
        max_luminance=bright if has_luminance else None,
    )
