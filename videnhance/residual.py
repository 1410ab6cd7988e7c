"""The residual of a frame, put together from the network's patches and the last one."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from videnhance import motion, tiles
from videnhance.frame import ZERO_CODE, Pixels
from videnhance.motion import Weights
from videnhance.plan import CELL, Fill, Plan
from videnhance.tiles import Tile

__all__ = ["Carried", "assembled", "carried"]


@dataclass(frozen=True, slots=True)
class Carried:
    """The last residual where its pixels are now; needs nothing of the network."""

    residual: Pixels = field(repr=False)
    """2H x 2W x C codes."""
    weight: Weights = field(repr=False)
    """2H x 2W: how much of it goes in."""


def carried(ready: Plan, last: Pixels | None, fuse: float) -> Carried | None:
    """Moves the last residual along; None where the plan has no use for it.

    `fuse` is its share (0 to 1) in cells that the network sees.
    """
    if last is None or ready.motion is None:
        return None
    shares = np.zeros(len(Fill), np.uint8)
    shares[Fill.MOVED] = motion.FULL_TRUST
    shares[Fill.NETWORK] = round(motion.FULL_TRUST * fuse)
    share = shares[ready.fills]
    if not share.any():
        return None
    moved = motion.moved(last, ready.motion, 2)
    return Carried(moved, motion.weights(ready.motion, share, CELL, 2))


def assembled(
    ready: Plan,
    patches: Iterable[tuple[Tile, Pixels]],
    last: Pixels | None,
    brought: Carried | None,
) -> Pixels | None:
    """The residual (2H x 2W x C codes) of the plan's frame; None for the base alone.

    Patches are pasted, the moved last residual is blended in, and what did not change
    is copied.
    """
    fills = ready.fills
    if (fills == Fill.BASE).all():
        return None
    if last is not None and (fills == Fill.REUSED).all():
        return last
    height, width, channels = ready.seen.shape
    residual = np.full((2 * height, 2 * width, channels), ZERO_CODE, np.uint8)
    for tile, patch in patches:
        tiles.paste(tile, patch, 2, residual)
    if brought is not None:
        motion.blended(residual, brought.residual, brought.weight)
    if last is not None:
        for cells in tiles.rectangles(fills == Fill.REUSED):
            kept = cells.scaled(2 * CELL).slices
            residual[kept] = last[kept]
    return residual
