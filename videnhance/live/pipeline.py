"""Runs a source and the engine behind it in threads: everything but the window."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from videnhance.frame.geometry import Size
from videnhance.live.budget import Enlargement, Reduced, affordable_area
from videnhance.live.captured import LiveSource, Trouble
from videnhance.live.engine import Engine, InOrder, Result
from videnhance.live.models import Models
from videnhance.live.options import LiveOptions
from videnhance.live.player import Player
from videnhance.pipeline.enhance import Settings
from videnhance.pipeline.motion import single_threaded_opencv
from videnhance.pipeline.ration import Budget
from videnhance.system.latest import Latest, Wait
from videnhance.system.memory import keep_freed_memory
from videnhance.system.threads import pool_of

__all__ = ["LivePipeline", "live_pipeline", "preview_pipeline"]


@dataclass(slots=True)
class LivePipeline:
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
    def settings(self) -> Settings:
        """What is chosen of the picture."""
        return self.engine.settings

    def choose(self, settings: Settings) -> None:
        """Changes the picture, the one that stands as well."""
        self.engine.settings = settings
        self.redo()

    def make_base(self, wanted: bool) -> None:
        """Has the plain enlargement made, or no more."""
        if self.engine.with_base is not wanted:
            self.engine.with_base = wanted
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
def live_pipeline(source: LiveSource, options: LiveOptions) -> Iterator[LivePipeline]:
    """A pipeline where the newest picture wins and the network is rationed.

    Leaving the block stops and joins everything. Raises ModelError.
    """
    with _engine_of(options, Budget()) as (engine, models):
        if options.by_time:
            rate = float(source.info.rate) if source.info else 0.0
            area = affordable_area(rate, engine.pool, workers=options.settings.workers)
            engine.enlargement = Enlargement(options.settings.scale, area)
        player = source if isinstance(source, Player) else None
        if options.area is not None:
            source = Reduced(source, options.area)
        with (
            Latest(source.captures, "source") as captures,
            Latest(partial(engine.results, captures), "engine") as results,
        ):
            yield LivePipeline(source, engine, models, results, player)


@contextmanager
def preview_pipeline(player: Player, options: LiveOptions) -> Iterator[LivePipeline]:
    """A pipeline for trying settings: every picture in order, nothing rationed."""
    with _engine_of(options, None) as (engine, models):

        def feed(wait: Wait) -> Iterator[Result | Trouble]:
            return engine.results(InOrder(player.captures(wait)), wait)

        with Latest(feed, "engine") as results:
            yield LivePipeline(player, engine, models, results, player, in_order=True)


@contextmanager
def _engine_of(
    options: LiveOptions, budget: Budget | None
) -> Iterator[tuple[Engine, Models]]:
    single_threaded_opencv()
    keep_freed_memory()
    workers = max(options.settings.workers, 1)
    with pool_of(workers) as pool:  # type: ignore[union-attr]  # more than 0
        lightens = options.lightens and budget is not None  # not in a preview
        models = Models(options.choices, pool, lightens)
        yield Engine(models, options.settings, pool=pool, budget=budget), models
