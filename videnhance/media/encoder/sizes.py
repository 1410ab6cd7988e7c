"""The sizes that an encoder takes, found by asking it: they differ by its version."""

from collections.abc import Callable
from fractions import Fraction
from functools import cache

import av
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext

from videnhance.errors import UsageError
from videnhance.geometry import LONGEST_SIDE, Size
from videnhance.media.containers import container_named
from videnhance.media.encoder.encoding import quietened
from videnhance.media.encoder.formats import stored_format
from videnhance.media.layout import delivered_layout

__all__ = ["check_side", "even_size", "size_advice", "takes"]

_USUAL = Size(64, 64)
"""That every encoder takes which takes more than one size."""
_LONGEST = (1 << 16) - 2
"""Beyond it, some encoders see a length of 16 bits, which is a short one again."""
_FULL = 2
_OTHERS = ("libx265", "libvpx-vp9", "prores_ks", "ffv1")
"""Encoders that go beyond 16384 pixels, the better known ones first."""


@cache
def takes(codec: str, pix_fmt: str, size: Size) -> bool:
    """Whether an encoder opens for pictures of this size, by its own defaults."""
    context = CodecContext.create(codec, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = size.width, size.height
    context.pix_fmt = pix_fmt
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    context.thread_count = 1
    context.color_range = _FULL  # the only one that mjpeg opens with
    context.options = quietened({}, codec)
    try:
        context.open()
    except (av.FFmpegError, OSError, ValueError):
        return False
    return True


def even_size(codec: str, pix_fmt: str, size: Size) -> Size:
    """The size, or the next larger one of even sides if the encoder takes only that."""
    even = Size(size.width + size.width % 2, size.height + size.height % 2)
    if size == even or takes(codec, pix_fmt, size) or not takes(codec, pix_fmt, even):
        return size
    return even


def check_side(container: str, size: Size) -> None:
    """Raises UsageError for more pixels in a row than the container can name."""
    most = container_named(container).longest_side
    if most is not None and max(size.width, size.height) > most:
        raise UsageError(
            f"{container} holds at most {most} pixels across or down, not {size}: "
            f"use --size {LONGEST_SIDE}x{LONGEST_SIDE} or less, or -c ffv1 in an "
            "output named .mkv"
        )


def size_advice(
    codec: str, pix_fmt: str, size: Size, held: frozenset[str] | set[str]
) -> str | None:
    """The encoder's limits, and who goes beyond them, in words.

    None if it is not the size that it refuses. `held` are the encoders that the
    container takes.
    """
    if not takes(codec, pix_fmt, _USUAL) or takes(codec, pix_fmt, size):
        return None
    across = _most(lambda n: takes(codec, pix_fmt, Size(n, _USUAL.height)))
    down = _most(lambda n: takes(codec, pix_fmt, Size(_USUAL.width, n)))
    pairs = ((size.width, across), (size.height, down))
    if all(side <= most or most == _LONGEST for side, most in pairs):
        return None
    other = next((o for o in _OTHERS if o in held and _stores(o, pix_fmt, size)), None)
    further = f"-c {other}" if other else "-c ffv1 in an output named .mkv"
    return (
        f"it takes at most {across} pixels across and {down} down: "
        f"use --size {min(across, LONGEST_SIDE)}x{min(down, LONGEST_SIDE)} or less, "
        f"or {further}"
    )


def _stores(codec: str, pix_fmt: str, size: Size) -> bool:
    name, _ = stored_format(delivered_layout(pix_fmt), codec, None)
    return takes(codec, name, size)


def _most(good: Callable[[int], bool]) -> int:
    """The largest even length that is good, if the usual one is."""
    low, high = _USUAL.width, _LONGEST + 2
    while high - low > 2:
        middle = (low + high) // 4 * 2
        low, high = (middle, high) if good(middle) else (low, middle)
    return low
