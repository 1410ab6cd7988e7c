"""The residual of a frame: patches, what is moved along, what stays."""

import numpy as np
import pytest

from tests.frames import GRAY, frame_of, texture
from videnhance.frame import ZERO_CODE
from videnhance.frame.geometry import Region, Size
from videnhance.pipeline.motion import Motion
from videnhance.pipeline.plan import CELL, Fill, Plan
from videnhance.pipeline.residual import assembled, carried_of
from videnhance.pipeline.tiles import Tile

SIZE = Size(2 * CELL, CELL)
DOUBLE = (2 * CELL, 4 * CELL, 1)


def plan(*fills: Fill, moves: bool = True) -> Plan:
    """Two cells of a picture that stands still."""
    luma = texture(SIZE)
    half = CELL // 2, CELL
    flow, refused = np.zeros((*half, 2), np.float32), np.zeros(half, np.uint8)
    cells = np.ones((1, 2), np.bool_)
    still = Motion(flow, refused, cells, harm=np.zeros((1, 2)), cut=False)
    kinds = np.array([fills], np.uint8)
    return Plan(
        frame_of([luma], GRAY), luma[..., None], kinds, still if moves else None
    )


def test_base_alone_has_no_residual() -> None:
    last = np.full(DOUBLE, 140, np.uint8)
    ready = plan(Fill.BASE, Fill.BASE)
    carried = carried_of(ready, last, 0.3)
    assert carried.moved is None
    assert assembled(ready, [], carried) is None


def test_what_is_reused_whole_is_the_last_residual_itself() -> None:
    last = np.full(DOUBLE, 140, np.uint8)
    ready = plan(Fill.REUSED, Fill.REUSED)
    assert assembled(ready, [], carried_of(ready, last, 0.3)) is last


@pytest.mark.opencv
@pytest.mark.parametrize(("fuse", "seen"), [(0.0, 100), (0.5, 120)])
def test_each_cell_takes_what_the_plan_says(fuse: float, seen: int) -> None:
    last = np.full(DOUBLE, 140, np.uint8)
    ready = plan(Fill.MOVED, Fill.NETWORK)
    core = Region(CELL, 0, CELL, CELL)
    patch = np.full((2 * CELL, 2 * CELL, 1), 100, np.uint8)
    carried = carried_of(ready, last, fuse)
    made = assembled(ready, [(Tile(0, core, core), patch)], carried)
    assert made is not None
    assert np.unique(made[:, : 2 * CELL]) == 140
    assert np.unique(made[:, 2 * CELL :]) == seen


def test_without_motion_nothing_is_carried() -> None:
    last = np.full(DOUBLE, 140, np.uint8)
    ready = plan(Fill.REUSED, Fill.BASE, moves=False)
    carried = carried_of(ready, last, 0.3)
    assert carried.moved is None
    made = assembled(ready, [], carried)
    assert made is not None
    assert np.unique(made[:, : 2 * CELL]) == 140
    assert np.unique(made[:, 2 * CELL :]) == ZERO_CODE


@pytest.mark.opencv
@pytest.mark.parametrize("fill", [Fill.MOVED, Fill.REUSED])
def test_where_the_last_residual_was_nothing_it_stays_nothing(fill: Fill) -> None:
    ready = plan(fill, Fill.BASE)
    made = assembled(ready, [], carried_of(ready, None, 0.0))
    assert made is not None
    assert np.unique(made) == ZERO_CODE
