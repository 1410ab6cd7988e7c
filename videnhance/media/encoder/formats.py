"""Finds the pixel formats and the sizes that an encoder takes.

It is given the frames' own format, or the nearest that it has. Its sizes are found by
asking it: they differ by its version.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import cache

import av
from av.codec.codec import find_best_pix_fmt_of_list
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext

from videnhance.errors import UsageError, printable
from videnhance.frame import Family, Layout
from videnhance.frame.geometry import LONGEST_SIDE, Size
from videnhance.media.containers import container_named
from videnhance.media.encoder.encoding import (
    SOURCE_FORMAT,
    is_hardware,
    quietened,
    software_for,
    video_encoder,
)
from videnhance.media.layout import (
    chroma_shift,
    delivered_layout,
    has_alpha,
    is_full_range_name,
    is_pixel_format,
)
from videnhance.system.throttle import without_realtime

__all__ = ["check_side", "even_size", "size_advice", "stored_format", "takes"]

_UNSEEN_ALPHA = ("libx265",)
"""Takes opacity, but writes a second layer that few decoders know."""
_ALPHA_BESIDE = ("libvpx", "libvpx-vp9")
"""Opacity is a second stream beside each packet, which few containers hold."""
_NOT_OPENED = {"libvpx-vp9": ("yuva422p", "yuva444p", "gbrap")}
"""Formats that an encoder lists, and does not open with."""

_USUAL = Size(64, 64)
"""That every encoder takes which takes more than one size."""
_LONGEST = (1 << 16) - 2
"""Beyond it, some encoders see a length of 16 bits, which is a short one again."""
_FULL = 2
_OTHERS = ("libx265", "libvpx-vp9", "prores_ks", "ffv1")
"""Encoders that go beyond 16384 pixels, the better known ones first."""


def stored_format(
    layout: Layout, codec: str, *, wanted: str | None, container: str = ""
) -> tuple[str, str | None]:
    """The pixel format to encode in, and a notice if it holds less than `layout`.

    Raises UsageError if the codec does not encode, or does not take `wanted`.
    """
    supported = _encoder_formats(codec)
    if wanted not in (None, SOURCE_FORMAT):
        name = _chosen(wanted, codec, supported=supported)
        _check_beside(name, codec, container=container)
        return name, _alpha_notice(layout, name, codec=codec, container=container)
    if codec == "gif":  # its other formats are fixed palettes, without a hidden colour
        hidden = ", and opacity as all or nothing" if layout.alpha else ""
        return "pal8", f"gif stores 256 colours a picture{hidden}"
    needed = layout if _keeps_alpha(codec, container) else layout.opaque
    if not supported or needed.name in supported:
        return needed.name, _alpha_notice(
            layout, needed.name, codec=codec, container=container
        )
    best, _ = find_best_pix_fmt_of_list(
        _candidates(supported, needed, codec=codec),
        _sought(needed),
        has_alpha=needed.alpha,
    )
    if best is None:
        raise UsageError(f"{codec} cannot store {needed.name}: choose another codec")
    losses = [
        _alpha_notice(layout, best.name, codec=codec, container=container),
        _storage_notice(needed, best, codec=codec),
    ]
    return best.name, "; ".join(words for words in losses if words) or None


def _sought(layout: Layout) -> str:
    """What to come near to: grey is stored as 4:2:0 without colour, if not as grey."""
    if layout.family is not Family.GRAY:
        return layout.name
    return layout.name.replace("gray", "yuv420p")


def _candidates(
    supported: tuple[str, ...], layout: Layout, *, codec: str
) -> tuple[str, ...]:
    """The formats of the layout's kind, if there are any; palettes come last."""
    forms = [av.VideoFormat(n) for n in supported]
    forms = [form for form in forms if not form.has_palette] or forms
    forms = [f for f in forms if has_alpha(f.name) == layout.alpha] or forms
    # Hardware takes RGB only to make it into 4:2:0 itself.
    if layout.family is Family.GRAY or is_hardware(codec):
        rgb = layout.family is Family.RGB
        forms = [form for form in forms if form.is_rgb == rgb] or forms
    return tuple(form.name for form in forms)


