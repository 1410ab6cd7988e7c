"""Training with the rounding: the rounded network gets better, its float form stays."""

import numpy as np
import torch

from tests.models import STEP, TINY, calibration, network
from videnhance.training.data import Samples
from videnhance.training.qat import Rounding, rounded


def _samples() -> Samples:
    """Grain, whose residual is a share of the grain itself: easy to learn."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (24, 24, 1), np.uint8)
    twice = small.repeat(2, axis=0).repeat(2, axis=1).astype(np.int16)
    return Samples.of([(small, (twice - 128) * 16)])


def test_the_rounded_network_gets_better_and_the_given_one_stays() -> None:
    made = network(TINY, seed=1)
    before = [weights.clone() for weights in made.parameters()]
    how = Rounding(steps=200, batch=2, crop=20, learning_rate=1e-3)
    found = list(rounded(made, _samples(), calibration(1), STEP, how))
    assert [step for step, _, _ in found] == [100, 200]
    assert found[1][1] < 0.9 * found[0][1]
    assert all(map(torch.equal, before, made.parameters()))
    tuned = found[-1][2]
    assert not torch.equal(tuned.body[0].weight, before[0])  # type: ignore[arg-type]


def test_it_repeats_with_its_seed() -> None:
    how = Rounding(steps=3, batch=2, crop=16)
    one, same = (
        list(rounded(network(TINY), _samples(), calibration(1), STEP, how))
        for _ in range(2)
    )
    assert one[0][1] == same[0][1]
