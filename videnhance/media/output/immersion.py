"""Says in a file that its pictures lie around the viewer, or are for two eyes.

An mp4 has boxes in its sample entry (Google, Spherical Video V2; Apple's `vexu` for
what that does not know), Matroska has elements of its track (RFC 9559, 5.1.4.1.28).
FFmpeg's muxers leave both out.
"""

import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from videnhance.errors import OutputError, printable
from videnhance.frame import Packing, Projection, Sphere, Stereo, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.containers import container_named
from videnhance.media.ebml import children, element, element_head
from videnhance.media.encoder.user_data import has_messages
from videnhance.media.output.boxes import box

__all__ = [
    "entry_boxes",
    "immersion_notices",
    "kept_sphere",
    "lengthened",
    "projection",
    "stereo_mode",
    "with_in_video",
]

_EYES = {(Packing.TOP_BOTTOM, False): 1, (Packing.SIDE_BY_SIDE, False): 2}
"""Of the box `st3d`."""
_MODES = {
    (Packing.SIDE_BY_SIDE, False): "left_right",
    (Packing.SIDE_BY_SIDE, True): "right_left",
    (Packing.TOP_BOTTOM, False): "top_bottom",
    (Packing.TOP_BOTTOM, True): "bottom_top",
    (Packing.IN_TURN, False): "block_lr",
    (Packing.IN_TURN, True): "block_rl",
}
"""FFmpeg's words for Matroska's StereoMode."""
_NOT_IN_WEBM = ("block_lr", "block_rl")
_BY_APPLE = {
    Projection.HALF: b"hequ",
    Projection.RECTILINEAR: b"rect",
    Projection.FISHEYE: b"fish",
}
_IN_V2 = (Projection.EQUIRECTANGULAR, Projection.TILE, Projection.CUBEMAP)
_TYPES = {Projection.EQUIRECTANGULAR: 1, Projection.TILE: 1, Projection.CUBEMAP: 2}
"""Of Matroska's ProjectionType."""
_DEGREE = 65536
_ROUNDED_PIXELS = 2

_SEGMENT, _TRACKS = b"\x18\x53\x80\x67", b"\x16\x54\xae\x6b"
_TRACK, _VIDEO, _NAME = b"\xae", b"\xe0", b"\x53\x6e"
_CRC, _VOID = b"\xbf", b"\xec"
_SPARE = 8
"""Bytes more than are needed: an element that fills has two at the least."""
_LONG = 129
"""Bytes of an element from which on its size has two bytes."""


def immersion_notices(
    info: VideoInfo, size: Size, *, container: str, encoder: str
) -> list[str]:
    """What to say of a sphere, and of two views, that this output does not tell of.

    `container` is FFmpeg's name, or words for what is none.
    """
    notices, sphere, stereo = [], info.sphere, info.stereo
    if sphere and kept_sphere(info, size, container=container) is None:
        words = f"the picture is a sphere ({sphere.projection.value})"
        if _is_same_shape(info.size, size):
            notices.append(f"{words}: {container} cannot say so")
        else:
            notices.append(f"{words}: cut, padded or stretched it is none any more")
    if stereo and stereo.packing is Packing.LAYERS:
        notices.append("the video has a view for each eye (3D): only the first is kept")
    elif stereo and stereo.packing not in {packing for packing, _ in _MODES}:
        notices.append(
            f"the views of two eyes lie {stereo.packing.value}: enlarging mixes them, "
            "and the output is not marked as 3D"
        )
    elif stereo and not _tells_eyes(stereo, container, encoder=encoder):
        notices.append(
            f"the views of two eyes lie {stereo.packing.value}: "
            f"{container} cannot say so"
        )
    return notices


def _tells_eyes(stereo: Stereo, container: str, *, encoder: str) -> bool:
    if has_messages(encoder) and stereo.packing is not Packing.IN_TURN:
        return True
    if container_named(container).boxes:
        return (stereo.packing, stereo.swapped) in _EYES
    return stereo_mode(stereo, container) is not None


def stereo_mode(stereo: Stereo, container: str) -> str | None:
    """FFmpeg's word for a Matroska's mode; None if it has none."""
    mode = _MODES.get((stereo.packing, stereo.swapped))
    left_out = container == "webm" and mode in _NOT_IN_WEBM
    return mode if container_named(container).elements and not left_out else None


