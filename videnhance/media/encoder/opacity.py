"""Opacity written into a picture of any format, exactly.

FFmpeg's converter turns the full opacity of 8 bits into 1020 of 1023, and of 4:2:2 into
254: what was solid would let a little of its background through.
"""

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from videnhance.frame import Plane

__all__ = ["set_opacity"]

_ALPHA_FIRST = ("abgr", "argb", "ayuv64be", "ayuv64le")


def set_opacity(picture: VideoFrame, opacity: Plane, depth: int) -> None:
    """Overwrites the opacity of a picture with samples of `depth` bits.

    ValueError for a format without opacity.
    """
    form = picture.format
    part = next((c for c in form.components if c.is_alpha), None)
    if part is None:
        raise ValueError(f"{form.name} has no opacity")
    kind = np.dtype(np.uint8 if part.bits == 8 else np.uint16)
    kind = kind.newbyteorder(">" if form.is_big_endian else "<")
    plane = picture.planes[part.plane]
    rows = np.frombuffer(memoryview(plane), np.uint8)
    samples = rows.reshape(plane.height, abs(plane.line_size)).view(kind)
    shared = [c for c in form.components if c.plane == part.plane]
    first = 0 if len(shared) == 1 or form.name in _ALPHA_FIRST else len(shared) - 1
    width = picture.width * len(shared)
    samples[:, first : width : len(shared)] = _of_depth(opacity, depth, part.bits)


def _of_depth(
    opacity: Plane, depth: int, wanted: int
) -> npt.NDArray[np.unsignedinteger]:
    """The same shares of the whole in another number of bits."""
    if depth == wanted:
        return opacity
    top, whole = (1 << wanted) - 1, (1 << depth) - 1
    return (opacity.astype(np.uint32) * top + whole // 2) // whole
