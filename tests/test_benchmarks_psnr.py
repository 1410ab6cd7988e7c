import numpy as np
import pytest

from benchmarks.psnr import psnr


def test_equal_planes_are_infinitely_close() -> None:
    plane = np.arange(35, dtype=np.uint8).reshape(5, 7)
    assert psnr(plane, plane) == float("inf")


def test_one_level_everywhere_is_48_decibels() -> None:
    plane = np.full((9, 11), 7, np.uint8)
    assert psnr(plane + np.uint8(1), plane) == pytest.approx(20 * np.log10(255))


def test_the_border_is_not_counted() -> None:
    ours, original = np.zeros((9, 11), np.uint8), np.zeros((9, 11), np.uint8)
    ours[:2], ours[-2:], ours[:, :2], ours[:, -2:] = 9, 9, 9, 9
    assert psnr(ours, original, crop=2) == float("inf")
    assert psnr(ours, original, crop=1) < 60
    assert psnr(ours, original, crop=0) < psnr(ours, original, crop=1)


def test_dark_against_bright_does_not_wrap() -> None:
    dark, bright = np.zeros((9, 11), np.uint8), np.full((9, 11), 255, np.uint8)
    assert psnr(dark, bright) == pytest.approx(0.0)


def test_planes_of_two_sizes_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        psnr(np.zeros((9, 11), np.uint8), np.zeros((9, 10), np.uint8))
