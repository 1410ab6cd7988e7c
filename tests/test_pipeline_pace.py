"""A pace: rates and deadlines are kept by what the network is given."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.frames import YUV420, pan
from videnhance.frame import Frame, Pixels
from videnhance.frame.geometry import Size
from videnhance.pipeline.enhance import Settings, enhanced
from videnhance.pipeline.pace import AtRate, Pacer, Schedule, UntilDone
from videnhance.pipeline.ration import Budget, Prices
from videnhance.pipeline.report import Report
from videnhance.pipeline.tiles import ANY_WIDTH
from videnhance.pipeline.upscaler import Bicubic

SIZE, CELLS = Size(320, 192), 15
RATE = 25.0


@dataclass
class Clock:
    """A clock that work moves on."""

    seconds: float = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.seconds


@dataclass
class Machine:
    """What things take here: an upscaler and a source that let the clock run."""

    clock: Clock = field(default_factory=Clock)
    rest: float = 0.010
    cell: float = 0.002
    channels: int = 1
    halo: int = 0
    step: float = 1.0
    max_row_width: int = ANY_WIDTH
    scale: int = 2

    def at(self, factor: int) -> "Machine":
        """Itself."""
        del factor
        return self

    def __call__(self, pixels: Pixels) -> Pixels:
        """Nothing, after a while."""
        area = pixels.shape[0] * pixels.shape[1] * pixels.shape[2]
        self.clock.seconds += self.cell * area / 64**2
        return Bicubic()(pixels)

    def frames(self, count: int, busy_from: int = 1 << 30) -> Iterator[Frame]:
        """A texture that moves; from `busy_from` on all takes twice as long."""
        for index, frame in enumerate(pan(count, SIZE, 1, 0, YUV420)):
            if index == busy_from:
                self.rest, self.cell = 2 * self.rest, 2 * self.cell
            self.clock.seconds += self.rest
            yield frame

    def pacer(
        self, schedule: Schedule, prices: Prices | None = None, *, waits: bool = False
    ) -> Pacer:
        """With the prices as they are, if no others are given."""
        prices = prices or Prices(self.rest, 0.0, self.cell)
        budget = Budget.planned(prices, CELLS, schedule.interval(0, 0))
        return Pacer(schedule, budget, waits=waits, clock=self.clock)

    def run(
        self,
        pacer: Pacer,
        count: int = 200,
        *,
        scale: int = 2,
        frames: Iterator[Frame] | None = None,
    ) -> Report:
        """Enhances so many frames, inline."""
        report = Report()
        settings = Settings(scale=scale, workers=0, pacer=pacer)
        line = enhanced(frames or self.frames(count), self, settings, report)
        assert sum(1 for _ in line) == count
        return report


def share(report: Report) -> float:
    """Of the cells that the network saw."""
    return report.cells["network"] / sum(report.cells.values())


@pytest.mark.opencv
def test_a_fast_machine_shows_everything_to_the_network_and_is_ahead() -> None:
    machine = Machine(rest=0.005, cell=0.001)
    pacer = machine.pacer(AtRate(RATE))
    assert share(machine.run(pacer)) == 1.0
    assert pacer.seconds < 200 / RATE


@pytest.mark.opencv
@pytest.mark.parametrize("wrong", [0.6, 1.0, 1.6])
def test_a_rate_is_held_though_prices_are_not_exact(wrong: float) -> None:
    machine = Machine(rest=0.020, cell=0.003)
    prices = Prices(0.020 * wrong, 0.001, 0.003 * wrong)
    pacer = machine.pacer(AtRate(RATE), prices)
    report = machine.run(pacer, 400)
    assert pacer.seconds == pytest.approx(400 / RATE, rel=0.02)
    assert share(report) == pytest.approx(0.44, abs=0.07)


@pytest.mark.opencv
def test_a_deadline_is_met_with_nearly_all_of_the_time_used() -> None:
    machine = Machine(rest=0.020, cell=0.003)
    pacer = machine.pacer(UntilDone(300, 12.0), Prices(0.015, 0.001, 0.004))
    machine.run(pacer, 300)
    assert 11.5 < pacer.seconds < 12.2


@pytest.mark.opencv
def test_a_machine_that_gets_busy_costs_quality_and_not_the_rate() -> None:
    machine = Machine(rest=0.012, cell=0.0015)
    pacer = machine.pacer(AtRate(RATE))
    report = machine.run(pacer, 400, frames=machine.frames(400, busy_from=200))
    assert pacer.seconds < 1.02 * 400 / RATE
    assert 0.4 < share(report) < 0.9


@pytest.mark.opencv
def test_what_cannot_be_held_is_the_base_alone() -> None:
    machine = Machine(rest=0.060, cell=0.003)
    pacer = machine.pacer(AtRate(RATE))
    assert share(machine.run(pacer, 100)) == 0.0
    assert not pacer.moves


@pytest.mark.opencv
def test_who_waits_for_a_pipe_is_not_late() -> None:
    machine = Machine(rest=0.002, cell=0.001)
    pacer = machine.pacer(AtRate(RATE), waits=True)

    def slowly() -> Iterator[Frame]:
        for frame in machine.frames(300):
            machine.clock.seconds += 3 / RATE
            yield frame

    report = machine.run(pacer, 300, frames=slowly())
    assert pacer.seconds > 2.9 * 300 / RATE
    assert pacer.schedule.late(pacer.done, pacer.worked) < 0.5
    assert share(report) == 1.0


@pytest.mark.opencv
def test_a_pause_makes_nothing_late() -> None:
    machine = Machine(rest=0.020, cell=0.003)
    pacer = machine.pacer(AtRate(RATE))

    def paused() -> Iterator[Frame]:
        for frame in machine.frames(200):
            if frame.index == 100:
                machine.clock.seconds += 60.0
                pacer.stood(60.0)
            yield frame

    report = machine.run(pacer, frames=paused())
    assert pacer.seconds == pytest.approx(60 + 200 / RATE, rel=0.02)
    assert share(report) > 0.35


@pytest.mark.opencv
def test_two_passes_share_what_there_is() -> None:
    machine = Machine(rest=0.005, cell=0.0005)
    prices = Prices(0.005, 0.0, 0.0005)
    budget = Budget.planned(prices, 5 * CELLS, 1 / RATE)
    pacer = Pacer(AtRate(RATE), budget, clock=machine.clock)
    report = machine.run(pacer, 60, scale=4)
    assert sum(report.cells.values()) == 60 * 5 * CELLS
    assert 0.5 < share(report) < 1.0


@pytest.mark.opencv
def test_each_segment_says_what_it_was_given() -> None:
    machine = Machine(rest=0.020, cell=0.003)
    pacer = machine.pacer(AtRate(RATE))
    machine.run(pacer, 50)
    first, second = pacer.closed(24), pacer.closed(49)
    assert first["seconds"] == pytest.approx(2.0, abs=0.2)
    assert second["seconds"] == 0.0  # both are asked for at the end here
    for one in (first, second):
        assert 0.2 < one["network"] < 0.7
        assert one["moves"] == 1.0
    assert pacer.closed(49)["network"] == 0.0


@pytest.mark.opencv
def test_threads_keep_every_frame_and_count_each_once() -> None:
    report, schedule = Report(), AtRate(1000.0)
    budget = Budget.planned(Prices(0.001, 0.001, 0.0001), CELLS, 1 / 1000)
    pacer = Pacer(schedule, budget)
    settings = Settings(workers=3, pacer=pacer)
    frames = pan(40, SIZE, 2, 1, YUV420)
    made = list(enhanced(iter(frames), Bicubic(), settings, report))
    assert [frame.index for frame in made] == list(range(40))
    assert pacer.done == 40
    assert sum(report.cells.values()) == 40 * CELLS
