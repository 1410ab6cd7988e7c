"""What a decoded picture carries with its samples: HDR metadata, a sphere, two views,
user data; what no output keeps is named once.

The numbers are FFmpeg's `AVFrameSideDataType`; what it adds tomorrow is named, too. The
layouts are its `AVMasteringDisplayMetadata`, `AVContentLightMetadata`,
`AVSphericalMapping` and `AVStereo3D`.
"""

import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any, cast

from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame

from videnhance.frame import (
    LONGEST_USER_DATA,
    Light,
    Mastering,
    Packing,
    Projection,
    Sphere,
    Stereo,
    UserData,
)

__all__ = [
    "SILENT",
    "UNKEPT",
    "has_moving_light",
    "light_of",
    "pieces_of",
    "sphere_of",
    "stereo_of",
    "user_data_of",
]

_CAPTIONS, _STEREO, _AFD, _SPHERE, _UNREGISTERED = 1, 2, 7, 13, 20
_AMBIENT, _EXIF = 26, 31
_PART, _GROUP = 0, 12
_MOST_PIECES = 16
"""Of the longest: a frame travels in a line of a few megabytes."""
_CLOCK = 0xFFEFC0
"""Hours to seconds of a timecode in 25 bits, without a mark that is always set."""
_PAN = struct.Struct("=3i6h")
"""FFmpeg's `AVPanScan`: sizes and places are sixteenths of a pixel."""
_HDR_TRANSFERS = (16, 18)
"""PQ (SMPTE ST 2084) and HLG (ARIB STD-B67)."""
_MASTERING = struct.Struct("=22i")
_CONTENT = struct.Struct("=2I")
_MOVING = (Type.DYNAMIC_HDR_PLUS, Type.DOVI_METADATA, Type.DOVI_RPU_BUFFER)
_MAPPING = struct.Struct("=4i5I")
_EYES = struct.Struct("=2i")
_PROJECTIONS = dict(enumerate(Projection))
_PACKINGS = dict(enumerate(Packing, 1))
_SWAPPED = 1
_UNSAFE = ("apng", "png")
"""PyAV frees the name of their colour profile a second time, and crashes."""

SILENT = {
    _CAPTIONS: "captions, which go on as user data",
    _STEREO: "two views in one picture, which go on in both ways",
    3: "of sound: matrix encoding",
    4: "of sound: how it is mixed to fewer channels",
    5: "of sound: its loudness",
    6: "the turn, which goes on with the stream",
    _AFD: "the active part of the picture, which goes on as user data",
    8: "made by a decoder when asked for: motion vectors",
    9: "of sound: samples to skip",
    10: "of sound: what it is for",
    11: "the mastering display, which goes on with the stream",
    _SPHERE: "the sphere, which goes on with the stream",
    14: "the content light level, which goes on with the stream",
    17: "HDR10+, which is named with HDR",
    18: "made for encoders: regions of interest",
    19: "made by a decoder when asked for: its parameters",
    _UNREGISTERED: "what has no standard, which goes on as user data",
    23: "Dolby Vision, which is named with HDR",
    24: "Dolby Vision, which is named with HDR",
    _AMBIENT: "the light around the viewer, which goes on as user data",
    27: "made for encoders: what has changed",
}
"""What is kept, said elsewhere, or no property of a file, by number."""
UNKEPT = {
    _PART: "pan and scan (which part to show on a 4:3 screen)",
    _GROUP: "a timecode in its groups of pictures",
    15: "an ICC colour profile",
    16: "a timecode in its pictures",
    21: "film grain parameters",
    22: "marked regions (bounding boxes)",
    25: "HDR Vivid metadata",
    28: "an enhancement layer (LCEVC)",
    29: "views of a multiview video",
    30: "3D reference displays",
    _EXIF: "EXIF metadata",
}
"""What no output keeps, by number."""

_ENCODERS = (
    bytes.fromhex("dc45e9bde6d948b7962cd820d923eeef"),
    bytes.fromhex("2ca2de09b51747dbbb55a4fe7fc2fc4e"),
)
"""The marks of x264 and x265, which tell how they encoded: that is past."""
_T35, _FREE, _PACKING, _VIEWING = 4, 5, 45, 148
"""Types of SEI messages (ITU-T H.274, 8)."""
_ATSC = b"\xb5\x00\x31"
_PACKED = {Packing.SIDE_BY_SIDE: 3, Packing.TOP_BOTTOM: 4}
_RATIONALS = struct.Struct("=6i")


