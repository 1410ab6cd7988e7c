"""One enlargement with one frame under way: all workers on the same frame.

The pipeline of `enhance` keeps several frames in flight, which is right for a file and
wrong for a window. The stages are the same.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from videnhance.frame import Frame, Pixels, Plane
from videnhance.live.budget import Cost
from videnhance.pipeline import motion
from videnhance.pipeline.colour import model_input
from videnhance.pipeline.compose import Composer
from videnhance.pipeline.enhance import Upscaler
from videnhance.pipeline.plan import (
    CELL,
    ChangeDetector,
    Fill,
    FrameChange,
    Plan,
    Rule,
)
from videnhance.pipeline.residual import assembled, warp_tasks
from videnhance.pipeline.tiles import Tile, Tiling, tiles_of
from videnhance.system.threads import Meter, Pool, ordered_map

__all__ = ["Enhanced", "Enhancer", "Wanted", "composing", "joined", "together"]

_PATCH_AREA = 208 * 208
"""Input pixels: small enough for the caches, and enough patches for all workers."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is done to a frame."""

    strength: float = 1.0
    fuse: float = 0.0
    """Share of the last residual where the network runs; needs `moves`."""
    enlarge: bool = True
    moves: bool = True
    """Look for motion, and move the last residual along."""
    fine: bool = False
    """Look for motion more closely, which costs more."""
    base: bool = False
    """Give the plain enlargement, too."""


@dataclass(frozen=True, slots=True)
class Enhanced:
    """A frame, enhanced."""

    frame: Frame
    base: Frame | None
    fills: npt.NDArray[np.uint8] = field(repr=False)
    """Where each cell's residual came from."""
    cost: Cost


@dataclass(frozen=True, slots=True)
class _Memory:
    """What travels from frame to frame."""

    seen: Pixels | None = field(default=None, repr=False)
    residual: Pixels | None = field(default=None, repr=False)
    since: int = 0
    """Frames since the last cut or start."""


class Enhancer:
    """Enhances frames one after the other."""

    def __init__(self, upscaler: Upscaler, pool: Pool | None, workers: int) -> None:
        self.upscaler = upscaler
        self._pool, self._workers = pool, max(workers, 1)
        self._before = self._memory = _Memory()

    def forget(self) -> None:
        """The next frame has nothing to do with those before it."""
        self._before = self._memory = _Memory()

    def __call__(
        self, frame: Frame, rule: Rule, wanted: Wanted, again: bool = False
    ) -> Enhanced:
        """The frame, enhanced as the rule plans.

        `again`: it is the same frame as the last time, and is seen beside the one
        before it once more.
        """
        began = time.perf_counter()
        last = self._before if again else self._memory
        seen = model_input(self.upscaler.channels, frame)
        change = self._change(frame, seen, last, wanted)
        since = 0 if change.cut else last.since
        fills = rule(change, since)
        known = None if change.cut else change.motion
        plan = Plan(frame, seen, fills, known)
        residual = self._residual(plan, last.residual, wanted.fuse)
        shown, base = self._composed(frame, residual, wanted)
        self._before, self._memory = last, _Memory(seen, residual, since + 1)
        left = plan.count(Fill.MOVED) + plan.count(Fill.BASE)
        seconds = time.perf_counter() - began
        cost = Cost(plan.count(Fill.NETWORK), seconds, left)
        return Enhanced(shown, base, fills, cost)

    def _change(
        self, frame: Frame, seen: Pixels, last: _Memory, wanted: Wanted
    ) -> FrameChange:
        analyse = partial(motion.analysed, cell=CELL, fine=wanted.fine)
        moves = wanted.moves and wanted.strength > 0
        # What lies before a jump or a new size leads nowhere.
        fits = last.seen is not None and last.seen.shape == seen.shape
        detector = ChangeDetector(self.upscaler.halo, True, analyse if moves else None)
        return detector((frame, seen, last.seen if fits else None))

    def _residual(self, plan: Plan, last: Pixels | None, fuse: float) -> Pixels | None:
        warped, tasks = warp_tasks(plan, last, fuse, self._workers)
        patches: list[tuple[Tile, Pixels]] = []

        def see(tile: Tile) -> None:
            seen = plan.seen[tile.patch.slices]
            patches.append((tile, self.upscaler(seen[None])[0]))

        halo, max_row_width = self.upscaler.halo, self.upscaler.max_row_width
        tiling = Tiling(halo, _PATCH_AREA, max_row_width=max_row_width)
        tasks += [partial(see, tile) for tile in tiles_of(plan, tiling)]
        together(tasks, self._pool)
        return assembled(plan, patches, last, warped)

    def _composed(
        self, frame: Frame, residual: Pixels | None, wanted: Wanted
    ) -> tuple[Frame, Frame | None]:
        """The enhanced frame, and the base if it is wanted."""
        composer = Composer(self.upscaler.step, wanted.strength, wanted.enlarge)
        bands = composing(composer, frame, residual, self._workers, wanted.base)
        made = zip(*together(bands, self._pool), strict=True)
        *bases, shown = (joined(frame, parts) for parts in made)
        return shown, bases[0] if bases else None


