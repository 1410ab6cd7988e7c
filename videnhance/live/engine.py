"""Shots in, enhanced pictures out, each as soon as it can be and none too late."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from videnhance.frame import Frame
from videnhance.live.budget import Budget, Ration
from videnhance.live.captured import Shot, Trouble
from videnhance.live.enhancer import Enhanced, Enhancer, Wanted
from videnhance.live.models import Models
from videnhance.pipeline.compose import Composer
from videnhance.pipeline.enhance import Upscaler
from videnhance.pipeline.plan import Rationed, Rule, every_nth, nothing
from videnhance.system.latest import Wait
from videnhance.system.threads import Pool

__all__ = ["Engine", "InOrder", "Look", "Result", "Shots", "plain"]

_LOOK_SECONDS = 0.05
"""How often a wait for a shot looks whether it is still wanted."""
_USUAL_INTERVAL = 1 / 30
_RATE_FOLLOWS = 0.05
_KNOWN_AFTER = 45
"""Shots after which the interval is known well enough to judge the model by it."""
_LONGEST_INTERVAL = 0.5
"""Seconds between two pictures; slower sources leave the network time enough."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the user chooses of the picture; a new one replaces the old one whole."""

    scale: int = 2
    """1 (same size), 2, or 4 (twice in a row)."""
    strength: float = 1.0
    fuse: float = 0.3
    skip: int = 1
    """Of a preview: the network runs on every `skip`th frame."""
    base: bool = True
    """The plain enlargement is shown, too."""


@dataclass(frozen=True, slots=True)
class Result:
    """A shot and what became of it."""

    shot: Shot
    after: Frame = field(repr=False)
    before: Frame | None = field(repr=False)
    """The plain enlargement, if it was asked for."""
    passes: Sequence[Enhanced] = field(repr=False)
    """Each enlargement, with its cells."""
    ration: Ration | None
    """None if the network was not rationed."""
    model: str = ""
    scale: int = 2

    @property
    def nbytes(self) -> int:
        """Bytes held, which bound a queue."""
        return self.after.nbytes


class Shots(Protocol):
    """Where the engine takes its shots: `threads.Latest`, or anything with its face."""

    def take(self, seconds: float) -> Shot | Trouble | None:
        """The next one, waited for; None if none came."""
        ...

    @property
    def ended(self) -> bool:
        """Whether there will be no more."""
        ...


class Engine:
    """Enhances the shots of a source, one at a time.

    With `budget` the network gets what time allows; without it every frame gets what
    `Look.skip` says, however long that takes.
    """

    def __init__(
        self,
        models: Models,
        look: Look,
        pool: Pool | None,
        workers: int,
        budget: Budget | None,
    ) -> None:
        self.look = look
        self._interval = _USUAL_INTERVAL
        """Seconds between two pictures of the source."""
        self._models, self._budget = models, budget
        self._pool, self._workers = pool, workers
        self._enhancers: list[Enhancer] = []
        self._ration = Rationed(0)
        self._redo = False
        self._shots = 0
        self.held = False
        """Whether new shots are passed over, because the picture stands."""
        self._last: Shot | None = None

    def redo(self) -> None:
        """Gives the present shot once more, with what is chosen now."""
        self._redo = True

    def results(self, shots: Shots, wait: Wait) -> Iterator[Result | Trouble]:
        """A result for each shot that is taken, until closing or the source's end."""
        while not wait(0):
            shot = shots.take(_LOOK_SECONDS)
            if self.held and isinstance(shot, Shot) and self._last is not None:
                shot = None
            if shot is None and self._redo and self._last is not None:
                shot = replace(self._last, again=True)
            self._redo = False
            if isinstance(shot, Shot):
                yield self.result(shot)
            elif shot is not None:
                yield shot
            elif shots.ended:
                return

    def result(self, shot: Shot) -> Result:
        """One shot, enhanced."""
        look = self.look
        upscaler, words = self._models.current()
        self._prepare(upscaler, 2 if look.scale == 4 else 1)
        if self._last is not None and shot.run != self._last.run:
            for enhancer in self._enhancers:
                enhancer.forget()
        self._follow(shot)
        self._shots += 1
        if self._shots == _KNOWN_AFTER:
            size = shot.frame.size
            pixels = size.width * size.height
            self._models.fit(pixels, self._interval, self._workers)
        ration, rule, wanted = self._plan(look)
        passes = self._passes(shot, rule, wanted)
        if self._budget is not None:
            self._budget.learn(passes[0].cost, self._interval)
        after, before = passes[-1].frame, passes[0].base
        if before is not None and look.scale == 4:
            before = plain(before, 2)
        return Result(shot, after, before, passes, ration, words, look.scale)

    def _prepare(self, upscaler: Upscaler, count: int) -> None:
        """Enhancers for the passes; another model knows nothing of earlier frames."""
        fitting = [e for e in self._enhancers if e.upscaler is upscaler]
        if len(fitting) != count:
            if self._enhancers and self._budget is not None:
                self._budget = Budget()  # what was learnt is of another model
            make = (Enhancer(upscaler, self._pool, self._workers) for _ in range(count))
            self._enhancers = list(make)

    def _plan(self, look: Look) -> tuple[Ration | None, Rule, Wanted]:
        wanted = Wanted(
            strength=look.strength,
            fuse=look.fuse,
            enlarge=look.scale != 1,
            moves=look.strength > 0 and (look.skip > 1 or look.fuse > 0),
            fine=look.skip > 1,
            base=look.base,
        )
        if not look.strength:
            return None, nothing, wanted
        if self._budget is None:
            return None, every_nth(look.skip), wanted
        ration = self._budget.ration
        self._ration.cells = ration.cells
        fuse = look.fuse if ration.moves else 0.0
        return ration, self._ration, replace(wanted, fuse=fuse, moves=ration.moves)

    def _passes(self, shot: Shot, rule: Rule, wanted: Wanted) -> list[Enhanced]:
        frame, passes = shot.frame, []
        for enhancer in self._enhancers:
            passes.append(enhancer(frame, rule, wanted, shot.again))
            frame = passes[-1].frame
        return passes

    def _follow(self, shot: Shot) -> None:
        """Measures the source's interval, over the shots that were dropped as well."""
        if shot.again:
            return
        last, self._last = self._last, shot
        if last is None or shot.run != last.run or shot.number <= last.number:
            return
        seconds = (shot.captured - last.captured) / (shot.number - last.number)
        seconds = min(max(seconds, 0.001), _LONGEST_INTERVAL)
        self._interval += _RATE_FOLLOWS * (seconds - self._interval)


def plain(frame: Frame, scale: int) -> Frame:
    """The frame enlarged without the network; a scale of 1 gives it as it is."""
    for _ in range(scale // 2):
        frame = Composer(1.0, 0.0)(frame, None)
    return frame


class InOrder:
    """Shots for an engine that must see every one; taken in the engine's thread."""

    def __init__(self, shots: Iterator[Shot | Trouble]) -> None:
        self._shots = shots
        self.ended = False

    def take(self, seconds: float) -> Shot | Trouble | None:
        """The next one, however long that takes."""
        del seconds
        shot = next(self._shots, None)
        self.ended = shot is None
        return shot