def _named(cls: type[Type], value: object) -> Type:
    """A type that PyAV has no name for; without it no side data could be read."""
    made: Type = object.__new__(cls)
    made._name_ = f"TYPE_{value}"
    made._value_ = cast(Any, value)
    return made


Type._missing_ = classmethod(_named)  # type: ignore[assignment]


def user_data_of(
    picture: VideoFrame,
    codec: str,
    note: Callable[[str], None] = lambda _: None,
    *,
    first: bool = False,
) -> tuple[UserData, ...]:
    """What goes on with a frame of the side data of a picture of this codec.

    `note` hears in words of what no output keeps; `first` is the video's first.
    """
    pieces = pieces_of(picture, codec)
    size = picture.width, picture.height
    told = [(k, p) for k, p in pieces if not _is_empty(k, p, size, first=first)]
    for words in _unkept(told):
        note(words)
    every = (data for kind, piece in pieces for data in _message(kind, piece))
    kept, room = [], _MOST_PIECES * LONGEST_USER_DATA
    # A container and its stream may say the same.
    for data in dict.fromkeys(every):
        room -= len(data.payload)
        if room < 0:
            note("the video carries too much data in a picture: a part is left out")
            break
        kept.append(data)
    return tuple(kept)


def pieces_of(picture: VideoFrame, codec: str) -> list[tuple[int, bytes]]:
    """Number and bytes of each piece of side data, of a picture of this codec."""
    if codec in _UNSAFE:
        return []
    side_data: Any = picture.side_data
    every = [side_data[n] for n in range(len(side_data))]
    pieces = [(int(one.type.value), bytes(one)) for one in every]
    # FFmpeg takes the head of a TIFF, which tells its size and format, for EXIF.
    return [one for one in pieces if codec != "tiff" or one[0] != _EXIF]


def _is_empty(kind: int, piece: bytes, size: tuple[int, int], *, first: bool) -> bool:
    """Whether MPEG-2's headers say what they always do.

    That is a timecode that counts from about zero, and a part that is the whole.
    """
    if kind == _GROUP:
        return not first or not int.from_bytes(piece[:4], sys.byteorder) & _CLOCK
    if kind != _PART or len(piece) < _PAN.size:
        return False
    _, width, height, *places = _PAN.unpack_from(piece)
    whole = (0, 0), (16 * size[0], 16 * size[1])
    return not any(places) and (width, height) in whole


