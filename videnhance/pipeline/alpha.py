"""Transparency: colours that nobody sees must not reach those that are seen.

Colour is straight: stored beside its opacity, and anything at all where that is 0.
Enlarging mixes neighbours, and a network sees them; so hidden samples first take the
colour of what is visible around them (a pull-push pyramid after Gortler et al., The
Lumigraph, SIGGRAPH 1996). Samples that are seen stay as they are, to the bit, and so
does every frame without a hidden sample.
"""

from dataclasses import replace
from functools import reduce

import numpy as np
import numpy.typing as npt

from videnhance.frame import Family, Frame, Plane

__all__ = ["laid_on_black", "revealed_planes"]

_Floats = npt.NDArray[np.float32]

_LEVELS = 5
"""Colour travels at least 2 ** 5 pixels: beyond any network's halo. What lies farther
stays as it is, so that cells without anything visible can count as unchanged."""
_REACH = 256
"""Pixels, at least as far as colour travels; a multiple of every chroma's."""


def revealed_planes(frame: Frame, count: int) -> tuple[Plane, ...]:
    """The first `count` planes of colour, hidden samples filled from around them."""
    planes = frame.planes[:count]
    if not frame.layout.alpha or frame.planes[-1].all():
        return planes
    opacity = frame.planes[-1].astype(np.float32)
    rows, columns = _reached(opacity.max(axis=1)), _reached(opacity.max(axis=0))
    if not rows.stop or not columns.stop:
        return planes
    return tuple(
        _revealed_in(rows, columns, plane=p, opacity=opacity, frame=frame)
        for p in planes
    )


def _reached(opacity: _Floats) -> slice:
    """From the first to the last that is seen, and as far as its colour travels."""
    places = np.flatnonzero(opacity)
    if not places.size:
        return slice(0, 0)
    start = (int(places[0]) // _REACH - 1) * _REACH
    return slice(max(start, 0), (int(places[-1]) // _REACH + 2) * _REACH)


def _revealed_in(
    rows: slice, columns: slice, *, plane: Plane, opacity: _Floats, frame: Frame
) -> Plane:
    """The plane, with hidden samples filled inside a part of the frame."""
    across, down = _steps(opacity, plane, frame=frame)
    part = (
        slice(rows.start // down, rows.stop // down),
        slice(columns.start // across, columns.stop // across),
    )
    shares = _shares(opacity[rows, columns], plane[part], frame=frame)
    out: Plane = plane.copy()
    out[part] = _revealed(plane[part], shares)
    return out


def _shares(opacity: _Floats, plane: Plane, *, frame: Frame) -> _Floats:
    """How much of each sample of a plane is seen: opacity summed over its pixels."""
    across, down = _steps(opacity, plane, frame=frame)
    if across == down == 1:
        return opacity
    return _blocks(opacity, plane.shape, down=down, across=across)


def _steps(opacity: _Floats, plane: Plane, *, frame: Frame) -> tuple[int, int]:
    """How many pixels share a sample of a plane, across and down."""
    if plane.shape == opacity.shape:
        return 1, 1
    across, down = frame.layout.chroma_shift
    return 1 << across, 1 << down


def _blocks(
    values: _Floats, shape: tuple[int, ...], *, down: int, across: int
) -> _Floats:
    """Sums of blocks; those at the edges may be cut off."""
    height, width = shape
    room = (height * down - values.shape[0], width * across - values.shape[1])
    padded = np.pad(values, ((0, room[0]), (0, room[1]))) if any(room) else values
    # Whole rows and columns at a time: numpy's sum along short axes is slow.
    rows: _Floats = reduce(np.add, (padded[n::down] for n in range(down)))
    sums: _Floats = reduce(np.add, (rows[:, n::across] for n in range(across)))
    return sums


def _revealed(plane: Plane, shares: _Floats) -> Plane:
    hidden = shares == 0
    if not hidden.any() or hidden.all():
        return plane
    colour, known = _pulled(plane * shares, shares, levels=_LEVELS)
    out: Plane = plane.copy()
    np.copyto(out, np.rint(colour, out=colour), where=hidden & known, casting="unsafe")
    return out


def _pulled(
    sums: _Floats, shares: _Floats, *, levels: int
) -> tuple[_Floats, npt.NDArray[np.bool_]]:
    """Mean colours around each sample, as near as any is seen, and where there is one.

    `sums` are colours weighted by their shares.
    """
    around, weight = _around(sums), _around(shares)
    known = weight > 0
    colour: _Floats = around / (weight + ~known)
    if levels == 0 or known.all():
        return colour, known
    height, width = sums.shape
    half = (-(-height // 2), -(-width // 2))
    coarse, coarsely = _pulled(
        _blocks(sums, half, down=2, across=2),
        _blocks(shares, half, down=2, across=2),
        levels=levels - 1,
    )
    farther = coarse.repeat(2, 0).repeat(2, 1)[:height, :width]
    np.copyto(colour, farther, where=~known)
    known |= coarsely.repeat(2, 0).repeat(2, 1)[:height, :width]
    return colour, known


def _around(values: _Floats) -> _Floats:
    """Sums of 3 x 3 samples."""
    rows = values.copy()
    rows[1:] += values[:-1]
    rows[:-1] += values[1:]
    sums = rows.copy()
    sums[:, 1:] += rows[:, :-1]
    sums[:, :-1] += rows[:, 1:]
    return sums


def laid_on_black(frame: Frame) -> Frame:
    """The frame as it looks over black, for where no opacity is stored.

    Without opacity it is the same frame; the colours of an opaque one stay as they are,
    to the bit.
    """
    if not frame.layout.alpha:
        return frame
    *planes, opacity = frame.planes
    top = (1 << frame.layout.depth) - 1
    if not (opacity == top).all():
        planes = _over_black(frame, planes, opacity=opacity.astype(np.float32), top=top)
    return replace(frame, layout=frame.layout.opaque, planes=tuple(planes))


def _over_black(
    frame: Frame, planes: list[Plane], *, opacity: _Floats, top: int
) -> list[Plane]:
    seen: dict[tuple[int, ...], npt.NDArray[np.float64]] = {}
    laid: list[Plane] = []
    for plane, black in zip(planes, _black(frame), strict=True):
        if plane.shape not in seen:
            share = _shares(opacity, plane, frame=frame).astype(np.float64)
            share /= _shares(np.full_like(opacity, top), plane, frame=frame)
            seen[plane.shape] = share
        over = black + (plane.astype(np.float64) - black) * seen[plane.shape]
        out = np.empty_like(plane)
        np.copyto(out, np.rint(over, out=over), casting="unsafe")
        laid.append(out)
    return laid


def _black(frame: Frame) -> tuple[int, ...]:
    depth = frame.layout.depth
    if frame.layout.family is Family.RGB:
        return (0, 0, 0)
    luma = 0 if frame.tags.full else 16 << (depth - 8)
    if frame.layout.family is Family.GRAY:
        return (luma,)
    return (luma, 1 << (depth - 1), 1 << (depth - 1))
