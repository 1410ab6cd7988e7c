"""What each format of picture files can hold and tell: one row for each.

A format goes by Pillow's name. To add one, add its row, and to `picture_files` or
`animation_writer` how its files are made.
"""

from dataclasses import dataclass
from fractions import Fraction

__all__ = [
    "ANIMATIONS",
    "FORMATS",
    "HEAD",
    "PICTURES",
    "STILLS",
    "PictureFormat",
    "animation_suffix",
    "format_of_head",
]

HEAD = 32
"""Bytes of a file that tell its format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFormat:
    """What a format can hold and tell, and how its files are read and written."""

    name: str
    """Pillow's, for example `PNG`."""
    suffixes: tuple[str, ...] = ()
    """Of output files of one picture; none if the format is written as animations
    only."""
    longest_side: int | None = None
    """Pixels, if there is a limit."""

    # How files are read
    marks: tuple[tuple[int, bytes], ...] = ()
    """Bytes that a file of it has, any of them, and where."""
    end: bytes | None = None
    """What a file holds near its end, unless it is cut off."""
    decoder: str | None = None
    """FFmpeg's, for which a file is one packet; None: Pillow reads it."""
    moves_as_video: bool = False
    """Whether FFmpeg reads its animations, with their times, as it does videos."""

    # A single picture
    quality: int | None = None
    """1 to 100, if the user names none; None: it loses nothing."""
    or_lossless: bool = False
    """Whether it can lose nothing as well."""
    opacity: bool = False
    deep: bool = False
    """Whether it holds 16 bits a sample, and says what is HDR."""
    profiles: tuple[bytes, ...] = ()
    """The kinds of colour whose ICC profiles it holds, as a profile names them."""
    exif: bool = False
    dpi: bool = False
    turned_by_viewers: bool = False
    """Whether viewers turn it by its EXIF; PNG has that too, but many do not."""

    # An animation
    muxer: str | None = None
    """FFmpeg's, if it is written as animations."""
    animation_suffixes: tuple[str, ...] = ()
    """Of animations, where they have another suffix than a single picture."""
    tick: Fraction | None = None
    """Seconds that it counts in; None: the source's time base."""
    finest_tick: int | None = None
    """The largest denominator of a time base, if there is a limit."""


_RGB, _GRAY = b"RGB ", b"GRAY"
_ROWS = (
    PictureFormat(
        name="AVIF",
        suffixes=(".avif",),
        longest_side=65536,
        marks=((4, b"ftypavif"), (4, b"ftypavis"), (4, b"ftypmif1")),
        quality=85,
        opacity=True,
        profiles=(_RGB,),
        exif=True,
        turned_by_viewers=True,
        muxer="avif",
    ),
    PictureFormat(
        name="BMP", suffixes=(".bmp",), marks=((0, b"BM"),), decoder="bmp", dpi=True
    ),
    PictureFormat(name="DIB", decoder="bmp"),
    PictureFormat(
        name="GIF",
        longest_side=65535,
        marks=((0, b"GIF87a"), (0, b"GIF89a")),
        moves_as_video=True,
        muxer="gif",
        animation_suffixes=(".gif",),
        tick=Fraction(1, 100),
    ),
    PictureFormat(
        name="JPEG",
        suffixes=(".jpeg", ".jpg"),
        longest_side=65500,
        marks=((0, b"\xff\xd8\xff"),),
        end=b"\xff\xd9",
        decoder="mjpeg",
        quality=95,
        profiles=(_RGB, _GRAY),
        exif=True,
        dpi=True,
        turned_by_viewers=True,
    ),
    PictureFormat(name="MPO", end=b"\xff\xd9", decoder="mjpeg"),
    PictureFormat(
        name="PNG",
        suffixes=(".png",),
        marks=((0, b"\x89PNG\r\n\x1a\n"),),
        end=b"IEND",
        decoder="png",
        moves_as_video=True,
        opacity=True,
        deep=True,
        profiles=(_RGB, _GRAY),
        exif=True,
        dpi=True,
        muxer="apng",
        animation_suffixes=(".apng",),
        finest_tick=65535,
    ),
    PictureFormat(
        name="TIFF",
        suffixes=(".tif", ".tiff"),
        marks=((0, b"II*\0"), (0, b"MM\0*")),
        decoder="tiff",
        opacity=True,
        profiles=(_RGB, _GRAY),
        dpi=True,
    ),
    PictureFormat(
        name="WEBP",
        suffixes=(".webp",),
        longest_side=16383,
        marks=((8, b"WEBP"),),
        decoder="webp",
        quality=90,
        or_lossless=True,
        opacity=True,
        profiles=(_RGB,),
        exif=True,
        turned_by_viewers=True,
        muxer="webp",
        tick=Fraction(1, 1000),
    ),
)
FORMATS = {row.name: row for row in _ROWS}
"""By Pillow's name."""
STILLS = {suffix: row for row in _ROWS for suffix in row.suffixes}
"""By the suffix of a file of one picture; of some, it may be an animation's too."""
ANIMATIONS = {
    suffix: row
    for row in _ROWS
    if row.muxer
    for suffix in (*row.animation_suffixes, *row.suffixes)
}
"""By the suffix of an animation."""
PICTURES = STILLS | ANIMATIONS
"""By any suffix."""


def animation_suffix(suffix: str) -> str | None:
    """The suffix of animations of this one's format; None if it has none of them."""
    row = ANIMATIONS.get(suffix)
    if row is None:
        return None
    return row.animation_suffixes[0] if row.animation_suffixes else suffix


def format_of_head(head: bytes) -> PictureFormat | None:
    """The format of a file that begins so; None if it is no picture."""
    for row in _ROWS:
        if any(head[place:].startswith(mark) for place, mark in row.marks):
            return row
    return None
