"""What a decoded picture carries beside its samples: kept, or named once.

The numbers are FFmpeg's `AVFrameSideDataType`; what it adds tomorrow is named, too.
"""

import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any, cast

from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame

from videnhance.frame import LONGEST_USER_DATA, Packing, UserData
from videnhance.media.reader.immersion import stereo_of

__all__ = ["SILENT", "UNKEPT", "pieces_of", "user_data_of"]

_CAPTIONS, _STEREO, _AFD, _UNREGISTERED, _AMBIENT, _EXIF = 1, 2, 7, 20, 26, 31
_PART, _GROUP = 0, 12
_MOST_PIECES = 16
"""Of the longest: a frame travels in a line of a few megabytes."""
_CLOCK = 0xFFEFC0
"""Hours to seconds of a timecode in 25 bits, without a mark that is always set."""
_PAN = struct.Struct("=3i6h")
"""FFmpeg's `AVPanScan`: sizes and places are sixteenths of a pixel."""
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
    13: "the sphere, which goes on with the stream",
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
