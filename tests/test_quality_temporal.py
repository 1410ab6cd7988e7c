"""Optical flow and flicker beside an original."""

import numpy as np
import pytest

from videnhance.frame import Plane
from videnhance.quality.temporal import OverTime

pytestmark = pytest.mark.opencv


def texture(shift: int) -> Plane:
    """A soft texture that moved to the right by so many pixels."""
    rows, columns = np.indices((96, 128))
    moved = columns - shift
    wave = np.sin(rows / 5) + np.sin(moved / 7) + np.sin((rows + 2 * moved) / 11)
    return (128 + 36 * wave).astype(np.uint8)


def test_the_first_frame_has_no_figures() -> None:
    [(tof, flicker)] = OverTime()(texture(0), [texture(0)])
    assert np.isnan(tof)
    assert np.isnan(flicker)


def test_the_same_video_moves_alike() -> None:
    watch = OverTime()
    watch(texture(0), [texture(0)])
    [(tof, _)] = watch(texture(2), [texture(2)])
    assert tof == 0


def test_other_motion_is_told_in_pixels() -> None:
    watch = OverTime()
    watch(texture(0), [texture(0), texture(0)])
    [(right, _), (wrong, _)] = watch(texture(4), [texture(4), texture(1)])
    assert right == 0
    assert wrong == pytest.approx(3, abs=1)


def test_only_what_stands_still_flickers() -> None:
    original = texture(0)
    half = original.copy()
    half[:, 64:] += 30
    watch = OverTime()
    watch(original, [original, original])
    trembling = original + np.uint8(5)
    trembling[:, 64:] = 0
    [(_, still), (_, found)] = watch(half, [original, trembling])
    assert still == 0
    assert found == 5


def test_small_pictures_have_no_flow() -> None:
    watch, small = OverTime(), np.zeros((12, 40), np.uint8)
    watch(small, [small])
    [(tof, flicker)] = watch(small, [small])
    assert np.isnan(tof)
    assert flicker == 0
