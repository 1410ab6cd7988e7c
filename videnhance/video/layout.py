"""Pixel formats: what is delivered as it is, what the others become, what to store.

A native format has one component a plane, 8 to 16 bits, little endian, and no alpha.
"""

from functools import cache

import av
from av.codec.codec import find_best_pix_fmt_of_list

from videnhance.errors import UsageError, printable
from videnhance.frame import Family, Layout

__all__ = [
    "delivered_layout",
    "delivery_notice",
    "is_full_range_name",
    "native_layout",
    "stored_format",
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
    if len(parts) not in (1, 3) or len({part.plane for part in parts}) != len(parts):
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
        return Layout(name, Family.RGB, depth)
    return Layout(name, Family.YUV, depth, _chroma_shift(form))


def _chroma_shift(form: av.VideoFormat) -> tuple[int, int]:
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
    if layout is None and av.VideoFormat(name).components:
        best, _ = find_best_pix_fmt_of_list(_native_names(), name)
        layout = native_layout(best.name) if best else None
    if layout is None:
        raise UsageError(
            f"pixel format {printable(name)} cannot be read plane by plane"
        )
    return layout


def delivery_notice(name: str) -> str | None:
    """What delivering this format leaves out, in words; None if it is nothing."""
    parts = av.VideoFormat(name).components
    layout = delivered_layout(name)
    if any(part.is_alpha for part in parts):
        return f"transparency is left out: {name} is read as {layout.name}"
    if max(part.bits for part in parts) > layout.depth or "f16" in name:
        return f"samples are rounded: {name} is read as {layout.name}"
    return None


def stored_format(
    layout: Layout, codec: str, wanted: str | None
) -> tuple[str, str | None]:
    """The pixel format to encode in, and a notice if it holds less than `layout`.

    Raises UsageError if the codec does not encode, or does not take `wanted`.
    """
    supported = _encoder_formats(codec)
    if wanted is not None:
        return _chosen(wanted, codec, supported), None
    if not supported or layout.name in supported:
        return layout.name, None
    best, _ = find_best_pix_fmt_of_list(supported, layout.name)
    if best is None:
        raise UsageError(f"{codec} cannot store {layout.name}: choose another codec")
    return best.name, _storage_notice(layout, best, codec)


@cache
def _encoder_formats(codec: str) -> tuple[str, ...]:
    """The formats that an encoder takes; empty if it takes any."""
    try:
        encoder = av.Codec(codec, "w")
    except ValueError:
        raise UsageError(
            f"there is no encoder named {printable(codec)}: choose libx264, libx265, "
            "libsvtav1, libvpx-vp9 or ffv1"
        ) from None
    if encoder.type != "video":
        raise UsageError(f"{printable(codec)} encodes {encoder.type}, not video")
    names = [f.name for f in encoder.video_formats or ()]
    # The range travels as a tag, so the yuvj names are only duplicates of yuv.
    kept = [
        n for n in names if not is_full_range_name(n) and av.VideoFormat(n).components
    ]
    return tuple(kept)


def _chosen(wanted: str, codec: str, supported: tuple[str, ...]) -> str:
    plain = wanted.replace("yuvj", "yuv") if is_full_range_name(wanted) else wanted
    if plain not in _NAMES:
        raise UsageError(f"{printable(wanted)} is not the name of a pixel format")
    if supported and plain not in supported:
        raise UsageError(
            f"{codec} does not take {plain}: choose one of {', '.join(supported)}"
        )
    return plain


def _storage_notice(layout: Layout, best: av.VideoFormat, codec: str) -> str | None:
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
    shift = _chroma_shift(best)
    return shift[0] > layout.chroma_shift[0] or shift[1] > layout.chroma_shift[1]