def kept_sphere(info: VideoInfo, size: Size, *, container: str) -> Sphere | None:
    """The sphere of pictures of `size`, where the container can tell of it."""
    sphere = info.sphere
    row = container_named(container)
    if sphere is None or not _is_same_shape(info.size, size):
        return None
    known = (*_IN_V2, *_BY_APPLE) if row.boxes else tuple(_TYPES)
    if not (row.boxes or row.elements) or sphere.projection not in known:
        return None
    return replace(sphere, padding=round(sphere.padding * size.width / info.size.width))


def _is_same_shape(old: Size, new: Size) -> bool:
    return abs(new.height - old.height * new.width / old.width) <= _ROUNDED_PIXELS


def entry_boxes(sphere: Sphere | None, stereo: Stereo | None) -> bytes:
    """The boxes of an mp4's sample entry; none for what they do not know."""
    made = b""
    eyes = _EYES.get((stereo.packing, stereo.swapped)) if stereo else None
    if eyes is not None:
        made += box(b"st3d", bytes(4) + bytes([eyes]))
    if sphere is None:
        return made
    if sphere.projection in _BY_APPLE:
        kind = box(b"prji", bytes(4) + _BY_APPLE[sphere.projection])
        return made + box(b"vexu", box(b"proj", kind))
    pose = box(b"prhd", bytes(4) + struct.pack(">3i", *sphere.pose))
    flat = b"cbmp" if sphere.projection is Projection.CUBEMAP else b"equi"
    laid = box(b"proj", pose + box(flat, _private(sphere)))
    return made + box(b"sv3d", box(b"svhd", bytes(5)) + laid)


def projection(sphere: Sphere) -> bytes:
    """Matroska's element of a sphere."""
    made = element(b"\x76\x71", bytes([_TYPES[sphere.projection]]))
    if sphere.projection in (Projection.TILE, Projection.CUBEMAP):
        made += element(b"\x76\x72", _private(sphere))
    for kind, angle in zip(
        (b"\x76\x73", b"\x76\x74", b"\x76\x75"), sphere.pose, strict=True
    ):
        if angle:
            made += element(kind, struct.pack(">d", angle / _DEGREE))
    return element(b"\x76\x70", made)


def _private(sphere: Sphere) -> bytes:
    """What both formats say of a kind: version and flags, then its own numbers."""
    if sphere.projection is Projection.CUBEMAP:
        return struct.pack(">4xII", 0, sphere.padding)
    left, top, right, bottom = sphere.edges
    return struct.pack(">4x4I", top, bottom, left, right)


def lengthened(name: str, new: bytes) -> str:
    """The name that the first track must have for `new` to have room."""
    return name + "-" * (len(new) + _SPARE)


def with_in_video(path: Path, new: bytes, *, name: str) -> None:
    """Puts elements into the first track's `Video` in a finished file, and its name.

    Nothing may move, for every cluster is found by its place: room was made by a long
    name (`lengthened`), which is cut to its own length here.
    Raises OSError as the disk does, and OutputError if there is no room.
    """
    with path.open("r+b") as file:
        tracks = _tracks(file)
        at = file.tell()
        made = _renamed(tracks, new, name=name)
        if len(made) != len(tracks):
            raise OutputError(
                f"{printable(path)} has no room in its track: report this"
            )
        file.seek(at - len(tracks))
        file.write(made)


def _tracks(file: BinaryIO) -> bytes:
    """What is in the first `Tracks`; the file is left behind it."""
    while head := element_head(file):
        kind, size = head
        if kind == _TRACKS:
            return file.read(size or 0)
        if kind != _SEGMENT:
            file.seek(size or 0, 1)
    raise OutputError("what was made has no tracks: report this")


def _renamed(tracks: bytes, new: bytes, *, name: str) -> bytes:
    made, found = b"", False
    for kind, body, whole in children(tracks):
        if kind == _TRACK and not found:
            found = True
            head = len(whole) - len(body)
            made += whole[:head] + _track(body, new, name=name)
        elif kind != _CRC:
            made += whole
    if tracks[:1] == _CRC:
        made = element(_CRC, zlib.crc32(made).to_bytes(4, "little")) + made
    return made


def _track(track: bytes, new: bytes, *, name: str) -> bytes:
    made = b""
    for kind, body, whole in children(track):
        if kind == _VIDEO:
            made += element(_VIDEO, body + new)
        elif kind != _NAME:
            made += whole
    if name:
        made += element(_NAME, name.encode())
    return made + _filling(len(track) - len(made))


def _filling(length: int) -> bytes:
    if length < 2:
        return b""
    if length < _LONG:
        return _VOID + bytes([0x80 | length - 2]) + bytes(length - 2)
    return _VOID + (1 << 14 | length - 3).to_bytes(2, "big") + bytes(length - 3)
