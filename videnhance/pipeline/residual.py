"""Assembles the residual of a frame from the network's patches and the last one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import numpy as np

from videnhance.frame import ZERO_CODE, Pixels
from videnhance.pipeline import motion, tiles
from videnhance.pipeline.plan import CELL, Fill, Plan
from videnhance.pipeline.tiles import Tile

__all__ = ["Carried", "assembled", "carried_of", "carrying"]


@dataclass(frozen=True, slots=True)
class Carried:
    """What the last residual (sH x sW x C) gives; needs nothing of the network."""

    last: Pixels | None = field(repr=False)
    """None: it was nothing everywhere."""
    moved: Pixels | None = field(repr=False)
    """Where its pixels are now, in rows of cells that need it; None: in none."""
    fuse: float
    """Share of it (0 to 1) in cells that the network sees."""


def carried_of(ready: Plan, last: Pixels | None, fuse: float) -> Carried:
    """Moves the last residual along where the plan has a use for it."""
    carried, tasks = carrying(ready, last, fuse, bands=1)
    for task in tasks:
        task()
    return carried


def carrying(
    ready: Plan, last: Pixels | None, fuse: float, *, bands: int
) -> tuple[Carried, list[Callable[[], None]]]:
    """The same, and the tasks that move it, one for each band of rows."""
    moves, wanted = ready.motion, ready.fills == Fill.MOVED
    if fuse:
        wanted |= ready.fills == Fill.NETWORK
    used = np.flatnonzero(wanted.any(axis=1))
    if last is None or moves is None or not used.size:
        return Carried(last, None, fuse), []
    moved, height = np.empty_like(last), ready.seen.shape[0]
    scale = last.shape[0] // height

    def fill(rows: tuple[int, int]) -> None:
        part = slice(scale * rows[0], scale * rows[1])
        moved[part] = motion.moved(last, moves, scale, rows)

    first, count = CELL * int(used[0]), CELL * int(used[-1] + 1 - used[0])
    edges = [min(first + count * n // bands // 2 * 2, height) for n in range(bands + 1)]
    tasks: list[Callable[[], None]] = [
        partial(fill, rows) for rows in pairwise(edges) if rows[0] < rows[1]
    ]
    return Carried(last, moved, fuse), tasks


def assembled(
    ready: Plan,
    patches: Iterable[tuple[Tile, Pixels]],
    carried: Carried,
    *,
    scale: int = 2,
) -> Pixels | None:
    """The residual (sH x sW x C codes) of the plan's frame; None for the base alone.

    `scale` (s) is 1 where patches are no larger than what the network saw. Patches are
    pasted, and what was moved along or did not change is taken over.
    """
    fills, last, moved = ready.fills, carried.last, carried.moved
    if (fills == Fill.BASE).all():
        return None
    if last is not None and (fills == Fill.REUSED).all():
        return last
    if moved is None or carried.fuse:  # fused cells need both: it is not written over
        height, width, channels = ready.seen.shape
        residual = np.empty((scale * height, scale * width, channels), np.uint8)
    else:
        residual = moved
    for tile, patch in patches:
        tiles.paste(tile, patch, scale=scale, out=residual)
    if moved is not None and carried.fuse:
        _fuse(ready, residual, moved, share=carried.fuse)
    for fill, source in ((Fill.MOVED, moved), (Fill.REUSED, last), (Fill.BASE, None)):
        if source is not residual:
            for cells in tiles.rectangles(fills == fill):
                part = cells.scaled(scale * CELL).slices
                residual[part] = ZERO_CODE if source is None else source[part]
    return residual


def _fuse(ready: Plan, residual: Pixels, moved: Pixels, *, share: float) -> None:
    """Draws the cells that the network saw towards the moved residual."""
    assert ready.motion is not None
    scale = residual.shape[0] // ready.seen.shape[0]
    fused = motion.fused(residual, moved, ready.motion, share=share, scale=scale)
    for cells in tiles.rectangles(ready.fills == Fill.NETWORK):
        part = cells.scaled(scale * CELL).slices
        residual[part] = fused[part]
