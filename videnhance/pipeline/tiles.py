"""The tiling scheduler: cells to rectangles, rectangles to patches, patches to batches.

A cell is what a plan decides on; a patch is what the network sees: a rectangle of cells
and the halo around it. Because the halo is the receptive field and patches end at the
frame's own edges, what is kept does not depend on how a frame is cut, to the bit, as
long as no row is longer than the network's `max_row_width`: beyond, other kernels may
compute.

Patches and batches come in few shapes. For each new shape an int8 engine compiles its
kernels, which takes as long as ten small patches and holds 2 MB.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise, product
from math import isqrt

import numpy as np
import numpy.typing as npt

from videnhance.frame import Pixels
from videnhance.frame.geometry import Region, Size
from videnhance.pipeline.plan import CELL, Fill, Plan

__all__ = [
    "ANY_WIDTH",
    "PATCH_AREA",
    "Batch",
    "Tile",
    "Tiling",
    "batches",
    "paste",
    "rectangles",
    "tiles_of",
]


ANY_WIDTH = 1 << 20
"""Wider than any frame."""
PATCH_AREA = 496 * 496
"""Input pixels: 16 MB of activations."""
_CELLS = 4
"""Along a side of a patch at most, unless it spans the frame there."""
_BATCH = 4
_BATCH_AREA = 80_000
"""Small patches in one call cost less each; large ones only leave the caches."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """How frames are cut."""

    halo: int
    """Input pixels around a tile that the network looks at."""
    patch_area: int = PATCH_AREA
    """Largest patch, and largest batch of small ones, in input pixels."""
    frames_ahead: int = 4
    """Frames whose tiles may wait for a full batch."""
    max_row_width: int = ANY_WIDTH
    """Input pixels of a patch's rows, if the cells allow it."""

    def batch(self, size: Size) -> int:
        """Patches of this size in a full batch."""
        return _BATCH if _BATCH * size.area <= min(_BATCH_AREA, self.patch_area) else 1


@dataclass(frozen=True, slots=True)
class Tile:
    """One patch of one frame: `core` is kept, `patch` is core and halo."""

    index: int
    """The frame's index."""
    core: Region
    patch: Region


@dataclass(frozen=True, slots=True)
class Batch:
    """Patches of one size, from one frame or several, and the plans they complete."""

    tiles: tuple[Tile, ...]
    pixels: Pixels = field(repr=False)
    """N x H x W x C; N = 0 when only plans are closed."""
    closes: tuple[Plan, ...]
    """Plans, in order, that have no tile in any later batch."""


def rectangles(wanted: npt.NDArray[np.bool_]) -> list[Region]:
    """Covers the wanted cells (rows x columns) with disjoint rectangles, in cells.

    Runs of a column are joined with the equal run to the left, so a full frame is one
    rectangle. Columns, because a tall patch is computed faster than a wide one.
    """
    open_runs: dict[tuple[int, int], Region] = {}
    done: list[Region] = []
    for x, column in enumerate(wanted.T):
        runs: dict[tuple[int, int], Region] = {}
        edges = np.flatnonzero(np.diff(column, prepend=False, append=False))
        for top, bottom in edges.reshape(-1, 2).tolist():
            beside = open_runs.pop((top, bottom), Region(x, top, 1, bottom - top))
            width = x + 1 - beside.x
            runs[top, bottom] = Region(beside.x, top, width, bottom - top)
        done.extend(open_runs.values())
        open_runs = runs
    return done + list(open_runs.values())


