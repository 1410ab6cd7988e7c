"""Recipes: the rate, and what the report's says."""

from dataclasses import replace

import pytest

from videnhance.training.degrade import Mix
from videnhance.training.recipe import (
    EPOCHS,
    RECIPES,
    Draw,
    Loss,
    Method,
    Recipe,
    suited,
)


def test_the_rate_warms_up_stays_and_dies_away() -> None:
    recipe = Recipe(steps=1000, warm_up=100, settle_from=0.6)
    rates = [recipe.rate(step) for step in range(1000)]
    assert rates[0] == pytest.approx(recipe.learning_rate / 100)
    assert set(rates[99:600]) == {recipe.learning_rate}
    assert rates[600:] == sorted(rates[600:], reverse=True)
    assert rates[-1] < 2e-6


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    short, long = Recipe(steps=1000), Recipe(steps=5000)
    assert all(short.rate(n) == long.rate(n) for n in range(short.settles_at))


def test_the_report_is_as_it_says() -> None:
    report = RECIPES["report"]
    assert (report.batch, report.crop, EPOCHS) == (4, 64, 10)
    assert (report.loss, report.draw) == (Loss.ABSOLUTE, Draw.EPOCHS)
    rates = {replace(report, steps=50).rate(n) for n in range(50)}
    assert rates == {2e-4}
    assert not report.collapsible


def test_the_recipe_of_sesr_is_adam_on_blocks_that_fold() -> None:
    sesr = RECIPES["sesr"]
    assert sesr.method is Method.ADAM
    assert sesr.collapsible
    assert not RECIPES["default"].collapsible


def test_the_loss_suits_the_mix() -> None:
    ours = RECIPES["default"]
    assert suited(ours, Mix.REAL) == ours
    assert suited(ours, Mix.FIDELITY).loss is Loss.SQUARED
    assert suited(ours, Mix.RESTORE).loss is Loss.ROOT
    assert suited(ours, Mix.LOOK).loss is Loss.LOOK
    report = RECIPES["report"]
    assert suited(report, Mix.FIDELITY) == report