_OVERLAP = 4
"""Rows of the frame to each side of a band: more than enlarging looks at."""


def composing(
    composer: Composer,
    frame: Frame,
    residual: Pixels | None,
    count: int,
    with_base: bool = False,
) -> list[Callable[[], list[tuple[Plane, ...]]]]:
    """Tasks that compose `count` bands of a frame; `joined` makes one frame of them.

    A task gives the planes of the enhanced band; `with_base`, those of the base first.
    """
    height = frame.size.height
    # Bands begin at whole chroma samples, whatever the layout.
    edges = [height * n // count // 4 * 4 for n in range(count)] + [height]
    edges = sorted(set(edges))

    def compose(part: Frame, codes: Pixels | None) -> tuple[Frame, ...]:
        return composer.both(part, codes) if with_base else (composer(part, codes),)

    scale = 2 if composer.enlarge else 1
    band = partial(_band, compose, scale, frame, residual)
    return [partial(band, rows) for rows in pairwise(edges)]


def _band(
    compose: Callable[[Frame, Pixels | None], tuple[Frame, ...]],
    scale: int,
    frame: Frame,
    residual: Pixels | None,
    rows: tuple[int, int],
) -> list[tuple[Plane, ...]]:
    """The planes of these rows of the frame, of each frame that `compose` gives."""
    height = frame.size.height
    first, last = max(rows[0] - _OVERLAP, 0), min(rows[1] + _OVERLAP, height)
    planes = tuple(_cut(plane, height, first, last) for plane in frame.planes)
    part = None if residual is None else residual[2 * first : 2 * last]
    inner = scale * (rows[0] - first), scale * (rows[1] - first)
    whole = scale * (last - first)
    return [
        tuple(_cut(plane, whole, *inner) for plane in made.planes)
        for made in compose(frame.with_planes(planes), part)
    ]


def _cut(plane: Plane, height: int, first: int, last: int) -> Plane:
    """These rows of a frame of this height, in one of its planes."""
    shift = 0 if plane.shape[0] == height else 1
    while shift and -(-height >> shift) > plane.shape[0]:
        shift += 1
    return plane[first >> shift : -(-last >> shift)]


def joined(frame: Frame, bands: Sequence[tuple[Plane, ...]]) -> Frame:
    """The frame's moment with planes of these bands, from top to bottom."""
    if len(bands) == 1:
        return frame.with_planes(bands[0])
    planes = (np.concatenate(parts) for parts in zip(*bands, strict=True))
    return frame.with_planes(tuple(planes))


def together(tasks: Sequence[Callable[[], T]], pool: Pool | None) -> list[T]:
    """Runs all the tasks, beside each other if there is a pool; results in order."""
    return list(
        ordered_map(lambda task: task(), iter(tasks), pool, len(tasks) + 1, Meter())
    )
