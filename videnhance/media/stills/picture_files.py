"""One frame as the bytes of a picture file: the kinds, and how fine each is.

Quality is `-e quality=N`, 1 to 100, or 100 less the crf; a WebP of crf 0 loses nothing.
Without either it is 95 for JPEG, 90 for WebP and 85 for AVIF. PNG, TIFF and BMP lose
nothing at all.
"""

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from PIL import Image

from videnhance.errors import OutputError, UsageError, printable
from videnhance.frame import ColourTags, Family, Frame, Plane, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.picture_formats import STILLS, PictureFormat
from videnhance.media.stills.picture_tags import PICTURE_ERRORS
from videnhance.media.stills.rgb import packed

__all__ = ["Extras", "Style", "picture_bytes", "png_bytes", "style_for"]


_ANY_QUALITY = 95
_BT601 = (2, 5, 6)
_SUBSAMPLING = {(0, 0): "4:4:4", (1, 0): "4:2:2", (1, 1): "4:2:0"}
_HDR = (16, 18)
_PNG_FORMATS = {
    (2, 1): "gray",
    (3, 1): "rgb24",
    (4, 1): "rgba",
    (2, 2): "gray16be",
    (3, 2): "rgb48be",
    (4, 2): "rgba64be",
}
"""By channels (2 stands for none of their own) and bytes a sample."""
_PNG_HEAD = 8 + 25
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
_FULL, _RGB = 2, 0


@dataclass(frozen=True, slots=True)
class Style:
    """The kind of file, and how fine it is."""

    form: PictureFormat
    quality: int
    """1 to 100; without a meaning for formats that lose nothing."""
    lossless: bool = False
    """For a format that can be both."""

    def losses(self, info: VideoInfo, size: Size) -> list[str]:
        """What such a file does not keep of these frames, in words.

        Raises UsageError for a size that the format cannot have.
        """
        name, layout, form = self.form.name, info.layout, self.form
        largest = form.longest_side
        if largest is not None and max(size.width, size.height) > largest:
            raise UsageError(
                f"{name} holds at most {largest} pixels across or down, not {size}: "
                "choose an output named .png"
            )
        lost = []
        if layout.alpha and not form.opacity:
            lost.append(f"transparency is left out: {name} has none; .png keeps it")
        if layout.depth > 8 and not form.deep:
            lost.append(
                f"{layout.depth}-bit samples are stored as 8-bit: .png keeps 16 bits"
            )
        if info.tags.transfer in _HDR and not form.deep:
            lost.append(f"{name} does not say that this is HDR: it looks flat")
        ratio = info.sample_aspect_ratio
        if ratio not in (None, 0, 1):
            lost.append(f"its pixels are {ratio} as wide as high, which is not stored")
        return lost


@dataclass(frozen=True, slots=True)
class Extras:
    """What a picture file holds besides its pixels."""

    icc: bytes | None = None
    exif: bytes | None = None
    """Without its header."""
    dpi: tuple[float, float] | None = None


def style_for(target: Path, encoding: Encoding) -> Style:
    """The style that the name and the options ask for. Raises UsageError."""
    form = STILLS.get(target.suffix.lower())
    if form is None:
        raise UsageError(
            f"{printable(target.name)} is no name of a picture: use one of "
            f"{', '.join(STILLS)}"
        )
    options = dict(encoding.options)
    exact = options.pop("lossless", "1" if encoding.crf == 0 else "0") == "1"
    quality = _quality(options, encoding.crf, default=form.quality or _ANY_QUALITY)
    if options:
        raise UsageError(
            f"{form.name} has no option {printable(', '.join(options))}: "
            "it knows quality=1..100, and WebP lossless=1"
        )
    return Style(form, quality, exact and form.or_lossless)


def _quality(options: dict[str, str], crf: int | None, *, default: int) -> int:
    given = options.pop("quality", None)
    if given is None:
        return default if crf is None else min(max(100 - crf, 1), 100)
    if not given.isdecimal() or not 1 <= int(given) <= 100:
        raise UsageError(f"-e quality={printable(given)} is not from 1 to 100")
    return int(given)


def picture_bytes(frame: Frame, style: Style, *, extras: Extras) -> bytes:
    """The frame as a file. Raises OutputError if it cannot be encoded."""
    try:
        return _MADE[style.form.name](frame, style, extras)
    except (*PICTURE_ERRORS, MemoryError) as error:
        raise OutputError(
            f"frame {frame.index} of {frame.size} cannot be written as "
            f"{style.form.name} ({error}): choose an output named .png",
            cause_stays=True,
        ) from error


def _png(frame: Frame, style: Style, extras: Extras) -> bytes:
    del style
    depth = 8 if frame.layout.depth == 8 else 16
    made = png_bytes(packed(frame, depth, frame.layout.alpha), frame.tags)
    return _with_chunks(made, extras)


