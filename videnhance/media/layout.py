"""Pixel formats: what is delivered as it is, what the others become.

A native format has one component a plane, 8 to 16 bits, little endian; opacity, if any,
is the last plane.
"""

from functools import cache

import av
from av.codec.codec import find_best_pix_fmt_of_list

from videnhance.errors import UsageError, printable
from videnhance.frame import Family, Layout

__all__ = [
    "chroma_shift",
    "delivered_layout",
    "delivery_notice",
    "has_alpha",
    "is_full_range_name",
    "is_pixel_format",
    "native_layout",
]

_NAMES: frozenset[str] = frozenset(vars(av.video.format)["names"])
"""All of FFmpeg's; the stubs do not show them."""
_NO_INTEGERS = ("f16", "f32", "msb")
"""Floats, and samples that do not start at the lowest bit."""


def is_full_range_name(name: str) -> bool:
    """Whether the format's very name says full range (`yuvj420p` and its like)."""
    return name.startswith("yuvj")


@cache
def native_layout(name: str) -> Layout | None:
    """The layout of a format that is delivered plane by plane; None for any other."""
    name = name.replace("yuvj", "yuv") if is_full_range_name(name) else name
    form = av.VideoFormat(name)
    parts = form.components
    if form.is_big_endian or form.has_palette or form.is_bit_stream or form.is_bayer:
        return None
    if len(parts) not in (1, 3, 4) or len({p.plane for p in parts}) != len(parts):
        return None
    alpha = parts[-1].is_alpha
    if len(parts) == 4 and not alpha:
        return None
    depths = {part.bits for part in parts}
    if len(depths) != 1 or any(word in name for word in _NO_INTEGERS):
        return None
    depth = depths.pop()
    if not 8 <= depth <= 16:
        return None
    if len(parts) == 1:
        return Layout(name, Family.GRAY, depth)
    if form.is_rgb:
        return Layout(name, Family.RGB, depth, alpha=alpha)
    return Layout(name, Family.YUV, depth, chroma_shift(form), alpha)


def chroma_shift(form: av.VideoFormat) -> tuple[int, int]:
    """How often chroma is halved across and down."""
    whole = 256
    across = whole // form.chroma_width(whole)
    down = whole // form.chroma_height(whole)
    return across.bit_length() - 1, down.bit_length() - 1


@cache
def _native_names() -> tuple[str, ...]:
    names = sorted(_NAMES)
    plain = (n for n in names if not is_full_range_name(n))
    return tuple(n for n in plain if av.VideoFormat(n).components and native_layout(n))


@cache
def delivered_layout(name: str) -> Layout:
    """The layout that frames of this format are delivered in: native, or the nearest.

    Raises UsageError for a format that has no pixels in memory (a hardware surface).
    """
    layout = native_layout(name)
    form = av.VideoFormat(name)
    if layout is None and form.components:
        alpha = has_alpha(name)
        best, _ = find_best_pix_fmt_of_list(_natives(form), name, has_alpha=alpha)
        layout = native_layout(best.name) if best else None
    if layout is None:
        raise UsageError(
            f"pixel format {printable(name)} cannot be read plane by plane"
        )
    return layout


def _natives(form: av.VideoFormat) -> tuple[str, ...]:
    """What a format may become: grey with opacity only RGB, where no range matters."""
    names = _native_names()
    if len(form.components) == 2:
        return tuple(n for n in names if n.startswith("gbrap"))
    return names


def delivery_notice(name: str) -> str | None:
    """What delivering this format leaves out, in words; None if it is nothing."""
    parts = av.VideoFormat(name).components
    layout = delivered_layout(name)
    if max(part.bits for part in parts) > layout.depth or "f16" in name:
        return f"samples are rounded: {name} is read as {layout.name}"
    return None


def has_alpha(name: str) -> bool:
    """Whether pictures of this format say how opaque they are."""
    form = av.VideoFormat(name)
    return form.has_palette or any(part.is_alpha for part in form.components)


def is_pixel_format(name: str) -> bool:
    """Whether FFmpeg knows a pixel format of this name."""
    return name in _NAMES
