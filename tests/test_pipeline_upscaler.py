"""Residuals at the size of the frame."""

from dataclasses import dataclass

import numpy as np
import pytest

from tests.frames import GRAY, YUV420P10, Weave, noise
from videnhance.frame import Layout, Pixels
from videnhance.frame.geometry import Size
from videnhance.pipeline.compose import Composer
from videnhance.pipeline.upscaler import SameSize, Upscaler

SIZE = Size(51, 37)


@dataclass(frozen=True, slots=True)
class Told:
    """A network that gives these codes."""

    codes: Pixels
    channels: int = 1
    halo: int = 0
    step: float = 0.5
    max_row_width: int = 99
    scale: int = 2

    def at(self, factor: int) -> "Told":
        """Itself."""
        del factor
        return self

    def __call__(self, pixels: Pixels) -> Pixels:
        """Whatever the pixels are."""
        assert pixels.shape[1] * 2 == self.codes.shape[1]
        return self.codes


def _codes(channels: int, low: int = 0, high: int = 256) -> Pixels:
    shape = (2, 2 * SIZE.height, 2 * SIZE.width, channels)
    return np.random.default_rng(5).integers(low, high, shape, np.uint8)


def _means(codes: Pixels) -> np.ndarray:
    shape = (2, SIZE.height, 2, SIZE.width, 2, codes.shape[-1])
    return np.asarray(codes.reshape(shape).mean(axis=(2, 4)))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_code_is_the_mean_of_four_in_half_the_step(channels: int) -> None:
    codes = _codes(channels)
    network = SameSize(Told(codes, channels))
    seen = np.zeros((2, SIZE.height, SIZE.width, channels), np.uint8)
    wanted = np.clip(2 * (_means(codes) - 128), -128, 127)
    got = network(seen)
    assert got.shape == seen.shape
    assert np.abs(got - 128.0 - wanted).max() <= 0.5
    assert network.step == 0.25


@pytest.mark.parametrize(("layout", "most"), [(GRAY, 0), (YUV420P10, 1)])
def test_what_is_added_is_the_mean_before_it_was_rounded(
    layout: Layout, most: int
) -> None:
    frame, codes = noise(SIZE, layout), _codes(1, 64, 192)
    network = SameSize(Told(codes))
    residual = network(np.zeros((2, SIZE.height, SIZE.width, 1), np.uint8))[0]
    out = Composer(network.step, 1.0, scale=1)(frame, residual)
    levels = (_means(codes)[0, ..., 0] - 128.0) * 0.5 * (1 << (layout.depth - 8))
    wanted = np.floor(frame.planes[0] + levels + 0.5)
    wanted = np.clip(wanted, 0, (1 << layout.depth) - 1)
    assert np.abs(out.planes[0] - wanted).max() <= most


def test_it_needs_what_the_network_needs() -> None:
    network: Upscaler = Weave(channels=3, halo=3, max_row_width=96)
    same = SameSize(network)
    assert (same.channels, same.halo, same.max_row_width) == (3, 3, 96)
