"""What a picture says of its place around the viewer: a sphere, and two eyes.

The layouts are FFmpeg's `AVSphericalMapping` and `AVStereo3D`.
"""

import struct
from collections.abc import Iterable, Mapping

from videnhance.frame import Packing, Projection, Sphere, Stereo

__all__ = ["sphere_of", "stereo_of"]

_STEREO, _SPHERE = 2, 13
"""FFmpeg's numbers of the side data."""
_MAPPING = struct.Struct("=4i5I")
_EYES = struct.Struct("=2i")
_PROJECTIONS: Mapping[int, Projection] = dict(enumerate(Projection))
_PACKINGS: Mapping[int, Packing] = dict(enumerate(Packing, 1))
_SWAPPED = 1


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
