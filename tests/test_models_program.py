"""Int8: close to float, within the bounds that make it the same on every processor."""

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.exact import layers
from tests.models import STEP, TINY, calibration, network, noise, quantized
from videnhance.errors import InputError
from videnhance.frame import ZERO_CODE
from videnhance.models.network import NetworkShape
from videnhance.models.program import (
    calibration_crops,
    float32_script,
    int8_script,
)
from videnhance.models.torchscript import deprecated

RGB = NetworkShape(channels=3, features=8, convs=2)
SHAPES = [TINY, RGB]


def _codes(script: torch.jit.ScriptModule, pixels: Tensor) -> Tensor:
    with torch.inference_mode():
        codes = script(pixels)
    assert codes.dtype == torch.uint8
    return torch.as_tensor(codes).int()


@pytest.mark.parametrize("shape", SHAPES)
def test_int8_is_close_to_float(shape: NetworkShape) -> None:
    made = network(shape, seed=1)
    pixels = torch.from_numpy(noise(2, shape.channels, 37, 41, seed=5))
    exact = _codes(float32_script(made, STEP), pixels)
    codes = _codes(quantized(made), pixels)
    assert codes.shape == (2, 4 * shape.channels, 37, 41)
    assert float(exact.float().std()) > 1
    assert int((codes - exact).abs().max()) <= 2
    assert float((codes - exact).abs().float().mean()) < 0.2


def test_float_codes_are_residuals_in_steps() -> None:
    made = network(TINY, seed=2)
    pixels = torch.from_numpy(noise(1, 1, 20, 30))
    with torch.no_grad():
        levels = made.body(pixels.float() / 255) * 255
    wanted = (levels / STEP).round().clamp(-ZERO_CODE, 255 - ZERO_CODE) + ZERO_CODE
    difference = _codes(float32_script(made, STEP), pixels) - wanted.int()
    assert int(difference.abs().max()) <= 1
    assert float((difference != 0).float().mean()) < 1e-2


def test_codes_end_at_both_ends_of_a_byte() -> None:
    made = network(TINY)
    pixels = torch.from_numpy(noise(1, 1, 9, 9))
    for sign, code in ((1, 255), (-1, 0)):
        with torch.no_grad():
            list(made.parameters())[-1].fill_(sign * 2.0)
        assert _codes(float32_script(made, STEP), pixels).unique().tolist() == [code]
        assert _codes(quantized(made), pixels).unique().tolist() == [code]


def test_a_network_of_zeros_adds_nothing() -> None:
    made = network(TINY)
    with torch.no_grad():
        for weights in made.body[-1].parameters():
            weights.zero_()
    pixels = torch.from_numpy(noise(1, 1, 9, 9))
    for script in (float32_script(made, STEP), quantized(made)):
        assert _codes(script, pixels).unique().tolist() == [ZERO_CODE]


@pytest.mark.parametrize("shape", SHAPES)
def test_weights_fit_sums_of_16_bits(shape: NetworkShape) -> None:
    script = quantized(network(shape))
    found = list(layers(script))
    assert len(found) == shape.convs + 2
    for layer in found:
        # One scale a channel: each channel uses the range that it has.
        largest = layer.weights().int_repr().int().abs().amax(dim=(1, 2, 3))
        assert int(largest.max()) <= 64
        assert int(largest.min()) >= 63


def test_two_products_of_the_largest_weight_fit_16_bits() -> None:
    assert 255 * 64 * 2 < 1 << 15


def test_quantizing_leaves_the_network_as_it_was() -> None:
    made, same = network(TINY), network(TINY)
    quantized(made)
    for ours, theirs in zip(made.parameters(), same.parameters(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("activation", ["leakyrelu", "prelu"])
def test_other_activations_are_quantized_too(activation: str) -> None:
    made = network(NetworkShape(features=4, convs=1, activation=activation), seed=1)
    pixels = torch.from_numpy(noise(2, 1, 37, 41, seed=5))
    exact = _codes(float32_script(made, STEP), pixels)
    assert float(exact.float().std()) > 1
    assert int((_codes(quantized(made), pixels) - exact).abs().max()) <= 3


@pytest.mark.parametrize("kept", [(0,), (1,), (2,), (0, 1, 2)])
def test_layers_can_stay_float(kept: tuple[int, ...]) -> None:
    made = network(TINY, seed=1)
    pixels = torch.from_numpy(noise(2, 1, 37, 41, seed=5))
    exact = _codes(float32_script(made, STEP), pixels)
    with deprecated():
        script = int8_script(made, calibration(1), step=STEP, kept=kept)
    assert len(list(layers(script))) == 3 - len(kept)
    error = (_codes(script, pixels) - exact).abs().float().mean()
    assert (
        float(error) <= (_codes(quantized(made), pixels) - exact).abs().float().mean()
    )


def test_crops_are_of_every_picture_and_the_same_each_time() -> None:
    pictures = [np.full((20 + n, 30, 3), 40 * n, np.uint8) for n in range(1, 5)]
    batches = calibration_crops(pictures)
    assert [batch.shape for batch in batches] == [(8, 3, 21, 21)] * 24
    levels = torch.cat([batch[:, 0, 0, 0] for batch in batches])
    assert sorted({round(float(v) * 255) for v in levels}) == [40, 80, 120, 160]
    assert all(map(torch.equal, batches, calibration_crops(pictures)))


def test_pictures_that_are_too_small_are_left_out() -> None:
    small, large = (np.zeros((side, 40, 1), np.uint8) for side in (12, 18))
    assert calibration_crops([small, large])[0].shape == (8, 1, 18, 18)
    with pytest.raises(InputError, match="is 16 x 16 pixels large"):
        calibration_crops([small])
