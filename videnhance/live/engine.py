"""Enhances captured frames, each as soon as it can be and none too late."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Protocol

from videnhance.frame import Frame
from videnhance.frame.geometry import Size
from videnhance.live.budget import Enlargement
from videnhance.live.captured import CapturedFrame, Trouble
from videnhance.live.models import Models
from videnhance.models.runtime import Network
from videnhance.pipeline.compose import Composer
from videnhance.pipeline.enhance import Settings, network_of, passes_of, rule_of
from videnhance.pipeline.plan import Fill, Rationed, grid
from videnhance.pipeline.ration import Budget, Cost, Mode, Ration, is_too_dear
from videnhance.pipeline.single_frame import Enhanced, FrameEnhancer
from videnhance.pipeline.upscaler import Upscaler
from videnhance.system.latest import Wait
from videnhance.system.threads import Pool

__all__ = ["Captures", "Engine", "InOrder", "Result", "plain"]

_LOOK_SECONDS = 0.05
"""How often a wait for a capture looks whether it is still wanted."""
_USUAL_INTERVAL = 1 / 30
_RATE_FOLLOWS = 0.05
_KNOWN_AFTER = 45
"""Captures after which the interval is known well enough to judge the model by it."""
_COMPILED_AFTER = 6
"""Frames, after which a network is as fast as it will be."""
_FREE = 0.6
"""Of the workers' time, that a network may have beside base, screen and decoder for
whole frames to be worth a trial."""
_LONGEST_INTERVAL = 0.5
"""Seconds between two pictures; slower sources leave the network time enough."""


@dataclass(frozen=True, slots=True)
class Result:
    """A captured frame and what became of it."""

    capture: CapturedFrame
    after: Frame = field(repr=False)
    before: Frame | None = field(repr=False)
    """The plain enlargement, if it was asked for."""
    passes: Sequence[Enhanced] = field(repr=False)
    """Each enlargement, with its cells."""
    ration: Ration | None
    """None if the network was not rationed."""
    model: str = ""
    scale: int = 2
    size_words: str = ""
    """Why it has this size."""

    @property
    def nbytes(self) -> int:
        """Bytes held, which bound a queue."""
        return self.after.nbytes


class Captures(Protocol):
    """Where the engine takes its frames: `Latest`, or anything with its methods."""

    def take(self, seconds: float) -> CapturedFrame | Trouble | None:
        """The next one, waited for; None if none came."""

    @property
    def ended(self) -> bool:
        """Whether there will be no more."""


class Engine:
    """Enhances the frames of a source, one at a time.

    With `budget` the network gets what time allows; without it every frame gets what
    the settings say, however long that takes.
    """

    def __init__(
        self,
        models: Models,
        settings: Settings,
        *,
        pool: Pool | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.settings = settings
        """May be replaced at any time, from another thread."""
        self.enlargement = Enlargement(settings.scale)
        """What decides the scale, whatever the settings say."""
        self.with_base = True
        """Whether the plain enlargement is made, too."""
        self.held = False
        """Whether new captures are passed over, because the picture stands."""
        self._interval = _USUAL_INTERVAL
        """Seconds between two pictures of the source."""
        self._models, self._budget, self.pool = models, budget, pool
        self._enhancers: list[FrameEnhancer] = []
        self._rationed = Rationed(0)
        self._redo = False
        self._untold = 0
        """Frames whose cost is not learnt from: a network compiles its kernels."""
        self._count = 0
        self._last: CapturedFrame | None = None

    def redo(self) -> None:
        """Gives the present capture once more, with what is chosen now."""
        self._redo = True

    def results(self, captures: Captures, wait: Wait) -> Iterator[Result | Trouble]:
        """A result for each capture taken, until closing or the source's end."""
        while not wait(0):
            capture = captures.take(_LOOK_SECONDS)
            if self._last is not None:
                if self.held and isinstance(capture, CapturedFrame):
                    capture = None
                if capture is None and self._redo:
                    capture = replace(self._last, again=True)
            self._redo = False
            if isinstance(capture, CapturedFrame):
                yield self.result(capture)
            elif capture is not None:
                yield capture
            elif captures.ended:
                return

    def result(self, capture: CapturedFrame) -> Result:
        """One capture, enhanced."""
        size = capture.frame.size
        settings = replace(self.settings, scale=self.enlargement.scale(size))
        upscaler, model = self._models.current()
        self._prepare(upscaler, settings, size)
        if self._last is not None and capture.run != self._last.run:
            for enhancer in self._enhancers:
                enhancer.forget()
        self._follow(capture)
        self._count += 1
        if self._count == _KNOWN_AFTER:
            self._models.fit(size.area, self._interval, settings.workers)
        ration = self._budget.ration if self._budget and settings.strength else None
        passes = self._passes(capture, settings, ration=ration)
        if self._untold:
            self._untold -= 1
        elif self._budget is not None:
            cost, interval = _cost_of(passes[0]), self._interval
            self._budget.learn(cost, interval)
            self.enlargement.learn(size, cost, ration=ration, interval=interval)
        before = passes[0].base
        if before is not None and len(passes) > 1:
            before = plain(before, 2)
        after, scale = passes[-1].frame, settings.scale
        words = self.enlargement.words(scale)
        return Result(capture, after, before, passes, ration, model, scale, words)

    def _prepare(self, upscaler: Upscaler, settings: Settings, size: Size) -> None:
        """Enhancers for the passes; another model knows nothing of earlier frames."""
        count = passes_of(network_of(upscaler, settings), settings)
        fitting = [e for e in self._enhancers if e.upscaler is upscaler]
        if len(fitting) != count:
            if self._budget is not None and isinstance(upscaler, Network):
                self._budget = self._first_budget(upscaler, settings, size)
                self._untold = _COMPILED_AFTER
            elif self._enhancers and self._budget is not None:
                self._budget = Budget()  # what was learnt is of another model
            self._enhancers = [
                FrameEnhancer(upscaler, self.pool, settings.workers)
                for _ in range(count)
            ]

    def _first_budget(self, network: Network, settings: Settings, size: Size) -> Budget:
        """Whole frames, which are worth most, where the network's speed allows them."""
        speed, share = network.megapixels_per_second, _FREE * settings.workers
        if is_too_dear(speed, size.area, self._interval, share=share):
            return Budget()
        return Budget(cells=float(size.area), mode=Mode.ALONE)

    def _passes(
        self, capture: CapturedFrame, settings: Settings, *, ration: Ration | None
    ) -> list[Enhanced]:
        rule, moves = rule_of(settings), None
        if ration is not None:
            # Where the network sees everything, there is nothing to move.
            whole = ration.cells >= prod(grid(capture.frame.size))
            moves = ration.moves and (settings.fuse > 0 or not whole)
            rule, self._rationed.cells = self._rationed, ration.cells
            if not moves:
                settings = replace(settings, fuse=0.0)
        frame, passes, base = capture.frame, list[Enhanced](), self.with_base
        for enhancer in self._enhancers:
            done = enhancer(
                frame, settings, rule=rule, moves=moves, base=base, again=capture.again
            )
            passes.append(done)
            frame = done.frame
        return passes

    def _follow(self, capture: CapturedFrame) -> None:
        """Measures the source's interval, over the captures that were dropped, too."""
        if capture.again:
            return
        last, self._last = self._last, capture
        if last is None or capture.run != last.run or capture.number <= last.number:
            return
        seconds = (capture.captured - last.captured) / (capture.number - last.number)
        seconds = min(max(seconds, 0.001), _LONGEST_INTERVAL)
        self._interval += _RATE_FOLLOWS * (seconds - self._interval)


def _cost_of(done: Enhanced) -> Cost:
    left = done.count(Fill.MOVED, Fill.BASE)
    return Cost(done.count(Fill.NETWORK), done.seconds, left)


def plain(frame: Frame, scale: int) -> Frame:
    """The frame enlarged without the network; a scale of 1 gives it as it is."""
    for _ in range(scale // 2):
        frame = Composer(1.0, 0.0)(frame, None)
    return frame


class InOrder:
    """Captures for an engine that must see each; taken in the engine's thread."""

    def __init__(self, captures: Iterator[CapturedFrame | Trouble]) -> None:
        self._captures = captures
        self.ended = False

    def take(self, seconds: float) -> CapturedFrame | Trouble | None:
        """The next one, however long that takes."""
        del seconds
        capture = next(self._captures, None)
        self.ended = capture is None
        return capture
