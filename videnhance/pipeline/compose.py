"""Output = base + strength x residual, in the frame's own planes and bit depth."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from videnhance.frame import ZERO_CODE, Family, Frame, Pixels, Plane
from videnhance.frame.geometry import Size
from videnhance.pipeline.alpha import revealed_planes
from videnhance.pipeline.colour import plane_residuals
from videnhance.pipeline.resize import (
    FRACTION_BITS,
    Fixed,
    doubled_strips,
    fixed_type,
    opencv,
    rounded,
)

__all__ = ["Composer"]

_STRIP_AREA = 16_384
"""Pixels at a time that stay their size: temporaries stay in the nearest caches."""


_UNIT = 1 / (1 << FRACTION_BITS)


@dataclass(frozen=True, slots=True)
class _Addition:
    """What one plane gains, in fixed point: (codes - zero) x weight, whole numbers."""

    codes: npt.NDArray[Any]
    weight: int
    zero: int

    def of(self, rows: slice, kind: type[np.floating[Any]]) -> Fixed:
        fixed: Fixed = np.multiply(self.codes[rows], self.weight, dtype=kind)
        fixed -= self.zero * self.weight
        return fixed


@dataclass(frozen=True, slots=True)
class Composer:
    """Adds residuals to frames."""

    step: float
    """Grey levels (of 8 bits) that one residual code stands for."""
    strength: float
    """0 = the base, bit for bit; 1 = the whole residual."""
    scale: int = 2
    """Of the output, and of residuals: twice the size of the frame, or 1, the same, or
    4: then the base is doubled twice."""

    def __call__(self, frame: Frame, residual: Pixels | None) -> Frame:
        """The enhanced frame; `residual` is sH x sW x C codes, None for the base alone.

        With an odd chroma size the enlarged chroma is cut to what the layout asks for.
        Opacity is the base alone; hidden colours do not mix with visible ones.
        """
        if self.scale == 4:
            return replace(self, scale=2)(self._doubled(frame), residual)
        parts = self._parts(frame, residual)
        return frame.with_planes(tuple(make(plane, add) for make, plane, add in parts))

    def both(self, frame: Frame, residual: Pixels | None) -> tuple[Frame, Frame]:
        """The base and the enhanced frame, enlarged once for the two."""
        if self.scale == 4:
            return replace(self, scale=2).both(self._doubled(frame), residual)
        parts = self._parts(frame, residual)
        pairs = [make.both(plane, add) for make, plane, add in parts]
        base, enhanced = zip(*pairs, strict=True)
        return frame.with_planes(base), frame.with_planes(enhanced)

    def _doubled(self, frame: Frame) -> Frame:
        return replace(self, scale=2)(frame, None)

    def _parts(
        self, frame: Frame, residual: Pixels | None
    ) -> Iterator["tuple[_Growth | _SameSize, Plane, _Addition | None]"]:
        """For each plane what makes it, of what, and what is added."""
        layout, kind = frame.layout, _SameSize if self.scale == 1 else _Growth
        size = frame.size.scaled(self.scale)
        sizes, sitings = layout.plane_sizes(size), layout.sited_left
        makers = (
            kind(layout.depth, wanted, left)
            for wanted, left in zip(sizes, sitings, strict=True)
        )
        adds = self._additions(frame, residual)
        yield from zip(makers, self._sources(frame), adds, strict=True)

    def _sources(self, frame: Frame) -> tuple[Plane, ...]:
        """What is grown: at the same size nothing mixes, so nothing needs filling."""
        if self.scale == 1 or not frame.layout.alpha:
            return frame.planes
        colours = len(frame.planes) - 1
        return (*revealed_planes(frame, colours), frame.planes[-1])

    def _additions(
        self, frame: Frame, residual: Pixels | None
    ) -> list[_Addition | None]:
        """For each plane what to add, at the size that the plane gets."""
        nothing: list[_Addition | None] = [None] * len(frame.planes)
        if residual is None or not self.strength:
            return nothing
        unit = self.strength * (1 << (FRACTION_BITS + frame.layout.depth - 8))
        if residual.shape[2] == 3:
            levels = plane_residuals(frame, residual, scale=self.scale, step=self.step)
            gains = [_Addition(np.rint(level * unit), 1, 0) for level in levels]
            return [*gains, *nothing[len(gains) :]]
        luma = _Addition(residual[..., 0], round(unit * self.step), ZERO_CODE)
        if frame.layout.family is Family.RGB:
            return [luma, luma, luma, *nothing[3:]]
        return [luma, *nothing[1:]]


@dataclass(frozen=True, slots=True)
class _Growth:
    """How one plane becomes larger."""

    depth: int
    size: Size
    sited_left: bool

    def __call__(self, plane: Plane, add: _Addition | None) -> Plane:
        out = self._room(plane)
        for rows, fixed in doubled_strips(plane, self.sited_left):
            self._fill(out[rows], fixed, add, rows)
        return out

    def both(self, plane: Plane, add: _Addition | None) -> tuple[Plane, Plane]:
        """Without what is added, and with it."""
        if add is None:
            out = self(plane, None)
            return out, out
        base, out = self._room(plane), self._room(plane)
        for rows, fixed in doubled_strips(plane, self.sited_left):
            self._fill(base[rows], fixed.copy(), None, rows)
            self._fill(out[rows], fixed, add, rows)
        return base, out

    def _room(self, plane: Plane) -> Plane:
        room: Plane = np.empty((self.size.height, self.size.width), plane.dtype)
        return room

    def _fill(
        self, wanted: Plane, fixed: Fixed, add: _Addition | None, rows: slice
    ) -> None:
        """Adds and rounds the part of the strip that is wanted. Overwrites `fixed`."""
        cv2, shape = opencv(), tuple(map(slice, wanted.shape))
        fixed = fixed[shape]
        if cv2 is not None and wanted.dtype == np.uint8:
            # Exact sums; half a unit more, and halves are rounded up as by `rounded`.
            codes, weight, offset = fixed, 0.0, 0.5 * _UNIT
            if add is not None:
                codes, weight = add.codes[rows][shape], add.weight * _UNIT
                offset -= add.zero * weight
            cv2.addWeighted(codes, weight, fixed, _UNIT, offset, wanted, cv2.CV_8U)
            return
        if add is not None:
            fixed += add.of(rows, fixed_type(wanted))[shape]
        rounded(fixed, self.depth, wanted)


@dataclass(frozen=True, slots=True)
class _SameSize:
    """How one plane stays as large as it is."""

    depth: int
    size: Size
    sited_left: bool

    def __call__(self, plane: Plane, add: _Addition | None) -> Plane:
        if add is None:
            return plane
        out: Plane = np.empty_like(plane, order="C")
        kind, count = fixed_type(plane), max(_STRIP_AREA // plane.shape[1], 1)
        for top in range(0, plane.shape[0], count):
            rows = slice(top, top + count)
            fixed = add.of(rows, kind)
            fixed += plane[rows] * kind(1 << FRACTION_BITS)
            rounded(fixed, self.depth, out[rows])
        return out

    def both(self, plane: Plane, add: _Addition | None) -> tuple[Plane, Plane]:
        """Without what is added, and with it."""
        return plane, self(plane, add)