@dataclass(frozen=True, slots=True)
class _Side:
    """A side of a frame, along which regions are cut."""

    frame: int
    """Pixels."""
    core: int
    """The most pixels of a core that does not span the frame."""
    spans: bool
    """Whether a core may span the frame."""
    halo: int

    @property
    def unit(self) -> int:
        """Pixels that cores are whole multiples of, but at the frame's end."""
        return CELL if self.core >= CELL else 1

    @property
    def longest(self) -> int:
        """Pixels of the longest patch."""
        return self.frame if self.spans else self._patch(self.core)

    @property
    def computed(self) -> int:
        """Pixels of all patches, if the whole side is cut."""
        return sum(patch for *_, patch in self.cut(0, self.frame))

    def _patch(self, core: int) -> int:
        """Of a core. Short ones at the frame's end count as whole cells: their patch
        begins earlier, and is of a usual shape.
        """
        units = -(-core // self.unit)
        return min(units * self.unit + 2 * self.halo, self.frame)

    def cut(self, start: int, length: int) -> Iterator[tuple[int, int, int, int]]:
        """The start and length of each core, and of its patch."""
        if self.spans and length == self.frame:
            yield 0, length, 0, length
            return
        units, parts = -(-length // self.unit), -(-length // self.core)
        edges = [min(units * n // parts * self.unit, length) for n in range(parts + 1)]
        for first, last in pairwise(edges):
            patch = self._patch(last - first)
            before = min(max(start + first - self.halo, 0), self.frame - patch)
            yield start + first, last - first, before, patch


def _choices(frame: int, cells: range, *, spans: bool, halo: int) -> list[_Side]:
    """Ways to cut a side, long patches first: they are preferred of equals."""
    cores = [CELL * n for n in reversed(cells)]
    found = [_Side(frame, core, False, halo) for core in cores]
    return [_Side(frame, cores[0], True, halo), *found] if spans else found


@lru_cache(maxsize=64)
def _sides(frame: Size, tiling: Tiling) -> tuple[_Side, _Side]:
    """How to cut across and down: what computes least of what fits the bound."""
    halo, spans = tiling.halo, tiling.max_row_width >= frame.width
    wide = min(max((tiling.max_row_width - 2 * halo) // CELL, 1), _CELLS)
    down = _choices(frame.height, range(1, _CELLS + 1), spans=True, halo=halo)
    # Columns of one cell compute little, but slowly: only where nothing else fits.
    for narrowest in (min(wide, 2), 1):
        across = _choices(
            frame.width, range(narrowest, wide + 1), spans=spans, halo=halo
        )
        fitting = [
            (x, y)
            for x, y in product(across, down)
            if x.longest * y.longest <= tiling.patch_area
        ]
        if fitting:
            return min(fitting, key=lambda sides: sides[0].computed * sides[1].computed)
    least = max(isqrt(tiling.patch_area) - 2 * halo, 1)
    x, y = (_Side(n, least, False, halo) for n in (frame.width, frame.height))
    return x, y


def tiles_of(plan: Plan, tiling: Tiling) -> list[Tile]:
    """The patches that the network must see for this plan."""
    frame, found = plan.size, []
    across, down = _sides(frame, tiling)
    for cells in rectangles(plan.fills == Fill.NETWORK):
        region = cells.scaled(CELL).intersected(Region.of(frame))
        if region is None:
            continue
        for y, height, top, tall in down.cut(region.y, region.height):
            for x, width, left, wide in across.cut(region.x, region.width):
                core = Region(x, y, width, height)
                patch = Region(left, top, wide, tall)
                found.append(Tile(plan.frame.index, core, patch))
    return found


class _Collector:
    """Tiles that wait for others of their size, and the plans they belong to."""

    def __init__(self, tiling: Tiling) -> None:
        self.tiling = tiling
        self.waiting: dict[Size, list[tuple[Tile, Plan]]] = {}
        self.open: deque[Plan] = deque()
        self.left: dict[int, int] = {}

    def add(self, plan: Plan) -> Iterator[Batch]:
        """Takes a plan in; yields the batches that it fills."""
        tiles = tiles_of(plan, self.tiling)
        self.open.append(plan)
        self.left[plan.frame.index] = len(tiles)
        for tile in tiles:
            size = tile.patch.size
            group = self.waiting.setdefault(size, [])
            group.append((tile, plan))
            if len(group) == self.tiling.batch(size):
                yield from self._emitted(size, len(group))
        if self.open and self.left[self.open[0].frame.index] == 0:
            yield self._closing((), np.empty((0, 1, 1, 1), np.uint8))

    def flush_to(self, frames: int) -> Iterator[Batch]:
        """Emits waiting tiles until at most `frames` plans are open."""
        while len(self.open) > frames:
            oldest = self.open[0].frame.index
            sizes = [s for s, g in self.waiting.items() if g[0][0].index == oldest]
            for size in sizes:
                yield from self._emitted(size, 1)

    def _emitted(self, size: Size, count: int) -> Iterator[Batch]:
        """What waits, in batches of `count`; it must be a whole number of them."""
        group = self.waiting.pop(size)
        for start in range(0, len(group), count):
            yield self._batch(group[start : start + count])

    def _batch(self, group: list[tuple[Tile, Plan]]) -> Batch:
        for tile, _ in group:
            self.left[tile.index] -= 1
        pixels = np.stack([plan.seen[tile.patch.slices] for tile, plan in group])
        return self._closing(tuple(tile for tile, _ in group), pixels)

    def _closing(self, tiles: tuple[Tile, ...], pixels: Pixels) -> Batch:
        closed = []
        while self.open and self.left[self.open[0].frame.index] == 0:
            closed.append(self.open.popleft())
            del self.left[closed[-1].frame.index]
        return Batch(tiles, pixels, tuple(closed))


def batches(plans: Iterable[Plan], tiling: Tiling) -> Iterator[Batch]:
    """Groups the network's tiles of consecutive plans into batches of one patch size.

    Every plan is closed once, in order; at most `frames_ahead` plans are held open.
    """
    collector = _Collector(tiling)
    source, error = iter(plans), None
    while error is None:
        try:
            plan = next(source)
        except StopIteration:
            break
        except Exception as raised:
            error = raised  # not before the plans that are still open
        else:
            yield from collector.add(plan)
            yield from collector.flush_to(tiling.frames_ahead)
    yield from collector.flush_to(0)
    if error is not None:
        raise error


def paste(tile: Tile, patch: Pixels, *, scale: int, out: Pixels) -> None:
    """Copies the core of an enlarged patch into the enlarged frame."""
    core = tile.core.within(tile.patch).scaled(scale)
    out[tile.core.scaled(scale).slices] = patch[core.slices]
