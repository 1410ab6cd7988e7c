"""One frame at a time: the pipeline's pixels, bounded age, a budget that is kept."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pytest
import torch

from tests.frames import (
    YUV420,
    Weave,
    assert_same_frames,
    noise,
    pan,
)
from videnhance.errors import ModelError
from videnhance.frame import Frame, Pixels
from videnhance.frame.geometry import Size
from videnhance.live import models as models_module
from videnhance.live.budget import Enlargement
from videnhance.live.captured import CapturedFrame, Trouble
from videnhance.live.engine import Engine, InOrder, Result, plain
from videnhance.live.models import Models
from videnhance.live.stats import Stats
from videnhance.models.card import find_card
from videnhance.models.choice import Choice
from videnhance.models.runtime import Network
from videnhance.pipeline import motion
from videnhance.pipeline.enhance import Settings, enhanced
from videnhance.pipeline.motion import Motion
from videnhance.pipeline.plan import CELL, Fill
from videnhance.pipeline.ration import Budget, Cost, Mode, Ration
from videnhance.pipeline.report import Report
from videnhance.pipeline.tiles import ANY_WIDTH
from videnhance.pipeline.upscaler import Bicubic, Upscaler
from videnhance.system.latest import Latest, Wait
from videnhance.system.threads import pool_of

pytestmark = [pytest.mark.opencv]
SIZE = Size(150, 134)


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Models:
    """A stand-in for the first model, another one for the second."""
    made: list[tuple[Upscaler, str]] = [(Weave(), "weave"), (Bicubic(), "flat")]
    names = {"default": made[0], "other": made[1]}
    monkeypatch.setattr(models_module, "_loaded", lambda choice: names[choice.model])
    return Models([Choice(), Choice("other")], None)


def captures_of(frames: list[Frame]) -> list[CapturedFrame]:
    """The frames, one every 40 ms of long ago."""
    return [CapturedFrame(f, 0.04 * n, n, 0.04 * n) for n, f in enumerate(frames)]


@pytest.mark.parametrize("skip", [1, 2])
@pytest.mark.parametrize("fuse", [0.0, 0.3])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_preview_shows_what_a_conversion_makes(
    models: Models, skip: int, fuse: float, workers: int
) -> None:
    frames = pan(5, SIZE, 3, 1, YUV420)
    settings = Settings(skip=skip, fuse=fuse, workers=0)
    wanted = list(enhanced(iter(frames), Weave(), settings, Report()))
    pool = pool_of(workers)
    engine = Engine(models, replace(settings, workers=workers), pool=pool)
    got = [engine.result(capture) for capture in captures_of(frames)]
    assert_same_frames([r.after for r in got], wanted)
    base = list(
        enhanced(iter(frames), Weave(), replace(settings, strength=0.0), Report())
    )
    assert_same_frames([r.before for r in got if r.before], base)
    if pool is not None:
        pool.shutdown()


@pytest.mark.parametrize("scale", [1, 4])
def test_other_scales_are_those_of_a_conversion(models: Models, scale: int) -> None:
    frames = pan(3, Size(70, 66), 1, 0, YUV420)
    settings = Settings(scale=scale, workers=0)
    wanted = list(enhanced(iter(frames), Weave(), settings, Report()))
    engine = Engine(models, settings)
    got = [engine.result(capture) for capture in captures_of(frames)]
    assert_same_frames([r.after for r in got], wanted)
    assert got[0].before is not None
    assert_same_frames([got[0].before], [plain(frames[0], scale)])


def test_a_new_size_starts_afresh(models: Models) -> None:
    engine = Engine(models, Settings(workers=1), budget=Budget())
    frames = [noise(SIZE, YUV420), noise(Size(70, 66), YUV420, 1)]
    results = [engine.result(capture) for capture in captures_of(frames)]
    assert [r.after.size for r in results] == [f.size.scaled(2) for f in frames]


@pytest.mark.parametrize(("fuse", "cells"), [(0.0, 2), (0.3, 99), (0.0, 99)])
def test_motion_is_looked_for_only_where_something_may_move(
    models: Models, fuse: float, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, known = [], motion.analysed

    def analysed(last: Pixels, seen: Pixels, cell: int) -> Motion:
        looked.append(seen)
        return known(last, seen, cell)

    monkeypatch.setattr(motion, "analysed", analysed)
    engine = Engine(models, Settings(fuse=fuse, workers=0), budget=Budget(cells=cells))
    for capture in captures_of(pan(3, SIZE, 1, 0, YUV420)):
        engine.result(capture)
    assert len(looked) == (0 if fuse == 0 and cells == 99 else 2)


# The size of what is shown.

LARGE, OWN, TWICE = Size(1280, 720), 1, 2
LATE, QUICK = Cost(0, 0.033, 240), Cost(240, 0.010)
NOTHING, ALL = Ration(0, moves=False), Ration(240, moves=True)


def learnt(enlargement: Enlargement, cost: Cost, ration: Ration, frames: int) -> int:
    """The scale after so many frames."""
    for _ in range(frames):
        enlargement.learn(LARGE, cost, ration=ration, interval=1 / 30)
    return enlargement.scale(LARGE)


def test_what_cannot_be_doubled_in_time_keeps_its_size() -> None:
    enlargement = Enlargement(2, 640 * 480)
    assert [*map(enlargement.scale, (Size(640, 480), LARGE))] == [TWICE, OWN]
    assert Enlargement(2).scale(LARGE) == TWICE
    assert "as chosen" in Enlargement(2).words(TWICE)
    assert "twice takes too long" in enlargement.words(OWN)


def test_a_machine_that_gets_busy_no_longer_doubles_and_tries_again_later() -> None:
    enlargement = Enlargement(2, LARGE.area)
    assert learnt(enlargement, LATE, ALL, 200) == TWICE  # the network goes first
    assert learnt(enlargement, LATE, NOTHING, 30) == TWICE
    assert learnt(enlargement, LATE, NOTHING, 30) == OWN
    assert learnt(enlargement, QUICK, ALL, 1000) == OWN
    assert learnt(enlargement, QUICK, ALL, 300) == TWICE
    assert learnt(enlargement, LATE, NOTHING, 60) == OWN
    assert learnt(enlargement, QUICK, ALL, 1500) == OWN  # less patient


def test_a_recording_does_not_become_larger() -> None:
    enlargement = Enlargement(2, LARGE.area - 1, grows=False)
    assert learnt(enlargement, QUICK, ALL, 9000) == OWN


def test_at_its_own_size_a_picture_is_the_source_where_no_network_was(
    models: Models,
) -> None:
    engine = Engine(models, Settings(workers=1), budget=Budget(cells=2.0))
    engine.enlargement = Enlargement(2, SIZE.area - 1)
    capture = captures_of([noise(SIZE, YUV420)])[0]
    result = engine.result(capture)
    assert result.before is capture.frame
    assert (result.scale, result.after.size) == (1, SIZE)
    assert "own size" in result.size_words
    fills = result.passes[0].fills.repeat(CELL, axis=0).repeat(CELL, axis=1)
    seen = fills[: SIZE.height, : SIZE.width] == Fill.NETWORK
    changed = result.after.planes[0] != capture.frame.planes[0]
    assert changed[seen].any()
    assert not changed[~seen].any()


@pytest.mark.parametrize(("speed", "whole"), [(10.0, True), (1.0, False), (0.0, True)])
def test_whole_frames_are_tried_at_once_where_the_network_is_quick(
    speed: float, whole: bool, models: Models
) -> None:
    script = cast(torch.jit.ScriptModule, None)
    network = Network(find_card("default"), "int8", "onednn", script, speed)
    engine = Engine(models, Settings(workers=2), budget=Budget())
    first = engine._first_budget(network, engine.settings, Size(640, 360))
    assert (first.mode is Mode.ALONE) is whole
    assert (first.ration.cells >= 60) is whole


def test_a_model_is_changed_without_a_wait(models: Models) -> None:
    with ThreadPoolExecutor(1) as pool:
        models._pool = pool
        assert models.current()[1] == "weave"
        models.next()
        assert models.is_loading
        while models.current()[1] == "weave":
            pass
        assert models.current()[1] == "flat"
        models.next()
        assert models.current()[1] == "no network: plain enlargement"
        assert models.choice is None
        models.next()
        assert models.current()[1] == "weave"


def test_a_model_that_does_not_load_is_told_of_and_not_used(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(choice: Choice) -> tuple[Upscaler, str]:
        raise ModelError(f"{choice.model} is broken")

    monkeypatch.setattr(models_module, "_loaded", broken)
    models.next()
    assert models.current()[1] == "weave"
    assert models.fault == "other is broken"
    assert not models.is_loading


def test_a_model_too_slow_for_whole_frames_gives_way_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def slow(choice: Choice) -> tuple[Upscaler, str]:
        script = cast(torch.jit.ScriptModule, None)
        network = Network(find_card("default"), "int8", "onednn", script, 10.0)
        return network, choice.model

    monkeypatch.setattr(models_module, "_loaded", slow)
    both = [Choice(), Choice("light")]
    models = Models(both, None, lightens=True)
    models.fit(640 * 360, 1 / 30, 4)
    assert models.current()[1] == "default"
    models.fit(1280 * 720, 1 / 30, 2)  # asked once
    assert models.current()[1] == "default"
    for lightens, wanted in ((True, "light"), (False, "default")):
        models = Models(both, None, lightens)
        models.fit(640 * 360, 1 / 30, 1)
        assert models.current()[1] == wanted


# The budget.


@dataclass(frozen=True, slots=True)
class Slow:
    """A network that takes its time."""

    seconds: float
    channels: int = 1
    halo: int = 0
    step: float = 1.0
    max_row_width: int = ANY_WIDTH
    scale: int = 2

    def at(self, factor: int) -> "Slow":
        """Itself."""
        del factor
        return self

    def __call__(self, pixels: Pixels) -> Pixels:
        """Nothing, later."""
        time.sleep(self.seconds * pixels.shape[1] * pixels.shape[2] / 64**2)
        return Bicubic()(pixels)


def test_a_slow_network_costs_quality_and_not_delay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow: tuple[Upscaler, str] = (Slow(0.1), "slow")
    monkeypatch.setattr(models_module, "_loaded", lambda _: slow)
    frames = pan(90, SIZE, 1, 0, YUV420)

    def feed(wait: Wait) -> Iterator[CapturedFrame | Trouble]:
        for number, frame in enumerate(frames):
            if wait(1 / 30):
                return
            yield CapturedFrame(frame, time.monotonic(), number)

    models = Models([Choice()], None)
    engine = Engine(models, Settings(workers=1), budget=Budget())
    stats, shares = Stats(), []
    with (
        Latest(feed, "source") as captures,
        Latest(lambda wait: engine.results(captures, wait), "engine") as results,
    ):
        while not results.ended:
            result = results.take(0.05)
            if isinstance(result, Result):
                stats.note(result)
                shares.append(np.mean(result.passes[0].fills == Fill.NETWORK))
    delays = sorted([*stats.delays][5:])
    assert len(delays) > 5
    # The whole frame would take 0.9 s.
    assert delays[len(delays) // 2] < 0.8
    assert np.mean(shares[5:]) < 0.3


def test_errors_of_a_source_and_of_a_network_cross(models: Models) -> None:
    def broken() -> Iterator[CapturedFrame | Trouble]:
        yield Trouble("first")
        raise OSError("gone")

    engine = Engine(models, Settings(workers=1))
    with (
        Latest(lambda wait: engine.results(InOrder(broken()), wait), "engine") as out,
        pytest.raises(OSError, match="gone"),
    ):
        list(takes(out))


def takes(out: Latest[Result | Trouble]) -> Iterator[Result | Trouble | None]:
    """All that comes until the end."""
    while not out.ended:
        yield out.take(0.1)


# The stats.


def result_of(capture: CapturedFrame, models: Models) -> Result:
    """The capture, enhanced."""
    return Engine(models, Settings(workers=1)).result(capture)


def test_a_gauge_tells_rates_delay_and_drops(models: Models) -> None:
    now = [0.0]
    stats = Stats(lambda: now[0])
    frame = noise(Size(70, 66), YUV420)
    for number in (0, 1, 2, 4, 5, 6, 7):
        now[0] = number / 25 + 0.050
        stats.note(result_of(CapturedFrame(frame, number / 25, number), models))
    reading = stats.reading()
    assert reading.source_rate == pytest.approx(25)
    assert reading.output_rate == pytest.approx(25 * 6 / 7)
    assert reading.delay == pytest.approx(0.05)
    assert reading.delay_95 == pytest.approx(0.05)
    assert (reading.shown, reading.dropped) == (7, 1)
    assert sum(reading.shares.values()) == pytest.approx(1)
    plain = stats.as_json()
    assert (plain["delay_ms"], plain["delay_p95_ms"], plain["delay_max_ms"]) == (
        50,
    ) * 3
    assert plain["output_fps"] == pytest.approx(25 * 6 / 7, abs=0.01)
    assert plain["every_ten_seconds"] == []


def test_a_gauge_keeps_a_history(models: Models) -> None:
    now = [0.0]
    stats, frame = Stats(lambda: now[0]), noise(Size(70, 66), YUV420)
    for number in range(26):
        now[0] = number + 0.1 * number
        stats.note(result_of(CapturedFrame(frame, number, number), models))
    history = stats.as_json()["every_ten_seconds"]
    assert [round(entry["at"]) for entry in history] == [11, 21]
    assert history[0]["delay_ms"] < history[1]["delay_ms"]


def test_a_gauge_that_was_paused_counts_no_drops(models: Models) -> None:
    stats, frame = Stats(lambda: 9.0), noise(Size(70, 66), YUV420)
    stats.note(result_of(CapturedFrame(frame, 8.9, 0), models))
    stats.pause()
    stats.note(result_of(CapturedFrame(frame, 8.95, 50), models))
    stats.note(result_of(CapturedFrame(frame, 8.95, 50, again=True), models))
    assert (stats.shown, stats.dropped) == (2, 0)
    assert stats.reading().source_rate == 0
