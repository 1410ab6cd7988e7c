"""One frame at a time, by all workers: bands to the bit, and what is remembered."""

from contextlib import nullcontext
from functools import partial

import numpy as np
import pytest

from tests.frames import LAYOUTS, Weave, assert_same_frames, noise, pan
from videnhance.frame import Layout
from videnhance.geometry import Size
from videnhance.pipeline.bands import composing, joined
from videnhance.pipeline.compose import Composer
from videnhance.pipeline.enhance import Settings
from videnhance.pipeline.plan import Fill, every_nth
from videnhance.pipeline.single_frame import (
    FrameEnhancer,
    together,
)
from videnhance.system.threads import pool_of

pytestmark = [pytest.mark.opencv]
SIZE = Size(150, 134)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.parametrize("size", [Size(71, 51), Size(64, 37), Size(5, 3)], ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_bands_are_composed_to_the_bit(
    layout: Layout, size: Size, channels: int
) -> None:
    frame = noise(size, layout)
    shape = (2 * size.height, 2 * size.width, channels)
    residual = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    for enlarge in (True, False):
        composer = Composer(0.5, 0.7, enlarge)
        wanted = [composer(frame, None), composer(frame, residual)]
        for count in (1, 2, 5):
            tasks = composing(
                composer, frame, residual=residual, count=count, with_base=True
            )
            bands = zip(*(task() for task in tasks), strict=True)
            assert_same_frames([joined(frame, band) for band in bands], wanted)
            tasks = composing(composer, frame, residual=residual, count=count)
            (band,) = zip(*(task() for task in tasks), strict=True)
            assert_same_frames([joined(frame, band)], wanted[1:])


@pytest.mark.parametrize("workers", [0, 2])
def test_tasks_give_their_results_in_order(workers: int) -> None:
    with pool_of(workers) or nullcontext() as pool:
        tasks = [partial(pow, n, 2) for n in range(5)]
        assert together(tasks, pool) == [0, 1, 4, 9, 16]


def test_once_more_is_the_same_again() -> None:
    enhancer, rule, settings = FrameEnhancer(Weave(), None, 1), every_nth(2), Settings()
    frames = pan(3, SIZE, 3, 1)
    first = [enhancer(frame, settings, rule=rule).frame for frame in frames]
    again = enhancer(frames[-1], settings, rule=rule, again=True).frame
    assert_same_frames([again], [first[-1]])


def test_what_is_forgotten_leads_nowhere() -> None:
    enhancer, settings = FrameEnhancer(Weave(), None, 1), Settings()
    frames = pan(2, SIZE, 0, 0)
    enhancer(frames[0], settings, rule=every_nth(1))
    enhancer.forget()
    done = enhancer(frames[1], settings, rule=every_nth(1))
    assert (done.fills == Fill.NETWORK).all()
