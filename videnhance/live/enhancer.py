"""One enlargement with one frame under way: all workers on the same frame.

The pipeline of `enhance` keeps several frames in flight, which is right for a file and
wrong for a window. The stages are the same.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from videnhance import motion
from videnhance.colour import seen_by
from videnhance.compose import Composer
from videnhance.enhance import Upscaler
from videnhance.frame import Family, Frame, Pixels
from videnhance.live.budget import Cost
from videnhance.plan import CELL, Fill, Plan, Rule, Sight, Sighting
from videnhance.residual import Carried, assembled, carried
from videnhance.resize import Plane
from videnhance.threads import Meter, Pool, ordered_map
from videnhance.tiles import Tile, Tiling, tiles_of

__all__ = ["Enhanced", "Enhancer", "Wanted", "composing", "joined", "together"]

_PATCH_AREA = 208 * 208
"""Input pixels: three by three cells with their halo. Small enough for the caches, and
enough patches for all workers."""

T = TypeVar("T")
_Part = tuple[Tile, Pixels, float]
"""A patch that the network has seen, and the seconds that took."""


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
        seen = seen_by(self.upscaler.channels, frame)
        sight, moving = self._sight(frame, seen, last, wanted)
        since = 0 if sight.cut else last.since
        fills = rule(sight, since)
        known = None if sight.cut else sight.motion
        plan = Plan(frame, seen, fills, known)
        residual, network = self._residual(plan, last.residual, wanted.fuse)
        shown, base = self._composed(frame, residual, wanted)
        self._before, self._memory = last, _Memory(seen, residual, since + 1)
        cells = plan.count(Fill.NETWORK)
        total = time.perf_counter() - began
        return Enhanced(shown, base, fills, Cost(cells, network, moving, total))

    def _sight(
        self, frame: Frame, seen: Pixels, last: _Memory, wanted: Wanted
    ) -> tuple[Sight, float]:
        began = time.perf_counter()
        analyse = partial(motion.analysed, cell=CELL, fine=wanted.fine)
        moves = wanted.moves and wanted.strength > 0
        # What lies before a jump or a new size leads nowhere.
        fits = last.seen is not None and last.seen.shape == seen.shape
        sighting = Sighting(self.upscaler.halo, True, analyse if moves else None)
        sight = sighting((frame, seen, last.seen if fits else None))
        seconds = time.perf_counter() - began
        return sight, seconds if sight.motion is not None else 0.0

    def _residual(
        self, plan: Plan, last: Pixels | None, fuse: float
    ) -> tuple[Pixels | None, float]:
        """The residual, and the network's part of the seconds."""
        tiling = Tiling(self.upscaler.halo, _PATCH_AREA)
        moved: list[Carried | None] = []
        tasks: list[Callable[[], _Part | None]] = [
            lambda: moved.append(carried(plan, last, fuse))
        ]
        tasks += [partial(self._part, plan, tile) for tile in tiles_of(plan, tiling)]
        parts = [part for part in together(tasks, self._pool) if part is not None]
        patches = [(tile, patch) for tile, patch, _ in parts]
        busy = sum(seconds for _, _, seconds in parts)
        residual = assembled(plan, patches, last, moved[0])
        return residual, busy / min(self._workers, max(len(parts), 1))

    def _part(self, plan: Plan, tile: Tile) -> _Part:
        began = time.perf_counter()
        patch = self.upscaler(plan.seen[tile.patch.slices][None])[0]
        return tile, patch, time.perf_counter() - began

    def _composed(
        self, frame: Frame, residual: Pixels | None, wanted: Wanted
    ) -> tuple[Frame, Frame | None]:
        step, enlarge = self.upscaler.step, wanted.enlarge
        tasks = composing(
            Composer(step, wanted.strength, enlarge), frame, residual, self._workers
        )
        bands = len(tasks)
        # The residual of a luma model leaves the other planes as they are.
        others = () if self.upscaler.channels == 3 else other_planes(frame)
        if wanted.base:
            plain = Composer(step, 0.0, enlarge)
            part = luma_of(frame) if others else frame
            tasks += composing(plain, part, None, self._workers)
        parts = together(tasks, self._pool)
        shown = joined(frame, parts[:bands])
        if not wanted.base:
            return shown, None
        if not others:
            return shown, joined(frame, parts[bands:])
        luma = joined(luma_of(frame), parts[bands:])
        return shown, shown.with_planes((*luma.planes, *shown.planes[1:]))


def other_planes(frame: Frame) -> tuple[Plane, ...]:
    """The planes that a luma residual does not touch, if the first is luma alone."""
    layout = frame.layout
    return frame.planes[1:] if layout.family is Family.YUV and not layout.alpha else ()


def luma_of(frame: Frame) -> Frame:
    """The luma as a frame of its own."""
    layout = replace(frame.layout, family=Family.GRAY, chroma_shift=(0, 0))
    return replace(frame, layout=layout, planes=frame.planes[:1])


_OVERLAP = 4
"""Rows of the frame to each side of a band: more than enlarging looks at."""


def composing(
    composer: Composer, frame: Frame, residual: Pixels | None, count: int
) -> list[Callable[[], tuple[Plane, ...]]]:
    """Tasks that compose `count` bands of a frame; `joined` makes one frame of them."""
    height = frame.size.height
    # Bands begin at whole chroma samples, whatever the layout.
    edges = [height * n // count // 4 * 4 for n in range(count)] + [height]
    edges = sorted(set(edges))
    return [partial(_band, composer, frame, residual, rows) for rows in pairwise(edges)]


def _band(
    composer: Composer, frame: Frame, residual: Pixels | None, rows: tuple[int, int]
) -> tuple[Plane, ...]:
    """The composed planes of these rows of the frame."""
    height = frame.size.height
    first, last = max(rows[0] - _OVERLAP, 0), min(rows[1] + _OVERLAP, height)
    planes = tuple(_cut(plane, height, first, last) for plane in frame.planes)
    part = None if residual is None else residual[2 * first : 2 * last]
    made = composer(frame.with_planes(planes), part)
    scale = 2 if composer.enlarge else 1
    inner = scale * (rows[0] - first), scale * (rows[1] - first)
    whole = scale * (last - first)
    return tuple(_cut(plane, whole, *inner) for plane in made.planes)


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
