"""What a picture file says besides pixels: size, orientation, profile, EXIF, DPI."""

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from videnhance.errors import InputError, printable
from videnhance.frame.geometry import Size
from videnhance.media.picture_formats import HEAD, format_of_head
from videnhance.media.stills.exif import UPRIGHT, orientation_of

__all__ = [
    "PICTURE_ERRORS",
    "PictureTags",
    "opened_picture",
    "picture_tags",
    "tags_of_file",
]

PICTURE_ERRORS = (
    *(OSError, ValueError, SyntaxError, KeyError, TypeError, IndexError, EOFError),
    *(AttributeError, ArithmeticError, RuntimeError, struct.error),
    Image.DecompressionBombError,
)
"""What Pillow raises for a damaged file: its parsers let most of it through."""

_PNG_SIGNATURE = 8
"""Bytes before the first chunk."""


@dataclass(frozen=True, slots=True)
class PictureTags:
    """What a picture file says besides its pixels."""

    form: str
    """Pillow's name of the format, for example `PNG`."""
    mode: str
    """Pillow's name of the kind of pixels, for example `RGBA` or `CMYK`."""
    size: Size
    alpha: bool = False
    pictures: int = 1
    """More than one: an animation, or pages."""
    orientation: int = UPRIGHT
    """How a viewer turns and mirrors it, 1 to 8 as in EXIF; 1 = not at all."""
    icc: bytes | None = None
    exif: bytes | None = None
    dpi: tuple[float, float] | None = None
    plays: int = 0
    """How often an animation is shown; 0 = for ever."""


@contextmanager
def opened_picture(data: bytes | Path, name: object) -> Iterator[Image.Image]:
    """A picture opened by Pillow, its pixels not read yet; a large one by its path.

    Raises InputError if it is none of a known kind, or damaged.
    """
    # The size is checked by the caller, against the user's limit instead of Pillow's.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            held = data if isinstance(data, Path) else io.BytesIO(data)
            picture = Image.open(held)
        except PICTURE_ERRORS as error:
            words = "is not a picture that can be read"
            if isinstance(error, Image.DecompressionBombError):
                words = "has too many pixels"
            raise InputError(
                f"{printable(name)} {words}: convert it to PNG first, or check it"
            ) from error
        with picture:
            yield picture


def picture_tags(data: bytes | Path, name: object) -> PictureTags:
    """What the picture says besides its pixels. Raises InputError if it is none."""
    with opened_picture(data, name) as picture:
        info: dict[Any, Any] = picture.info
        exif = _exif(picture) or _late_exif(picture, data)
        return PictureTags(
            form=picture.format or "",
            mode=picture.mode,
            size=Size(*picture.size),
            alpha="A" in picture.mode or "transparency" in info,
            pictures=_count(picture),
            orientation=orientation_of(exif) or UPRIGHT,
            icc=info.get("icc_profile") or None,
            exif=exif,
            dpi=_dpi(info),
            plays=_plays(picture),
        )


def tags_of_file(path: Path) -> PictureTags | None:
    """What the picture in a file says; None if it is none, or cannot be read."""
    try:
        with path.open("rb") as file:
            form = format_of_head(file.read(HEAD))
        if form is None:
            return None
        # A PNG is held for what stands behind its pixels; the others may be long.
        return picture_tags(path.read_bytes() if form.name == "PNG" else path, path)
    except (InputError, OSError):
        return None


def _exif(picture: Image.Image) -> bytes | None:
    try:
        if picture.format == "TIFF":  # the whole file is one such block
            turn = picture.getexif().get(274)
            return _only_orientation(turn) if turn else None
        exif = picture.info.get("exif")
    except PICTURE_ERRORS:
        return None
    return exif if isinstance(exif, bytes) and exif else None


def _late_exif(picture: Image.Image, data: bytes | Path) -> bytes | None:
    """The EXIF of a PNG that stands behind its pixels, where Pillow has not been."""
    if isinstance(data, Path) or picture.format != "PNG":
        return None
    place = _PNG_SIGNATURE
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        if kind == b"eXIf":
            return data[place + 8 : place + 8 + length]
        place += length + 12
    return None


def _only_orientation(turn: int) -> bytes:
    exif = Image.Exif()
    exif[274] = turn
    return exif.tobytes()


def _count(picture: Image.Image) -> int:
    try:
        return int(getattr(picture, "n_frames", 1))
    except PICTURE_ERRORS:
        return 1


def _dpi(info: dict[Any, Any]) -> tuple[float, float] | None:
    dpi = info.get("dpi")
    try:
        across, down = (float(value) for value in dpi or ())
    except (TypeError, ValueError, ArithmeticError):
        return None
    # Where a file gives only the shape of a pixel, Pillow makes it 1 by 1.
    return (across, down) if across > 1 and down > 1 else None


def _plays(picture: Image.Image) -> int:
    loop = picture.info.get("loop")
    if picture.format != "GIF":
        return loop if isinstance(loop, int) else 0
    if not isinstance(loop, int):
        return 1
    return loop and loop + 1  # a GIF counts what comes after the first time
