"""The shape of a pixel, where a file tells one that can be meant."""

from fractions import Fraction

from av.video.stream import VideoStream

__all__ = ["aspect_notice", "usable_aspect"]

_MOST = 32
"""Widths of a pixel in its heights, or the other way round. Real ones are below 4, and
encoders store terms of 16 bits, which leaves little of a shape far beyond this."""


def usable_aspect(stream: VideoStream) -> Fraction | None:
    """Width of a pixel by its height; None if nothing is told, or nothing usable."""
    told = _told(stream)
    return told if told is not None and _is_usable(told) else None


def aspect_notice(stream: VideoStream) -> str | None:
    """What to say of a shape that is left out; None if none is."""
    told = _told(stream)
    if told is None or _is_usable(told):
        return None
    return f"the file says that pixels are shaped {told}: they are taken for square"


def _told(stream: VideoStream) -> Fraction | None:
    return (
        stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or None
    )


def _is_usable(aspect: Fraction) -> bool:
    return Fraction(1, _MOST) <= aspect <= _MOST
