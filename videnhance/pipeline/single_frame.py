"""Enhances one frame at a time, with all workers on the same frame.

`enhance` keeps several frames in flight, which is right for a file and wrong for a
window. The stages are the same.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from videnhance.frame import Frame, Pixels
from videnhance.pipeline.bands import composing, joined
from videnhance.pipeline.colour import model_input
from videnhance.pipeline.compose import Composer
from videnhance.pipeline.enhance import Settings, composer_of, detector_of, network_of
from videnhance.pipeline.grain import with_grain
from videnhance.pipeline.plan import Fill, Plan, Rule
from videnhance.pipeline.residual import assembled, carrying
from videnhance.pipeline.tiles import Tile, Tiling, tiles_of
from videnhance.pipeline.upscaler import Upscaler
from videnhance.system.threads import Meter, Pool, ordered_map

__all__ = ["Enhanced", "FrameEnhancer", "together"]

_PATCH_AREA = 360 * 340
"""Input pixels: half a frame of 640 x 360, so that two workers have the same to do and
the overlap of patches is small."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Enhanced:
    """A frame, enhanced."""

    frame: Frame
    base: Frame | None
    """The plain enlargement, if it was asked for."""
    fills: npt.NDArray[np.uint8] = field(repr=False)
    """Where each cell's residual came from."""
    seconds: float
    """What it took, on the clock."""

    def count(self, *fills: Fill) -> int:
        """Cells with any of these fills."""
        return int(np.isin(self.fills, fills).sum())


@dataclass(frozen=True, slots=True)
class _Memory:
    """What travels from frame to frame."""

    seen: Pixels | None = field(default=None, repr=False)
    residual: Pixels | None = field(default=None, repr=False)
    since: int = 0
    """Frames since the start."""
    scale: int = 2
    """Of the residual."""


class FrameEnhancer:
    """Enhances frames one after the other."""

    def __init__(self, upscaler: Upscaler, pool: Pool | None, workers: int) -> None:
        self.upscaler = upscaler
        self._pool, self._workers = pool, max(workers, 1)
        self._before = self._memory = _Memory()

    def forget(self) -> None:
        """The next frame has nothing to do with those before it."""
        self._before = self._memory = _Memory()

    def __call__(
        self,
        frame: Frame,
        settings: Settings,
        *,
        rule: Rule,
        moves: bool | None = None,
        base: bool = False,
        again: bool = False,
    ) -> Enhanced:
        """The frame, enhanced as the rule plans, with the plain enlargement if `base`.

        `moves`: look for motion whatever the settings need. `again`: it is the same
        frame as the last time, and is compared with the one before it once more.
        """
        began = time.perf_counter()
        last = self._before if again else self._memory
        seen = model_input(self.upscaler.channels, frame)
        network = network_of(self.upscaler, settings)
        # What lies before a jump or a new size leads nowhere.
        fits = last.seen is not None and last.seen.shape == seen.shape
        fits = fits and last.scale == network.scale
        detector = detector_of(self.upscaler, settings, moves=moves)
        since = last.since if fits else 0
        change = detector((frame, seen, last.seen if fits else None, since))
        motion = None if change.cut else change.motion
        plan = Plan(frame, seen, rule(change, since), motion)
        residual = self._residual(plan, last.residual, network, fuse=settings.fuse)
        composer = composer_of(network, settings)
        shown_residual, share = residual, settings.grain
        if share and residual is not None:
            shown_residual = with_grain(residual, seen, share=share, step=network.step)
        plain, shown = self._composed(frame, shown_residual, composer, with_base=base)
        self._before = last
        self._memory = _Memory(seen, residual, since + 1, network.scale)
        seconds = time.perf_counter() - began
        return Enhanced(shown, plain, plan.fills, seconds)

    def _residual(
        self, plan: Plan, last: Pixels | None, network: Upscaler, *, fuse: float
    ) -> Pixels | None:
        carried, tasks = carrying(plan, last, fuse, bands=self._workers)
        patches: list[tuple[Tile, Pixels]] = []

        def see(tile: Tile) -> None:
            seen = plan.seen[tile.patch.slices]
            patches.append((tile, network(seen[None])[0]))

        tiling = Tiling(network.halo, _PATCH_AREA, max_row_width=network.max_row_width)
        tasks += [partial(see, tile) for tile in tiles_of(plan, tiling)]
        together(tasks, self._pool)
        scale = network.scale
        return assembled(plan, patches, carried, scale=scale)

    def _composed(
        self,
        frame: Frame,
        residual: Pixels | None,
        composer: Composer,
        *,
        with_base: bool,
    ) -> tuple[Frame | None, Frame]:
        """The base, if it is asked for, and the enhanced frame."""
        same = composer.scale == 1
        if same and (residual is None or not composer.strength):
            return frame if with_base else None, frame
        bands = composing(
            composer,
            frame,
            residual=residual,
            count=self._workers,
            with_base=with_base and not same,
        )
        made = zip(*together(bands, self._pool), strict=True)
        *bases, shown = (joined(frame, parts) for parts in made)
        base = frame if same else next(iter(bases), None)
        return base if with_base else None, shown


def together(tasks: Sequence[Callable[[], T]], pool: Pool | None) -> list[T]:
    """Runs all the tasks, beside each other if there is a pool; results in order."""
    return list(
        ordered_map(
            lambda task: task(),
            iter(tasks),
            pool=pool,
            ahead=len(tasks) + 1,
            meter=Meter(),
        )
    )
