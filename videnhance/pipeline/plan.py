"""Plans: for each cell of a frame, where its residual comes from.

A rule looks at one frame beside the one before it and fills the grid of cells. Cells
are of one size whatever the patches are, so batching does not change the result.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from videnhance.frame import Frame, Pixels
from videnhance.frame.geometry import Region, Size
from videnhance.pipeline.motion import Motion

__all__ = [
    "CELL",
    "ChangeDetector",
    "Fill",
    "FrameChange",
    "Pair",
    "Plan",
    "Rationed",
    "Rule",
    "detail",
    "every_nth",
    "grid",
    "nothing",
    "planned",
]

CELL = 64
"""Side of a cell in input pixels."""


class Fill(IntEnum):
    """Where the residual of a cell comes from."""

    NETWORK = 0
    """The network sees the cell now."""
    REUSED = 1
    """Cell and halo equal the last frame's bit for bit: its residual stays."""
    MOVED = 2
    """The last residual, moved along the motion and gated by the warp error."""
    BASE = 3
    """None: the base alone."""


Fills = npt.NDArray[np.uint8]
"""A `Fill` for each cell, rows x columns."""


@dataclass(frozen=True, slots=True)
class FrameChange:
    """What a frame, as a model sees it, has in common with the one before it."""

    frame: Frame
    seen: Pixels = field(repr=False)
    """H x W x C uint8."""
    unchanged: npt.NDArray[np.bool_]
    """Cells that equal the last frame's with their halo; none on the first frame."""
    motion: Motion | None
    """None on the first frame and where no one needs it."""
    first: bool = False
    """There is no frame before it, or none that counts."""

    @property
    def cut(self) -> bool:
        """Whether nothing leads from the last frame to this one."""
        return self.first or (self.motion is not None and self.motion.cut)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do for one frame."""

    frame: Frame
    seen: Pixels = field(repr=False)
    fills: Fills
    motion: Motion | None

    @property
    def size(self) -> Size:
        """Size of the frame."""
        return self.frame.size

    def count(self, fill: Fill) -> int:
        """Cells with this fill."""
        return int(np.count_nonzero(self.fills == fill))


Rule = Callable[[FrameChange, int], Fills]
"""Fills the cells of a change, given how many frames ago the start was."""

Pair = tuple[Frame, Pixels, Pixels | None, int]
"""A frame, its pixels, those of the one before it, and how many frames ago the start
was: the first frame, or the first of what can be done again on its own."""


def grid(size: Size) -> tuple[int, int]:
    """Rows and columns of cells that cover a frame."""
    return -(-size.height // CELL), -(-size.width // CELL)


def nothing(change: FrameChange, since: int) -> Fills:
    """The base everywhere."""
    del since
    return np.full(change.unchanged.shape, Fill.BASE, np.uint8)


_SPARE = 0.06
"""Of all cells: what the network sees on frames between two that it sees whole."""
_HARMLESS = 2.0
"""`Motion.harm` up to which a cell does without the network."""


def every_nth(count: int) -> Rule:
    """The network on every `count`th frame; between them the residual moves along.

    On the frames between, the network sees the cells too where the residual would be
    wrong and show it most, but never more than `_SPARE` of all: the time is saved,
    whatever the video shows.
    """

    def rule(change: FrameChange, since: int) -> Fills:
        fills = np.full(change.unchanged.shape, Fill.NETWORK, np.uint8)
        motion = change.motion
        if since % count and motion is not None and not motion.cut:
            fills[~_most_harmed(motion, count, since)] = Fill.MOVED
        fills[change.unchanged] = Fill.REUSED
        return fills

    return rule


def _most_harmed(motion: Motion, count: int, since: int) -> npt.NDArray[np.bool_]:
    """Cells for the network on a frame between: `_SPARE` of all in the long run."""
    share = _SPARE * count / (count - 1) * motion.harm.size
    most = int(share * (since + 1)) - int(share * since)
    worst = np.argsort(-motion.harm, axis=None, kind="stable")[:most]
    harmed = np.zeros(motion.harm.size, np.bool_)
    harmed[worst] = True
    return harmed.reshape(motion.harm.shape) & (motion.harm > _HARMLESS)


@dataclass(frozen=True, slots=True)
class ChangeDetector:
    """Compares a frame with the one before it."""

    halo: int
    reuse: bool
    """Look for unchanged cells."""
    motion: Callable[[Pixels, Pixels], Motion] | None
    """From the last and the present pixels; None: no one needs it."""
    every: int = 0
    """The network sees every such frame whole, so that nothing moves; 0: none."""

    def __call__(self, pair: Pair) -> FrameChange:
        """Compares a frame with the one before it."""
        frame, seen, last, since = pair
        unchanged = np.zeros(grid(frame.size), np.bool_)
        motion = None
        if last is not None and last.shape == seen.shape:
            if self.reuse:
                unchanged = unchanged_cells(last, seen, halo=self.halo)
            needed = not (self.every and since % self.every == 0)
            if self.motion is not None and needed and not unchanged.all():
                motion = self.motion(last, seen)
        return FrameChange(frame, seen, unchanged, motion, first=last is None)


def unchanged_cells(last: Pixels, seen: Pixels, *, halo: int) -> npt.NDArray[np.bool_]:
    """Cells whose pixels and halo equal the last frame's bit for bit.

    The middle row of each cell is compared first, all cells at once: on moving or noisy
    video that is the whole cost, so the comparison ends itself where it does not pay.
    """
    size = Size(seen.shape[1], seen.shape[0])
    rows, columns = grid(size)
    middles = np.minimum(np.arange(rows) * CELL + CELL // 2, size.height - 1)
    differs = (last[middles] != seen[middles]).any(axis=2)
    starts = np.arange(columns) * CELL
    unchanged = ~np.logical_or.reduceat(differs, starts, axis=1)
    for row, column in np.argwhere(unchanged).tolist():
        cell = Region(column * CELL, row * CELL, CELL, CELL)
        part = cell.grown(halo, size).slices
        unchanged[row, column] = np.array_equal(last[part], seen[part])
    return unchanged


def planned(changes: Iterable[FrameChange], rule: Rule) -> Iterator[Plan]:
    """Makes a plan of each change."""
    since = 0
    for change in changes:
        if change.first:
            since = 0
        motion = None if change.cut else change.motion
        yield Plan(change.frame, change.seen, rule(change, since), motion)
        since += 1


_STALEST = 100
"""Frames: what a cell counts for that the network has not seen for longer, or never."""
_BLOCK = 2
"""Cells along a side of those that are chosen together."""


@dataclass(slots=True)
class Rationed:
    """A rule: the network on at most `cells` cells, where it shows most.

    That is where there is detail, and where the network was longest ago; what motion
    does not explain counts as never seen. Neighbours are taken together, two by two: a
    cell alone costs twice as much. The others take the moved residual if motion
    explains them, and the base if not.
    """

    cells: int
    """May be set anew before each frame."""
    ages: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((0, 0), np.int64), repr=False
    )
    """Frames since the network saw each cell."""

    def __call__(self, change: FrameChange, since: int) -> Fills:
        """The fills of one change."""
        del since
        shape = change.unchanged.shape
        if change.cut or self.ages.shape != shape:
            self.ages = np.full(shape, _STALEST)
        fills = np.full(shape, Fill.BASE, np.uint8)
        if change.motion is not None and not change.cut:
            fills[change.motion.explained] = Fill.MOVED
        fills[change.unchanged] = Fill.REUSED
        self.ages[fills == Fill.BASE] = _STALEST
        self.ages += fills == Fill.MOVED
        fills[self._chosen(change)] = Fill.NETWORK
        np.clip(self.ages, 0, _STALEST, out=self.ages)
        self.ages[fills == Fill.NETWORK] = 0
        return fills

    def _chosen(self, change: FrameChange) -> npt.NDArray[np.bool_]:
        worth = self.ages * (1 + detail(change.seen))
        rows, columns = np.indices(worth.shape) // _BLOCK
        block = (rows * worth.shape[1] + columns).ravel()
        sums = np.bincount(block, worth.ravel())[block]
        order = np.lexsort((-worth.ravel(), block, -sums))
        order = order[worth.ravel()[order] > 0][: max(self.cells, 0)]
        chosen = np.zeros(worth.size, np.bool_)
        chosen[order] = True
        return chosen.reshape(worth.shape)


def detail(seen: Pixels) -> npt.NDArray[np.float64]:
    """How much neighbouring pixels of each cell differ, in grey levels, on average."""
    luma = seen[::2, :, seen.shape[2] // 2]
    steps = np.abs(np.diff(luma.astype(np.int16), axis=1, append=luma[:, -1:]))
    rows = np.add.reduceat(steps, np.arange(0, steps.shape[0], CELL // 2), axis=0)
    columns = np.arange(0, steps.shape[1], CELL)
    sums = np.add.reduceat(rows, columns, axis=1, dtype=np.int64)
    means: npt.NDArray[np.float64] = sums / (CELL * CELL // 2)
    return means
