"""The moments that tell most are found, apart from each other."""

from itertools import pairwise

import numpy as np
import pytest

from videnhance.frame import Pixels
from videnhance.quality.moments import Look, look_at, telling_moments

pytestmark = pytest.mark.opencv

_GREY = np.full((18, 32), 90, np.uint8)


def _look(seconds: float, detail: float = 5.0, motion: float = 1.0) -> Look:
    return Look(seconds, detail, motion, light=100.0, thumb=_GREY)


def _noise(seed: int, high: int) -> Pixels:
    drawn = np.random.default_rng(seed)
    return drawn.integers(0, high, (90, 160), np.uint8, endpoint=True)


def test_a_look_measures_detail_motion_and_light() -> None:
    flat = np.full((90, 160), 40, np.uint8)
    still, moving = look_at(0, [flat, flat]), look_at(0, [flat, flat + np.uint8(9)])
    assert (still.detail, still.motion, still.light) == (0, 0, 40)
    assert moving.motion == 9
    assert look_at(0, [_noise(1, 255)]).detail > 50


def test_detail_motion_and_darkness_are_chosen() -> None:
    looks = [_look(float(n)) for n in range(10)]
    looks[2] = _look(2.0, detail=9)
    looks[5] = _look(5.0, motion=8)
    looks[8] = Look(8.0, 5.0, 1.0, light=12.0, thumb=_GREY)
    found = telling_moments(looks, 3, apart_seconds=1)
    assert [(m.seconds, m.why) for m in found] == [
        (2, "most detail"),
        (5, "most motion"),
        (8, "darkest"),
    ]


def test_moments_lie_apart() -> None:
    found = telling_moments([_look(n / 10) for n in range(40)], 5, apart_seconds=1.5)
    times = [moment.seconds for moment in found]
    assert len(times) == 3
    assert min(b - a for a, b in pairwise(times)) >= 1.5


def test_an_empty_picture_tells_nothing() -> None:
    looks = [_look(float(n)) for n in range(6)]
    looks[0] = Look(0.0, 0.1, 0.0, light=0.0, thumb=_GREY)
    assert 0 not in {m.seconds for m in telling_moments(looks, 5, apart_seconds=1)}


def test_a_new_scene_is_chosen() -> None:
    looks = [_look(float(n)) for n in range(8)]
    other = np.full((18, 32), 200, np.uint8)
    looks[4:] = [Look(float(n), 5.0, 1.0, 100.0, other) for n in range(4, 8)]
    looks[0] = _look(0.0, detail=9, motion=9)
    found = telling_moments(looks, 4, apart_seconds=1)
    assert (4, "a new scene") in {(m.seconds, m.why) for m in found}


def test_nothing_to_look_at_gives_no_moment() -> None:
    assert telling_moments([], 4, apart_seconds=1) == []
