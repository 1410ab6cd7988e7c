"""A budget: rates are kept, and what is left over goes to the network."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from videnhance.pipeline.ration import (
    Budget,
    Cost,
    Mode,
    Prices,
    Ration,
    is_too_dear,
)

INTERVAL = 1 / 30


@dataclass(frozen=True)
class Machine:
    """Costs in seconds."""

    cell: float
    moving: float
    rest: float

    def cost(self, ration: Ration) -> Cost:
        """Of a frame of 60 cells with this ration."""
        moving = self.moving if ration.moves else 0.0
        cells = min(ration.cells, 60)
        seconds = cells * self.cell + moving + self.rest
        return Cost(cells, seconds, 60 - cells)

    def run(self, budget: Budget, frames: int) -> list[float]:
        """What each of so many frames takes, in shares of the interval."""
        shares = []
        for _ in range(frames):
            cost = self.cost(budget.ration)
            budget.learn(cost, INTERVAL)
            shares.append(cost.seconds / INTERVAL)
        return shares


FAST, SLOW = Machine(0.0002, 0.005, 0.006), Machine(0.010, 0.020, 0.020)


@pytest.mark.parametrize("machine", [FAST, Machine(0.002, 0.010, 0.012), SLOW])
def test_a_budget_keeps_the_rate(machine: Machine) -> None:
    shares = machine.run(Budget(), 300)[100:]
    assert np.mean(np.array(shares) <= 1) > 0.95
    assert np.median(shares) > 0.6 or machine is FAST


def test_a_fast_machine_gives_the_network_everything() -> None:
    budget = Budget()
    FAST.run(budget, 100)
    assert budget.ration.cells >= 60
    assert budget.ration.moves


def test_a_machine_that_gets_busy_is_noticed_within_half_a_second() -> None:
    budget = Budget()
    FAST.run(budget, 150)
    assert max(Machine(0.0008, 0.010, 0.012).run(budget, 40)[15:]) <= 1


def test_one_frame_that_was_held_up_changes_nothing() -> None:
    budget = Budget()
    FAST.run(budget, 100)
    before = budget.ration
    budget.learn(Cost(60, 0.9), INTERVAL)
    assert budget.ration.cells >= before.cells


def test_whole_frames_come_before_motion() -> None:
    budget = Budget()
    shares = Machine(0.0003, 0.012, 0.006).run(budget, 400)
    assert budget.mode is Mode.ALONE
    assert budget.ration.cells >= 60
    assert np.mean(np.array(shares) > 1) < 0.01


def test_motion_comes_before_a_part_of_the_network() -> None:
    budget = Budget()
    Machine(0.0005, 0.008, 0.030).run(budget, 50)
    assert budget.ration == Ration(int(budget.cells), moves=False)
    Machine(0.0005, 0.008, 0.015).run(budget, 400)
    assert budget.ration.moves
    assert budget.ration.cells >= 2


def test_whole_frames_come_back_when_the_machine_is_free_again() -> None:
    budget, free = Budget(), Machine(0.0003, 0.012, 0.006)
    free.run(budget, 100)
    Machine(0.0009, 0.030, 0.012).run(budget, 300)
    assert budget.ration.cells < 20
    free.run(budget, 1000)
    assert budget.mode is Mode.ALONE
    assert budget.ration.cells >= 60


def test_what_was_too_dear_is_tried_again() -> None:
    budget = Budget()
    Machine(0.010, 0.060, 0.010).run(budget, 20)
    assert budget.ration == Ration(int(budget.cells), moves=False)
    FAST.run(budget, 600)
    assert budget.ration.moves
    assert budget.ration.cells >= 60


@pytest.mark.parametrize(
    ("interval", "mode", "cells"),
    [
        (0.100, Mode.MIXED, 60),
        (0.042, Mode.ALONE, 60),
        (0.025, Mode.MIXED, 20),
        (0.012, Mode.SPARSE, 4),
        (0.005, Mode.SPARSE, 0),
    ],
)
def test_prices_tell_what_to_begin_with(
    interval: float, mode: Mode, cells: int
) -> None:
    prices = Prices(rest=0.010, moving=0.005, cell=0.0005)
    budget = Budget.planned(prices, 60, interval)
    assert budget.mode is mode
    assert budget.ration.cells == pytest.approx(cells, abs=1)
    assert prices.of(budget.ration, 60) <= max(interval, prices.rest) + 1e-9


def test_without_fusion_motion_is_of_no_use_beside_whole_frames() -> None:
    prices = Prices(rest=0.010, moving=0.005, cell=0.0005)
    budget = Budget.planned(prices, 60, 1.0, fuses=False)
    for _ in range(200):
        budget.learn(Cost(60, 0.04, 0, 10), 1.0)
    assert budget.mode is Mode.ALONE


@pytest.mark.parametrize("wrong", [0.5, 1.0, 2.0])
def test_prices_that_are_not_exact_come_to_the_same(wrong: float) -> None:
    machine = Machine(0.0005, 0.005, 0.010)
    prices = Prices(0.010 * wrong, 0.005 * wrong, 0.0005 * wrong)
    budget = Budget.planned(prices, 60, 0.030)
    for _ in range(40):
        budget.learn(replace(machine.cost(budget.ration), frames=12), 0.030)
    assert budget.mode is Mode.MIXED
    assert budget.ration.cells == pytest.approx(30, abs=2)


def test_a_network_is_too_dear_by_its_speed() -> None:
    assert is_too_dear(1.0, 640 * 360, 0.1, share=1.0)
    assert not is_too_dear(4.0, 640 * 360, 0.1, share=1.0)
    assert not is_too_dear(0.0, 640 * 360, 0.1, share=1.0)