@cache
def _encoder_formats(codec: str) -> tuple[str, ...]:
    """The formats that an encoder takes; empty if it takes any."""
    names = [f.name for f in video_encoder(codec).video_formats or ()]
    # The range travels as a tag, so the yuvj names are only duplicates of yuv.
    kept = [
        n
        for n in names
        if not is_full_range_name(n)
        and av.VideoFormat(n).components
        and n not in _NOT_OPENED.get(codec, ())
    ]
    if names and not kept:
        raise UsageError(
            f"{codec} takes only pictures that lie in its device's memory: "
            f"use -c {software_for(codec)}"
        )
    return tuple(kept)


def _keeps_alpha(codec: str, container: str) -> bool:
    """Whether opacity given to this encoder can be read again from the container."""
    if codec in _UNSEEN_ALPHA or is_hardware(codec):
        return False
    beside = codec in _ALPHA_BESIDE and container
    return not beside or container_named(container).opacity_beside


def _check_beside(name: str, codec: str, *, container: str) -> None:
    if (
        has_alpha(name)
        and codec in _ALPHA_BESIDE
        and not _keeps_alpha(codec, container)
    ):
        raise UsageError(
            f"{container} does not hold what {codec} makes of {name}: "
            "choose an output named .webm, or another --pix-fmt"
        )


def _alpha_notice(
    layout: Layout, name: str, *, codec: str, container: str
) -> str | None:
    if not layout.alpha or (has_alpha(name) and _keeps_alpha(codec, container)):
        return None
    if has_alpha(name) and codec in _UNSEEN_ALPHA:
        return f"{codec} stores transparency in a second layer, which few players know"
    able = any(has_alpha(n) for n in _encoder_formats(codec))
    beside = able and codec in _ALPHA_BESIDE
    why = f"{codec} stores none" + (f" in {container}" if beside and container else "")
    return (
        "transparency, where there is any, is left out and pictures lie on black: "
        f"{why}; use -c prores_ks in .mov, -c libvpx-vp9 in .webm or -c ffv1 in .mkv"
    )


def _chosen(wanted: str, codec: str, *, supported: tuple[str, ...]) -> str:
    plain = wanted.replace("yuvj", "yuv") if is_full_range_name(wanted) else wanted
    if not is_pixel_format(plain):
        raise UsageError(f"{printable(wanted)} is not the name of a pixel format")
    if supported and plain not in supported:
        raise UsageError(
            f"{codec} does not take {plain}: choose one of {', '.join(supported)}"
        )
    return plain


def _storage_notice(layout: Layout, best: av.VideoFormat, *, codec: str) -> str | None:
    losses = []
    depth = min(part.bits for part in best.components[:3])
    if depth < layout.depth:
        losses.append(
            f"{layout.depth}-bit samples are stored as {depth}-bit: "
            f"{codec} has no {layout.depth}-bit format for them"
        )
    if layout.family is Family.RGB and not best.is_rgb:
        losses.append(f"RGB is stored as {best.name}: {codec} has no RGB format")
    elif layout.family is Family.YUV and best.is_rgb:
        losses.append(f"{layout.name} is stored as RGB: {codec} has no such format")
    elif layout.family is Family.YUV and _coarser(layout, best):
        losses.append(
            f"colour is stored in fewer samples: {layout.name} as {best.name}"
        )
    return "; ".join(losses) or None


def _coarser(layout: Layout, best: av.VideoFormat) -> bool:
    if len(best.components) < 3:
        return True
    shift = chroma_shift(best)
    return shift[0] > layout.chroma_shift[0] or shift[1] > layout.chroma_shift[1]


@cache
@without_realtime()
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


def even_size(codec: str, pix_fmt: str, *, size: Size) -> Size:
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
    codec: str, pix_fmt: str, *, size: Size, held: frozenset[str] | set[str]
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
    other = next(
        (o for o in _OTHERS if o in held and _stores(o, pix_fmt, size=size)), None
    )
    further = f"-c {other}" if other else "-c ffv1 in an output named .mkv"
    return (
        f"it takes at most {across} pixels across and {down} down: "
        f"use --size {min(across, LONGEST_SIDE)}x{min(down, LONGEST_SIDE)} or less, "
        f"or {further}"
    )


def _stores(codec: str, pix_fmt: str, *, size: Size) -> bool:
    name, _ = stored_format(delivered_layout(pix_fmt), codec, wanted=None)
    return takes(codec, name, size)


def _most(good: Callable[[int], bool]) -> int:
    """The largest even length that is good, if the usual one is."""
    low, high = _USUAL.width, _LONGEST + 2
    while high - low > 2:
        middle = (low + high) // 4 * 2
        low, high = (middle, high) if good(middle) else (low, middle)
    return low
