"""One frame as the bytes of a picture file: the kinds, and how fine each is.

Quality is `-e quality=N`, 1 to 100, or 100 less the crf; a WebP of crf 0 loses nothing.
Without either it is 95 for JPEG, 90 for WebP and 85 for AVIF. PNG, TIFF and BMP lose
nothing at all.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from videnhance.errors import OutputError, UsageError, printable
from videnhance.frame import Family, Frame, Plane, VideoInfo
from videnhance.geometry import Size
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.stills.picture_tags import PICTURE_ERRORS
from videnhance.media.stills.png import png_bytes, with_chunks
from videnhance.media.stills.rgb import packed

__all__ = [
    "KINDS",
    "Extras",
    "PictureKind",
    "Style",
    "picture_bytes",
    "style_for",
]


class PictureKind(Enum):
    """A format of picture files, by Pillow's name."""

    PNG = "PNG"
    JPEG = "JPEG"
    WEBP = "WEBP"
    AVIF = "AVIF"
    TIFF = "TIFF"
    BMP = "BMP"


KINDS = {
    ".avif": PictureKind.AVIF,
    ".bmp": PictureKind.BMP,
    ".jpeg": PictureKind.JPEG,
    ".jpg": PictureKind.JPEG,
    ".png": PictureKind.PNG,
    ".tif": PictureKind.TIFF,
    ".tiff": PictureKind.TIFF,
    ".webp": PictureKind.WEBP,
}
"""The kind by the suffix of the name."""

_LARGEST = {
    PictureKind.JPEG: 65500,
    PictureKind.WEBP: 16383,
    PictureKind.AVIF: 65536,
}
"""Pixels across or down."""
_TRANSPARENT = (PictureKind.PNG, PictureKind.WEBP, PictureKind.AVIF, PictureKind.TIFF)
_LOSSY = (PictureKind.JPEG, PictureKind.WEBP, PictureKind.AVIF)
_QUALITIES = {PictureKind.WEBP: 90, PictureKind.AVIF: 85}
_FINE = 95
_BT601 = (2, 5, 6)
_SUBSAMPLING = {(0, 0): "4:4:4", (1, 0): "4:2:2", (1, 1): "4:2:0"}
_HDR = (16, 18)


@dataclass(frozen=True, slots=True)
class Style:
    """The kind of file, and how fine it is."""

    kind: PictureKind
    quality: int = 95
    """1 to 100; without a meaning for kinds that lose nothing."""
    lossless: bool = False
    """For WebP, which can be both."""

    def losses(self, info: VideoInfo, size: Size) -> list[str]:
        """What such a file does not keep of these frames, in words.

        Raises UsageError for a size that the format cannot have.
        """
        name, layout = self.kind.value, info.layout
        largest = _LARGEST.get(self.kind)
        if largest is not None and max(size.width, size.height) > largest:
            raise UsageError(
                f"{name} holds at most {largest} pixels across or down, not {size}: "
                "choose an output named .png"
            )
        lost = []
        if layout.alpha and self.kind not in _TRANSPARENT:
            lost.append(f"transparency is left out: {name} has none; .png keeps it")
        if layout.depth > 8 and self.kind is not PictureKind.PNG:
            lost.append(
                f"{layout.depth}-bit samples are stored as 8-bit: .png keeps 16 bits"
            )
        if info.tags.transfer in _HDR and self.kind is not PictureKind.PNG:
            lost.append(f"{name} does not say that this is HDR: it looks flat")
        ratio = info.sample_aspect_ratio
        if ratio not in (None, 0, 1):
            lost.append(f"its pixels are {ratio} as wide as high, which is not stored")
        return lost


@dataclass(frozen=True, slots=True)
class Extras:
    """What a picture file holds beside its pixels."""

    icc: bytes | None = None
    exif: bytes | None = None
    """Without its header."""
    dpi: tuple[float, float] | None = None


def style_for(target: Path, encoding: Encoding) -> Style:
    """The style that the name and the options ask for. Raises UsageError."""
    kind = KINDS.get(target.suffix.lower())
    if kind is None:
        raise UsageError(
            f"{printable(target.name)} is no name of a picture: use one of "
            f"{', '.join(KINDS)}"
        )
    options = dict(encoding.options)
    exact = options.pop("lossless", "1" if encoding.crf == 0 else "0") == "1"
    quality = _quality(options, encoding.crf, _QUALITIES.get(kind, _FINE))
    if options:
        raise UsageError(
            f"{kind.value} has no option {printable(', '.join(options))}: "
            "it knows quality=1..100, and WebP lossless=1"
        )
    return Style(kind, quality, exact and kind is PictureKind.WEBP)


def _quality(options: dict[str, str], crf: int | None, default: int) -> int:
    given = options.pop("quality", None)
    if given is None:
        return default if crf is None else min(max(100 - crf, 1), 100)
    if not given.isdecimal() or not 1 <= int(given) <= 100:
        raise UsageError(f"-e quality={printable(given)} is not from 1 to 100")
    return int(given)


def picture_bytes(frame: Frame, style: Style, extras: Extras) -> bytes:
    """The frame as a file. Raises OutputError if it cannot be encoded."""
    try:
        return _MADE[style.kind](frame, style, extras)
    except (*PICTURE_ERRORS, MemoryError) as error:
        raise OutputError(
            f"frame {frame.index} of {frame.size} cannot be written as "
            f"{style.kind.value} ({error}): choose an output named .png",
            cause_stays=True,
        ) from error


def _png(frame: Frame, style: Style, extras: Extras) -> bytes:
    del style
    depth = 8 if frame.layout.depth == 8 else 16
    made = png_bytes(packed(frame, depth, frame.layout.alpha), frame.tags)
    return with_chunks(made, extras.icc, extras.exif, extras.dpi)


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
    return _saved(picture, style, {**options, "optimize": True})


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
        return _saved(_image(frame), Style(style.kind, 75), {**options, "lossless": 1})
    return _saved(_image(frame), style, options)


def _avif(frame: Frame, style: Style, extras: Extras) -> bytes:
    shift = frame.layout.chroma_shift
    coarse = frame.layout.family is Family.YUV and shift in _SUBSAMPLING
    subsampling = _SUBSAMPLING[shift] if coarse else "4:4:4"
    options = {**_options(extras), "subsampling": subsampling, "speed": 6}
    return _saved(_image(frame), style, options)


def _tiff(frame: Frame, style: Style, extras: Extras) -> bytes:
    options = {**_options(extras), "compression": "tiff_adobe_deflate"}
    return _saved(_image(frame), style, options)


def _bmp(frame: Frame, style: Style, extras: Extras) -> bytes:
    options = {} if extras.dpi is None else {"dpi": extras.dpi}
    picture = Image.fromarray(packed(frame, 8, alpha=False))
    return _saved(picture, style, options)


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


def _saved(picture: Image.Image, style: Style, options: Mapping[str, Any]) -> bytes:
    made = io.BytesIO()
    if style.kind in _LOSSY:
        options = {"quality": style.quality, **options}
    picture.save(made, style.kind.value, **options)
    return made.getvalue()


_MADE: dict[PictureKind, Callable[[Frame, Style, Extras], bytes]] = {
    PictureKind.PNG: _png,
    PictureKind.JPEG: _jpeg,
    PictureKind.WEBP: _webp,
    PictureKind.AVIF: _avif,
    PictureKind.TIFF: _tiff,
    PictureKind.BMP: _bmp,
}