def _jpeg(frame: Frame, style: Style, extras: Extras) -> bytes:
    layout = frame.layout
    shift = layout.chroma_shift if layout.family is Family.YUV else (0, 0)
    subsampling = _SUBSAMPLING.get(shift, "4:2:0")
    direct = layout.family is Family.YUV and layout.depth == 8 and frame.tags.full
    if direct and frame.tags.matrix in _BT601:
        picture = Image.merge("YCbCr", [*map(Image.fromarray, _repeated(frame))])
    else:
        picture = Image.fromarray(packed(frame, 8, alpha=False))
    options = _options(extras)
    if picture.mode != "L":
        options["subsampling"] = subsampling
    return _saved(picture, style, options={**options, "optimize": True})


def _repeated(frame: Frame) -> list[Plane]:
    """Planes of full size: the encoder's means give back the samples of chroma."""
    across, down = frame.layout.chroma_shift
    height, width = frame.planes[0].shape
    luma, *chroma = frame.planes[:3]
    planes: list[Plane] = [luma]
    for plane in chroma:
        grown: npt.NDArray[Any] = plane.repeat(1 << down, 0).repeat(1 << across, 1)
        planes.append(np.ascontiguousarray(grown[:height, :width]))
    return planes


def _webp(frame: Frame, style: Style, extras: Extras) -> bytes:
    options = {**_options(extras), "method": 4, "exact": True}
    if style.lossless:
        # Then `quality` is the effort.
        return _saved(
            _image(frame), Style(style.form, 75), options={**options, "lossless": 1}
        )
    return _saved(_image(frame), style, options=options)


def _avif(frame: Frame, style: Style, extras: Extras) -> bytes:
    shift = frame.layout.chroma_shift
    coarse = frame.layout.family is Family.YUV and shift in _SUBSAMPLING
    subsampling = _SUBSAMPLING[shift] if coarse else "4:4:4"
    options = {**_options(extras), "subsampling": subsampling, "speed": 6}
    return _saved(_image(frame), style, options=options)


def _tiff(frame: Frame, style: Style, extras: Extras) -> bytes:
    options = {**_options(extras), "compression": "tiff_adobe_deflate"}
    return _saved(_image(frame), style, options=options)


def _bmp(frame: Frame, style: Style, extras: Extras) -> bytes:
    options = {} if extras.dpi is None else {"dpi": extras.dpi}
    picture = Image.fromarray(packed(frame, 8, alpha=False))
    return _saved(picture, style, options=options)


def _image(frame: Frame) -> Image.Image:
    samples = packed(frame, 8, frame.layout.alpha)
    return Image.fromarray(samples)


def _options(extras: Extras) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if extras.icc is not None:
        made["icc_profile"] = extras.icc
    if extras.exif is not None:
        made["exif"] = b"Exif\0\0" + extras.exif
    if extras.dpi is not None:
        made["dpi"] = extras.dpi
    return made


def _saved(picture: Image.Image, style: Style, *, options: Mapping[str, Any]) -> bytes:
    made = io.BytesIO()
    if style.form.quality is not None:
        options = {"quality": style.quality, **options}
    picture.save(made, style.form.name, **options)
    return made.getvalue()


_MADE: dict[str, Callable[[Frame, Style, Extras], bytes]] = {
    "PNG": _png,
    "JPEG": _jpeg,
    "WEBP": _webp,
    "AVIF": _avif,
    "TIFF": _tiff,
    "BMP": _bmp,
}


def png_bytes(samples: Plane, tags: ColourTags) -> bytes:
    """The samples, H x W or H x W x C of 8 or 16 bits, as a file.

    Raises what FFmpeg raises for a size that PNG does not take.
    """
    channels = samples.shape[2] if samples.ndim == 3 else 2
    form = _PNG_FORMATS[channels, samples.itemsize]
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


def _with_chunks(png: bytes, extras: Extras) -> bytes:
    """The file with a profile, EXIF without its header, and dots an inch."""
    added: dict[str, bytes] = {}
    if extras.icc is not None:
        added["iCCP"] = b"ICC profile\0\0" + zlib.compress(extras.icc)
    if extras.exif is not None:
        added["eXIf"] = extras.exif
    if extras.dpi is not None:
        metres = (round(value / _INCH_METRES) for value in extras.dpi)
        added["pHYs"] = struct.pack(">IIB", *metres, 1)
    for name in added:
        png = _without_chunks(png, _REPLACED[name])
    chunks = b"".join(_chunk(name.encode(), data) for name, data in added.items())
    return png[:_PNG_HEAD] + chunks + png[_PNG_HEAD:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def _without_chunks(png: bytes, kinds: tuple[bytes, ...]) -> bytes:
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
