"""One frame at a time, by all workers: bands to the bit, and what is remembered."""

from contextlib import nullcontext
from functools import partial

import numpy as np
import pytest

from tests.frames import LAYOUTS, Weave, assert_same_frames, noise, pan
from videnhance.frame import Layout
from videnhance.frame.geometry import Size
from videnhance.pipeline.bands import composing, joined
from videnhance.pipeline.compose import Composer
from videnhance.pipeline.enhance import Settings
from videnhance.pipeline.plan import CELL, Fill, Fills, FrameChange, every_nth
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
    for scale in (1, 2, 4):
        shape = (scale * size.height, scale * size.width, channels)
        residual = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        composer = Composer(0.5, 0.7, scale)
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


def test_another_scale_starts_afresh() -> None:
    enhancer, frame = FrameEnhancer(Weave(), None, 1), noise(SIZE)
    for scale in (2, 1, 2):
        settings = Settings(scale=scale)
        done = enhancer(frame, settings, rule=every_nth(1), base=True)
        assert (done.fills == Fill.NETWORK).all()
        assert done.base is not None
        assert {done.frame.size, done.base.size} == {SIZE.scaled(scale)}


def test_at_the_same_size_the_base_is_the_frame_and_stays_where_no_network_was() -> (
    None
):
    enhancer, frame = FrameEnhancer(Weave(), None, 2), noise(SIZE, LAYOUTS[2])

    def first_cell(change: FrameChange, since: int) -> Fills:
        fills = np.full(change.unchanged.shape, Fill.BASE, np.uint8)
        fills[0, 0] = Fill.NETWORK
        return fills

    done = enhancer(frame, Settings(scale=1), rule=first_cell, base=True)
    assert done.base is frame
    changed = done.frame.planes[0] != frame.planes[0]
    assert changed[:CELL, :CELL].any()
    changed[:CELL, :CELL] = False
    assert not changed.any()
