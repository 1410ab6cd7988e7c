"""The simulated int8 network is the deployed one, and tells which layer suffers."""

import pytest
import torch

from tests.models import STEP, TINY, calibration, network, noise, quantized
from videnhance.models.network import NetworkShape
from videnhance.models.program import ZERO_CODE, grids_of
from videnhance.training.fake_quant import residual_in_int8, sensitivity

WIDE = NetworkShape(features=8, convs=2)


@pytest.mark.parametrize("shape", [TINY, WIDE])
def test_what_is_simulated_is_what_is_deployed(shape: NetworkShape) -> None:
    made = network(shape, seed=1)
    grids = grids_of(made, calibration(1), STEP)
    pixels = torch.from_numpy(noise(2, 1, 37, 41, seed=5))
    with torch.no_grad():
        codes = quantized(made)(pixels).int() - ZERO_CODE
        layers = range(len(grids))
        simulated = residual_in_int8(made, grids, pixels / 255, layers) * 255 / STEP
    difference = (codes - simulated).abs()
    assert float(difference.max()) <= 1.01
    assert float((difference > 0.5).float().mean()) < 1e-2


def test_no_layer_in_int8_is_the_network() -> None:
    made = network(WIDE)
    grids = grids_of(made, calibration(1), STEP)
    grey = torch.rand(1, 1, 9, 11)
    with torch.no_grad():
        given = residual_in_int8(made, grids, grey, ())
        assert torch.allclose(given, made.body(grey), atol=1e-6)


def test_gradients_pass_through_the_rounding() -> None:
    made = network(WIDE)
    grids = grids_of(made, calibration(1), STEP)
    residual_in_int8(made, grids, torch.rand(1, 1, 9, 11), range(4)).sum().backward()
    for weights in made.parameters():
        assert weights.grad is not None
    assert any(bool(weights.grad.any()) for weights in made.parameters())  # type: ignore[union-attr]  # asserted above


def test_the_layer_with_an_outlier_is_the_most_sensitive() -> None:
    made = network(WIDE, seed=2)
    with torch.no_grad():
        # One weight a channel is a hundred times the others: they round to nothing.
        made.get_parameter("body.2.weight")[:, 0, 1, 1] *= 100
    grids = grids_of(made, calibration(1), STEP)
    found = list(sensitivity(made, grids, calibration(1)))
    assert len(found) == 4
    assert min(found) == found[1]
