"""The tiling scheduler: cells to rectangles, rectangles to patches, patches to batches.

A cell is what a plan decides on; a patch is what the network sees: a rectangle of cells
and the halo around it. Because the halo is the receptive field and patches end at the
frame's own edges, what is kept of a patch equals a whole-frame run, to the bit.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from videnhance.frame import Pixels
from videnhance.plan import CELL, Fill, Plan
from videnhance.region import Region, Size

__all__ = ["PATCH_AREA", "Batch", "Tile", "Tiling", "batches", "paste", "rectangles"]


PATCH_AREA = 496 * 496
"""Input pixels: a 640x360 frame is one patch and has no halo; 16 MB of activations."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """How frames are cut."""

    halo: int
    """Input pixels around a tile that the network looks at."""
    patch_area: int = PATCH_AREA
    """Largest patch, and largest batch of small ones, in input pixels."""
    frames_ahead: int = 4
    """Frames whose tiles may wait for a full batch."""


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

    Runs of a row are joined with the equal run above, so a full frame is one rectangle.
    """
    open_runs: dict[tuple[int, int], Region] = {}
    done: list[Region] = []
    for y, row in enumerate(wanted):
        runs: dict[tuple[int, int], Region] = {}
        edges = np.flatnonzero(np.diff(row, prepend=False, append=False))
        for left, right in edges.reshape(-1, 2).tolist():
            above = open_runs.pop((left, right), Region(left, y, right - left, 1))
            runs[left, right] = Region(left, above.y, above.width, y + 1 - above.y)
        done.extend(open_runs.values())
        open_runs = runs
    return done + list(open_runs.values())


def _cut(length: int, parts: int) -> list[tuple[int, int]]:
    """Start and length of `parts` pieces as equal as can be."""
    edges = [length * n // parts for n in range(parts + 1)]
    return [(a, b - a) for a, b in pairwise(edges)]


def _split(region: Region, frame: Size, tiling: Tiling) -> list[Region]:
    """Cuts a region into equal parts whose patches fit, with the least halo in all."""
    across, down = _counts(region.size, frame, tiling)
    return [
        Region(region.x + x, region.y + y, width, height)
        for y, height in _cut(region.height, down)
        for x, width in _cut(region.width, across)
    ]


@lru_cache(maxsize=4096)
def _counts(size: Size, frame: Size, tiling: Tiling) -> tuple[int, int]:
    """How many parts across and down; as small as can be where none fits."""
    best, least = (size.width, size.height), None
    for across in range(1, size.width + 1):
        patch_width = min(-(-size.width // across) + 2 * tiling.halo, frame.width)
        height = tiling.patch_area // patch_width
        if height < min(1 + 2 * tiling.halo, frame.height):
            continue
        part_height = max(height - 2 * tiling.halo, 1)
        whole = min(size.height + 2 * tiling.halo, frame.height) <= height
        down = 1 if whole else -(-size.height // part_height)
        area = (size.width + 2 * tiling.halo * across) * (
            size.height + 2 * tiling.halo * down
        )
        if least is None or area < least:
            best, least = (across, down), area
        if down == 1:
            break
    return best


def tiles_of(plan: Plan, tiling: Tiling) -> list[Tile]:
    """The patches that the network must see for this plan."""
    frame = plan.size
    found = []
    for cells in rectangles(plan.fills == Fill.NETWORK):
        region = cells.scaled(CELL).intersected(Region.of(frame))
        if region is not None:
            for core in _split(region, frame, tiling):
                patch = core.grown(tiling.halo, frame)
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
            if (len(group) + 1) * size.area > self.tiling.patch_area:
                yield self._emitted(size)
        if self.open and self.left[self.open[0].frame.index] == 0:
            yield self._closing((), np.empty((0, 1, 1, 1), np.uint8))

    def flush_to(self, frames: int) -> Iterator[Batch]:
        """Emits waiting tiles until at most `frames` plans are open."""
        while len(self.open) > frames:
            oldest = self.open[0].frame.index
            sizes = [s for s, g in self.waiting.items() if g[0][0].index == oldest]
            for size in sizes:
                yield self._emitted(size)

    def _emitted(self, size: Size) -> Batch:
        group = self.waiting.pop(size)
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


def paste(tile: Tile, patch: Pixels, scale: int, out: Pixels) -> None:
    """Copies the core of an enlarged patch into the enlarged frame."""
    core = tile.core.within(tile.patch).scaled(scale)
    out[tile.core.scaled(scale).slices] = patch[core.slices]
