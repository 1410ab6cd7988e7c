"""PNG: encoded by FFmpeg, for its 16 bits, and the chunks that FFmpeg cannot write."""

import struct
import zlib
from fractions import Fraction

from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from videnhance.frame import ColourTags, Plane

__all__ = ["png_bytes", "with_chunks"]

_FORMATS = {
    (2, 1): "gray",
    (3, 1): "rgb24",
    (4, 1): "rgba",
    (2, 2): "gray16be",
    (3, 2): "rgb48be",
    (4, 2): "rgba64be",
}
"""By channels (2 stands for none of their own) and bytes a sample."""
_HEAD = 8 + 25
"""Bytes of the signature and of IHDR, which stays first."""
_REPLACED = {
    "iCCP": (b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP"),
    "eXIf": (b"eXIf",),
    "pHYs": (b"pHYs",),
}
"""What would contradict each chunk."""
_INCH_METRES = 0.0254
_ORDINARY_PRIMARIES = (1, 2, 5, 6, 7)
_ORDINARY_TRANSFERS = (1, 2, 6)
_FULL, _RGB, _UNKNOWN = 2, 0, 2


def png_bytes(samples: Plane, tags: ColourTags) -> bytes:
    """The samples, H x W or H x W x C of 8 or 16 bits, as a file.

    Raises what FFmpeg raises for a size that PNG does not take.
    """
    channels = samples.shape[2] if samples.ndim == 3 else 2
    form = _FORMATS[channels, samples.itemsize]
    picture = VideoFrame.from_ndarray(samples, format=form)
    picture.color_range, picture.colorspace = _FULL, _RGB
    # Viewers show a tagged BT.709 picture darker than they show the video.
    if (
        tags.primaries not in _ORDINARY_PRIMARIES
        or tags.transfer not in _ORDINARY_TRANSFERS
    ):
        picture.color_primaries, picture.color_trc = tags.primaries, tags.transfer
    context = CodecContext.create("png", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = picture.width, picture.height
    context.pix_fmt, context.time_base = form, Fraction(1, 25)
    context.thread_count = 1
    context.options = {"pred": "mixed"}
    packets = [*context.encode(picture), *context.encode(None)]
    return b"".join(bytes(packet) for packet in packets)


def with_chunks(
    png: bytes,
    icc: bytes | None,
    exif: bytes | None,
    dpi: tuple[float, float] | None,
) -> bytes:
    """The file with a profile, EXIF without its header, and dots an inch."""
    added: dict[str, bytes] = {}
    if icc is not None:
        added["iCCP"] = b"ICC profile\0\0" + zlib.compress(icc)
    if exif is not None:
        added["eXIf"] = exif
    if dpi is not None:
        metres = (round(value / _INCH_METRES) for value in dpi)
        added["pHYs"] = struct.pack(">IIB", *metres, 1)
    for name in added:
        png = _without(png, _REPLACED[name])
    chunks = b"".join(_chunk(name.encode(), data) for name, data in added.items())
    return png[:_HEAD] + chunks + png[_HEAD:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def _without(png: bytes, kinds: tuple[bytes, ...]) -> bytes:
    """The file without these chunks, which stand before the pixels."""
    place, kept = 8, [png[:8]]
    while place + 8 <= len(png):
        length, kind = struct.unpack_from(">I4s", png, place)
        if kind == b"IDAT":
            break
        if kind not in kinds:
            kept.append(png[place : place + length + 12])
        place += length + 12
    return b"".join((*kept, png[place:]))
