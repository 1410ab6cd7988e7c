"""Assembles the residual of a frame from the network's patches and the last one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import numpy as np

from videnhance.frame import ZERO_CODE, Pixels
from videnhance.pipeline import motion, tiles
from videnhance.pipeline.motion import Weights
from videnhance.pipeline.plan import CELL, Fill, Plan
from videnhance.pipeline.tiles import Tile

__all__ = ["WarpedResidual", "assembled", "warp_tasks", "warped_residual"]


@dataclass(frozen=True, slots=True)
class WarpedResidual:
    """The last residual where its pixels are now; needs nothing of the network."""

    residual: Pixels = field(repr=False)
    """sH x sW x C codes, at `s` times the size of the frame."""
    weight: Weights = field(repr=False)
    """sH x sW: how much of it goes in."""


def warped_residual(
    ready: Plan, last: Pixels | None, *, fuse: float
) -> WarpedResidual | None:
    """Moves the last residual along; None where the plan has no use for it.

    `fuse` is its share (0 to 1) in cells that the network sees.
    """
    warped, tasks = warp_tasks(ready, last, fuse=fuse, bands=1)
    for task in tasks:
        task()
    return warped


def warp_tasks(
    ready: Plan, last: Pixels | None, *, fuse: float, bands: int
) -> tuple[WarpedResidual | None, list[Callable[[], None]]]:
    """The same, and the tasks that fill it, one for each band of rows."""
    moves = ready.motion
    if last is None or moves is None:
        return None, []
    shares = np.zeros(len(Fill), np.uint8)
    shares[Fill.MOVED] = motion.FULL_TRUST
    shares[Fill.NETWORK] = round(motion.FULL_TRUST * fuse)
    share = shares[ready.fills]
    if not share.any():
        return None, []
    warped = WarpedResidual(np.empty_like(last), np.empty(last.shape[:2], np.uint8))
    height = ready.seen.shape[0]
    scale = last.shape[0] // height

    def fill(rows: tuple[int, int]) -> None:
        part = slice(scale * rows[0], scale * rows[1])
        warped.residual[part] = motion.moved(last, moves, scale, rows)
        warped.weight[part] = motion.weights(moves, share, CELL, scale, rows)

    edges = [height * n // bands for n in range(bands + 1)]
    return warped, [partial(fill, rows) for rows in pairwise(edges)]


def assembled(
    ready: Plan,
    patches: Iterable[tuple[Tile, Pixels]],
    *,
    last: Pixels | None,
    warped: WarpedResidual | None,
    scale: int = 2,
) -> Pixels | None:
    """The residual (sH x sW x C codes) of the plan's frame; None for the base alone.

    `scale` (s) is 1 where patches are no larger than what the network saw. Patches are
    pasted, the moved last residual is blended in, and what did not change is copied.
    """
    fills = ready.fills
    if (fills == Fill.BASE).all():
        return None
    if last is not None and (fills == Fill.REUSED).all():
        return last
    height, width, channels = ready.seen.shape
    shape = scale * height, scale * width, channels
    residual = np.full(shape, ZERO_CODE, np.uint8)
    for tile, patch in patches:
        tiles.paste(tile, patch, scale=scale, out=residual)
    if warped is not None:
        motion.blended(residual, warped.residual, warped.weight)
    if last is not None:
        for cells in tiles.rectangles(fills == Fill.REUSED):
            kept = cells.scaled(scale * CELL).slices
            residual[kept] = last[kept]
    return residual