def _message(kind: int, piece: bytes) -> Iterator[UserData]:
    if len(piece) > LONGEST_USER_DATA:
        return
    if kind == _CAPTIONS and len(piece) >= 3:
        # ATSC A/53 part 4, 6.2.3.1: at most 31 pairs in a picture.
        count = min(len(piece) // 3, 31)
        body = bytes([3, 0x40 | count, 0xFF]) + piece[: 3 * count] + b"\xff"
        yield UserData(_T35, _ATSC + b"GA94" + body)
    elif kind == _AFD and piece:
        yield UserData(_T35, _ATSC + b"DTG1" + bytes([0x41, 0xF0 | piece[0] & 15]))
    elif kind == _UNREGISTERED and not piece.startswith(_ENCODERS):
        yield UserData(_FREE, piece)
    elif kind == _STEREO:
        yield from _packed(piece)
    elif kind == _AMBIENT and len(piece) >= _RATIONALS.size:
        yield UserData(_VIEWING, _viewing(piece))


def _packed(piece: bytes) -> Iterator[UserData]:
    """How two views lie in the picture (ITU-T H.274, 8.5), for this picture alone."""
    stereo = stereo_of([(_STEREO, piece)])
    number = _PACKED.get(stereo.packing) if stereo else None
    if stereo and number is not None:
        first = 2 if stereo.swapped else 1
        # Id 0, not cancelled, type, no quincunx, which is first, no more flags, grids.
        bits = f"10{number:07b}0{first:06b}" + "0" * 6 + "0" * 24 + "10"
        yield UserData(_PACKING, int(bits, 2).to_bytes(6, "big"))


def _viewing(piece: bytes) -> bytes:
    """ITU-T H.274, 8.18, from FFmpeg's `AVAmbientViewingEnvironment`."""
    numbers = _RATIONALS.unpack_from(piece)
    lux, x, y = (
        a / b if b else 0 for a, b in zip(numbers[::2], numbers[1::2], strict=True)
    )
    return struct.pack(
        ">IHH", round(lux * 10_000), round(x * 50_000), round(y * 50_000)
    )


def _unkept(pieces: list[tuple[int, bytes]]) -> Iterator[str]:
    """What to say of the pieces that no output keeps."""
    for kind, piece in pieces:
        if kind in UNKEPT:
            yield f"the video carries {UNKEPT[kind]}: that is left out"
        elif kind not in SILENT:
            yield f"the video carries FFmpeg's side data {kind}: that is left out"
        elif kind == _UNREGISTERED and len(piece) > LONGEST_USER_DATA:
            yield f"the video carries {len(piece)} bytes of data in a picture: left out"


def sphere_of(pieces: Iterable[tuple[int, bytes]]) -> Sphere | None:
    """The sphere of a picture's side data; None if there is none."""
    for kind, piece in pieces:
        if kind == _SPHERE and len(piece) >= _MAPPING.size:
            number, yaw, pitch, roll, *bounds, padding = _MAPPING.unpack_from(piece)
            projection = _PROJECTIONS.get(number, Projection.UNKNOWN)
            left, top, right, bottom = bounds
            pose, edges = (yaw, pitch, roll), (left, top, right, bottom)
            return Sphere(projection, pose, edges, padding)
    return None


def stereo_of(pieces: Iterable[tuple[int, bytes]]) -> Stereo | None:
    """How the views of two eyes lie in a picture; None if there is one view."""
    for kind, piece in pieces:
        if kind == _STEREO and len(piece) >= _EYES.size:
            number, flags = _EYES.unpack_from(piece)
            packing = _PACKINGS.get(number)
            return packing and Stereo(packing, bool(flags & _SWAPPED))
    return None


def light_of(picture: VideoFrame) -> Light | None:
    """The static HDR metadata of a picture; None if it has none."""
    mastering = _mastering(_hdr_bytes(picture, Type.MASTERING_DISPLAY_METADATA))
    content = _hdr_bytes(picture, Type.CONTENT_LIGHT_LEVEL)
    levels = _CONTENT.unpack_from(content) if len(content) >= _CONTENT.size else None
    if mastering is None and levels is None:
        return None
    cll, fall = levels or (None, None)
    return Light(mastering, cll, fall)


def has_moving_light(picture: VideoFrame) -> bool:
    """Whether the picture has metadata that changes by the scene (HDR10+, Dolby)."""
    return any(_hdr_bytes(picture, kind) for kind in _MOVING)


def _hdr_bytes(picture: VideoFrame, kind: Type) -> bytes:
    # PyAV fails, and may crash, on side data that it has no name for, like EXIF. Only
    # pictures that say they are HDR are looked at, which photos hardly ever do.
    if int(picture.color_trc) not in _HDR_TRANSFERS:
        return b""
    try:
        side_data: Any = picture.side_data
        return bytes(side_data[kind])
    except (KeyError, ValueError):
        return b""


def _mastering(data: bytes) -> Mastering | None:
    if len(data) < _MASTERING.size:
        return None
    numbers = _MASTERING.unpack_from(data)
    has_primaries, has_luminance = numbers[20:]
    values = [
        Fraction(over, under) if under else Fraction(0)
        for over, under in zip(numbers[:20:2], numbers[1:20:2], strict=True)
    ]
    if not has_primaries and not has_luminance:
        return None
    red, green, blue, white = [*zip(values[:8:2], values[1:8:2], strict=True)]
    dark, bright = values[8:]
    return Mastering(
        red=red if has_primaries else None,
        green=green if has_primaries else None,
        blue=blue if has_primaries else None,
        white=white if has_primaries else None,
        min_luminance=dark if has_luminance else None,
        max_luminance=bright if has_luminance else None,
    )
