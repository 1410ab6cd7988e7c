"""The pipeline: frames in, enhanced frames out, same number, same times.

    frames -> changes -> plans -> batches -> upscaler -> residual -> composer -> frames

Each stage is an iterator; `threads` decides what runs beside what. With zero workers it
is the same lines inline, and the same pixels.
"""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from videnhance.frame import Frame, Pixels
from videnhance.options.bounds import check
from videnhance.pipeline import motion, plan, tiles
from videnhance.pipeline.colour import model_input
from videnhance.pipeline.compose import Composer
from videnhance.pipeline.grain import with_grain
from videnhance.pipeline.pace import Pacer
from videnhance.pipeline.plan import CELL, Fill, Plan
from videnhance.pipeline.report import Report
from videnhance.pipeline.residual import assembled, carried_of
from videnhance.pipeline.tiles import Batch, Tile, Tiling
from videnhance.pipeline.upscaler import SameSize, Upscaler
from videnhance.system.threads import (
    Pool,
    ordered_map,
    pool_of,
    prefetch,
)

__all__ = [
    "Settings",
    "composer_of",
    "detector_of",
    "enhanced",
    "enhanced_ahead",
    "network_of",
    "passes_of",
    "rule_of",
]

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user chooses of the pipeline."""

    scale: int = 2
    """1 (same size), 2, or 4 (twice)."""
    strength: float = 1.0
    skip: int = 1
    """The network runs on every `skip`th frame."""
    fuse: float = 0.0
    """Share of the moved residual where the motion is trusted; 0 = network alone."""
    reuse: bool = True
    """Keep the residual of cells that did not change, bit for bit."""
    workers: int = 2
    """Threads for network, motion and composing; 0 = inline."""
    patch_area: int = tiles.PATCH_AREA
    queue_bytes: int = 32 << 20
    """Bound of the queue after the reader and of the one before the writer."""
    segment_frames: int = 0
    """What travels between frames starts afresh at every such frame; 0 = never."""
    begin: Callable[[Frame], Frame] | None = None
    """What is done with each frame at first, such as laying it on black."""
    finish: Callable[[Frame], Frame] | None = None
    """What is done with each enhanced frame at last, such as resizing."""
    pacer: Pacer | None = None
    """Rations the network so that a schedule is kept; what comes out depends on it."""
    grain: float = 0.0
    """Share of the grain that the network takes that comes back."""

    def __post_init__(self) -> None:
        check(scale=self.scale, strength=self.strength, skip=self.skip)
        check(fuse=self.fuse, workers=self.workers, grain=self.grain)

    @property
    def moves(self) -> bool:
        """Whether any residual is moved, which needs motion and OpenCV."""
        needed = self.skip > 1 or self.fuse > 0 or self.pacer is not None
        return self.strength > 0 and needed


def enhanced(
    frames: Iterator[Frame], upscaler: Upscaler, settings: Settings, report: Report
) -> Generator[Frame]:
    """The frames, enhanced; one for one, in order. Counts into `report`.

    Closing the iterator stops and joins every thread.
    """
    if settings.moves:
        motion.single_threaded_opencv()
    network = network_of(upscaler, settings)
    with ExitStack() as stack:
        pool = pool_of(settings.workers)
        if pool is not None:
            stack.enter_context(pool)
        queue_bytes = settings.queue_bytes if pool is not None else 0
        line = prefetch(_counted(frames, report), queue_bytes, meter=report.reading)
        stack.enter_context(closing(line))
        if settings.pacer is not None:
            line = settings.pacer.taken(line)
            stack.enter_context(closing(line))
        ahead = settings.workers + 1
        if settings.begin is not None:
            line = ordered_map(
                settings.begin, line, pool=pool, ahead=ahead, meter=report.working
            )
            stack.enter_context(closing(line))
        passes = passes_of(network, settings)
        for number in range(passes):
            line = _Pass(network, settings, report, pool, number, passes).run(line)
            # Entered last, closed first: a stage stops before the one that feeds it.
            stack.enter_context(closing(line))
        if settings.finish is not None:
            line = ordered_map(
                settings.finish, line, pool=pool, ahead=ahead, meter=report.working
            )
            stack.enter_context(closing(line))
        if settings.pacer is not None:
            line = settings.pacer.given(line)
            stack.enter_context(closing(line))
        for frame in line:
            report.frames_out += 1
            yield frame


def enhanced_ahead(
    frames: Iterator[Frame], upscaler: Upscaler, *, settings: Settings, report: Report
) -> Generator[Frame]:
    """The same, in a thread that runs ahead of the caller, who encodes."""
    line = enhanced(frames, upscaler, settings, report)
    ahead = settings.queue_bytes if settings.workers else 0
    with closing(prefetch(line, ahead, meter=report.writing)) as finished:
        yield from finished


def _counted(frames: Iterator[Frame], report: Report) -> Iterator[Frame]:
    for frame in frames:
        report.frames_in += 1
        yield frame


def detector_of(
    upscaler: Upscaler, settings: Settings, *, moves: bool | None = None
) -> plan.ChangeDetector:
    """How each frame is compared with the last; `moves` overrules the settings."""
    moves = settings.moves if moves is None else moves
    analyse = partial(motion.analysed, cell=CELL)
    # With fusion an unchanged cell keeps its fused residual by definition.
    reuse = settings.strength > 0 and (settings.reuse or moves)
    every = 0 if settings.fuse or settings.skip == 1 else settings.skip
    return plan.ChangeDetector(upscaler.halo, reuse, analyse if moves else None, every)


def rule_of(settings: Settings) -> plan.Rule:
    """Which cells the network sees where time does not matter."""
    return plan.every_nth(settings.skip) if settings.strength else plan.nothing


def network_of(upscaler: Upscaler, settings: Settings) -> Upscaler:
    """What gives the residuals: where frames keep their size, means of its codes."""
    network = upscaler.at(settings.scale)
    return SameSize(network) if settings.scale == 1 < network.scale else network


def passes_of(network: Upscaler, settings: Settings) -> int:
    """How often frames go through a network, as `network_of` gives it."""
    return 2 if network.scale < settings.scale else 1


def composer_of(network: Upscaler, settings: Settings) -> Composer:
    """What adds the residuals of this network, as `network_of` gives it."""
    return Composer(network.step, settings.strength, scale=network.scale)


@dataclass(slots=True)
class _Pass:
    """One enlargement: the stages, and the residual that travels between frames."""

    upscaler: Upscaler
    settings: Settings
    report: Report
    pool: Pool | None
    number: int = 0
    """Of so many passes."""
    passes: int = 1
    residual: Pixels | None = None
    waiting: dict[int, list[tuple[Tile, Pixels]]] = field(default_factory=dict)
    """Enlarged patches of frames that still miss some, by frame index."""

    def run(self, frames: Iterator[Frame]) -> Generator[Frame]:
        """Chains the stages."""
        settings, workers = self.settings, self.settings.workers
        changes = self._map(self._detector(), self._pairs(frames), ahead=workers + 1)
        pacer = settings.pacer
        rule = pacer.rule(self.number, self.passes) if pacer else rule_of(settings)
        plans = plan.planned(changes, rule)
        tiling = Tiling(
            self.upscaler.halo,
            settings.patch_area,
            max_row_width=self.upscaler.max_row_width,
        )
        work = tiles.batches(plans, tiling)
        done = self._map(self._upscaled, work, ahead=3 * workers)
        finished = self._finished(done)
        yield from self._map(self._composed, finished, ahead=workers + 1)

    def _composed(self, pair: tuple[Frame, Pixels | None]) -> Frame:
        frame, residual = pair
        network, settings = self.upscaler, self.settings
        if settings.grain and residual is not None:
            seen = model_input(network.channels, frame)
            share, step = settings.grain, network.step
            residual = with_grain(residual, seen, share=share, step=step)
        return composer_of(network, settings)(frame, residual)

    def _map(
        self, function: Callable[[T], R], items: Iterator[T], *, ahead: int
    ) -> Iterator[R]:
        return ordered_map(
            function, items, pool=self.pool, ahead=ahead, meter=self.report.working
        )

    def _detector(self) -> Callable[[plan.Pair], plan.FrameChange]:
        settings, pacer = self.settings, self.settings.pacer
        if pacer is None:
            return detector_of(self.upscaler, settings)
        moving, still = (
            detector_of(self.upscaler, settings, moves=moves) for moves in (True, False)
        )
        return lambda pair: (moving if pacer.moves else still)(pair)

    def _pairs(self, frames: Iterator[Frame]) -> Iterator[plan.Pair]:
        last, since, segment = None, 0, self.settings.segment_frames
        if self.settings.pacer is not None:
            segment = 0  # what is done again differs in any case
        for frame in frames:
            seen = model_input(self.upscaler.channels, frame)
            if segment and not frame.index % segment:
                # Or what is done again after a crash would differ.
                last, since = None, 0
            yield frame, seen, last, since
            last, since = seen, since + 1

    def _upscaled(self, batch: Batch) -> tuple[Batch, Pixels, float]:
        began = time.thread_time()
        patches = self.upscaler(batch.pixels) if batch.tiles else batch.pixels
        return batch, patches, time.thread_time() - began

    def _finished(
        self, done: Iterator[tuple[Batch, Pixels, float]]
    ) -> Iterator[tuple[Frame, Pixels | None]]:
        """Collects patches until a plan is complete; gives its frame and residual."""
        for batch, patches, seconds in done:
            self.report.add("network", seconds)
            for tile, patch in zip(batch.tiles, patches, strict=True):
                self.waiting.setdefault(tile.index, []).append((tile, patch))
            for ready in batch.closes:
                for fill in Fill:
                    name = fill.name.lower()
                    count = self.report.cells.get(name, 0) + ready.count(fill)
                    self.report.cells[name] = count
                self.residual = self._residual_of(ready)
                self._tell_pacer(ready)
                yield ready.frame, self.residual

    def _tell_pacer(self, ready: Plan) -> None:
        pacer = self.settings.pacer
        if pacer is not None:
            pacer.count(ready)
            if self.number == self.passes - 1:
                pacer.learn(ready.frame.index)

    def _residual_of(self, ready: Plan) -> Pixels | None:
        """The residual of one frame, from its patches and the last frame's residual."""
        patches, last = self.waiting.pop(ready.frame.index, []), self.residual
        fuse, scale = self.settings.fuse, self.upscaler.scale
        carried = carried_of(ready, last, fuse)
        return assembled(ready, patches, carried, scale=scale)
