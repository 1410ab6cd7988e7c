"""A source, the engine behind it and the threads between: everything but the window."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from videnhance.geometry import Size
from videnhance.live.budget import Budget
from videnhance.live.captured import LiveSource, Trouble
from videnhance.live.engine import Engine, InOrder, Look, Result
from videnhance.live.models import Models
from videnhance.live.player import Player
from videnhance.live.work_size import Reduced, affordable_area
from videnhance.models.runtime import Choice
from videnhance.pipeline.motion import load_opencv
from videnhance.system.latest import Latest, Wait
from videnhance.system.memory import keep_freed_memory
from videnhance.system.threads import pool_of

__all__ = ["Stage", "preview_stage", "stage"]

_USUAL_RATE = 30.0


@dataclass(slots=True)
class Stage:
    """What runs behind a window, and how it is told what to do."""

    source: LiveSource
    engine: Engine
    models: Models
    results: "Latest[Result | Trouble]"
    player: Player | None
    """Of a file: it can be told to pause and where to go."""
    in_order: bool = False
    """Whether every picture of the file counts, as in a preview."""

    @property
    def paused(self) -> bool:
        """Whether the picture stands."""
        return self.player.paused if self.player else self.engine.held

    @property
    def at_end(self) -> bool:
        """Whether the source has come to its end."""
        return self.results.ended or bool(self.player and self.player.at_end)

    @property
    def look(self) -> Look:
        """What is chosen of the picture."""
        return self.engine.look

    def choose(self, look: Look) -> None:
        """Changes the picture, the one that stands as well."""
        self.engine.look = look
        self.redo()

    def redo(self) -> None:
        """Makes the present picture anew, if no other one is coming."""
        if self.in_order and self.player is not None:
            self.player.repeat()
        else:
            self.engine.redo()

    def next_model(self) -> None:
        """Changes to the next model, as soon as it is loaded."""
        self.models.next()
        self.redo()

    def toggle_pause(self) -> None:
        """Stops the picture, or lets it go on."""
        if self.player is not None:
            self.player.paused = not self.player.paused
        else:
            self.engine.held = not self.engine.held

    def native_size(self, size: Size) -> Size:
        """The size that the source's pictures come in; `size` is what is worked on."""
        inner = self.source.source if isinstance(self.source, Reduced) else self.source
        return inner.info.size if inner.info else size


@contextmanager
def stage(
    source: LiveSource,
    choices: Sequence[Choice],
    look: Look,
    workers: int,
    area: int | None = None,
    lightens: bool = False,
) -> Iterator[Stage]:
    """A live stage: the newest picture wins, the network is rationed.

    Frames have at most `area` pixels; None leaves that to what the machine can do. With
    `lightens` the second model takes over where the first is too slow for whole frames.
    Leaving the block stops and joins everything. Raises ModelError.
    """
    _prepare()
    with pool_of(max(workers, 1)) as pool:  # type: ignore[union-attr]  # more than 0
        models = Models(choices, pool, lightens)
        if area is None:
            rate = float(source.info.rate) if source.info else 0.0
            area = affordable_area(rate or _USUAL_RATE, pool, workers)
        reduced = Reduced(source, area)
        engine = Engine(models, look, pool, workers, Budget())
        with Latest(reduced.shots, "source") as shots:

            def feed(wait: Wait) -> Iterator[Result | Trouble]:
                return engine.results(shots, wait)

            with Latest(feed, "engine") as results:
                player = source if isinstance(source, Player) else None
                yield Stage(reduced, engine, models, results, player)


@contextmanager
def preview_stage(
    player: Player, choices: Sequence[Choice], look: Look, workers: int
) -> Iterator[Stage]:
    """A stage for trying settings: every picture in order, nothing rationed."""
    _prepare()
    with pool_of(max(workers, 1)) as pool:  # type: ignore[union-attr]  # more than 0
        models = Models(choices, pool)
        engine = Engine(models, look, pool, workers, None)

        def feed(wait: Wait) -> Iterator[Result | Trouble]:
            return engine.results(InOrder(player.shots(wait)), wait)

        with Latest(feed, "engine") as results:
            yield Stage(player, engine, models, results, player, in_order=True)


def _prepare() -> None:
    load_opencv().setNumThreads(1)  # workers share the cores already
    keep_freed_memory()


def with_base(look: Look, base: bool) -> Look:
    """The same look, with the plain enlargement or without."""
    return look if look.base is base else replace(look, base=base)
