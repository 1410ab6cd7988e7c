"""Training with the rounding: the rounded network gets better, its float form stays."""

import numpy as np
import pytest
import torch

from tests.models import STEP, TINY, calibration, network, noise, quantized
from videnhance.frame import ZERO_CODE
from videnhance.models.network import NetworkShape
from videnhance.models.program import grids_of
from videnhance.training.data import Samples
from videnhance.training.qat import Rounding, residual_in_int8, rounded, sensitivity


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
    found = list(
        rounded(made, _samples(), calibration=calibration(1), step=STEP, how=how)
    )
    assert [step for step, _, _ in found] == [100, 200]
    assert found[1][1] < 0.9 * found[0][1]
    assert all(map(torch.equal, before, made.parameters()))
    tuned = found[-1][2]
    assert not torch.equal(tuned.body[0].weight, before[0])  # type: ignore[arg-type]


def test_it_repeats_with_its_seed() -> None:
    how = Rounding(steps=3, batch=2, crop=16)
    one, same = (
        list(
            rounded(
                network(TINY),
                _samples(),
                calibration=calibration(1),
                step=STEP,
                how=how,
            )
        )
        for _ in range(2)
    )
    assert one[0][1] == same[0][1]


WIDE = NetworkShape(features=8, convs=2)


@pytest.mark.parametrize("shape", [TINY, WIDE])
def test_what_is_simulated_is_what_is_deployed(shape: NetworkShape) -> None:
    made = network(shape, seed=1)
    grids = grids_of(made, calibration(1), step=STEP)
    pixels = torch.from_numpy(noise(2, 1, 37, 41, seed=5))
    with torch.no_grad():
        codes = quantized(made)(pixels).int() - ZERO_CODE
        layers = range(len(grids))
        simulated = (
            residual_in_int8(made, grids, pixels / 255, layers=layers) * 255 / STEP
        )
    difference = (codes - simulated).abs()
    assert float(difference.max()) <= 1.01
    assert float((difference > 0.5).float().mean()) < 1e-2


def test_no_layer_in_int8_is_the_network() -> None:
    made = network(WIDE)
    grids = grids_of(made, calibration(1), step=STEP)
    grey = torch.rand(1, 1, 9, 11)
    with torch.no_grad():
        given = residual_in_int8(made, grids, grey, layers=())
        assert torch.allclose(given, made.body(grey), atol=1e-6)


def test_gradients_pass_through_the_rounding() -> None:
    made = network(WIDE)
    grids = grids_of(made, calibration(1), step=STEP)
    residual_in_int8(
        made, grids, torch.rand(1, 1, 9, 11), layers=range(4)
    ).sum().backward()
    for weights in made.parameters():
        assert weights.grad is not None
    assert any(bool(weights.grad.any()) for weights in made.parameters())  # type: ignore[union-attr]  # asserted above


def test_the_layer_with_an_outlier_is_the_most_sensitive() -> None:
    made = network(WIDE, seed=2)
    with torch.no_grad():
        # One weight a channel is a hundred times the others: they round to nothing.
        made.get_parameter("body.2.weight")[:, 0, 1, 1] *= 100
    grids = grids_of(made, calibration(1), step=STEP)
    found = list(sensitivity(made, grids, calibration(1)))
    assert len(found) == 4
    assert min(found) == found[1]
