"""The residual of a frame: patches, what is moved along, what stays."""

import numpy as np
import pytest

from tests.frames import GRAY, frame_of, texture
from videnhance.frame import ZERO_CODE
from videnhance.geometry import Region, Size
from videnhance.pipeline.motion import FULL_TRUST, Motion
from videnhance.pipeline.plan import CELL, Fill, Plan
from videnhance.pipeline.residual import assembled, warped_residual
from videnhance.pipeline.tiles import Tile

SIZE = Size(2 * CELL, CELL)
DOUBLE = (2 * CELL, 4 * CELL, 1)


def plan(*fills: Fill, moves: bool = True) -> Plan:
    """Two cells of a picture that stands still."""
    luma = texture(SIZE)
    still = Motion(
        np.zeros((*luma.shape, 2), np.float32),
        np.full(luma.shape, FULL_TRUST, np.uint8),
        np.ones((1, 2), np.bool_),
        cut=False,
    )
    cells = np.array([fills], np.uint8)
    return Plan(
        frame_of([luma], GRAY), luma[..., None], cells, still if moves else None
    )


def test_base_alone_has_no_residual() -> None:
    last = np.full(DOUBLE, 140, np.uint8)
    ready = plan(Fill.BASE, Fill.BASE)
    assert warped_residual(ready, last, fuse=0.3) is None
    assert assembled(ready, [], last=last, warped=None) is None


def test_what_is_reused_whole_is_the_last_residual_itself() -> None:
    last = np.full(DOUBLE, 140, np.uint8)
    ready = plan(Fill.REUSED, Fill.REUSED)
    assert (
        assembled(ready, [], last=last, warped=warped_residual(ready, last, fuse=0.3))
        is last
    )


@pytest.mark.opencv
def test_each_cell_takes_what_the_plan_says() -> None:
    last = np.full(DOUBLE, 140, np.uint8)
    ready = plan(Fill.MOVED, Fill.NETWORK)
    core = Region(CELL, 0, CELL, CELL)
    patch = np.full((2 * CELL, 2 * CELL, 1), 100, np.uint8)
    warped = warped_residual(ready, last, fuse=0.5)
    made = assembled(ready, [(Tile(0, core, core), patch)], last=last, warped=warped)
    assert made is not None
    assert np.unique(made[:, : 2 * CELL]) == 140
    assert np.unique(made[:, 2 * CELL :]) == 120  # half of the moved one is fused in


def test_without_motion_nothing_is_carried() -> None:
    last = np.full(DOUBLE, 140, np.uint8)
    ready = plan(Fill.REUSED, Fill.BASE, moves=False)
    assert warped_residual(ready, last, fuse=0.3) is None
    made = assembled(ready, [], last=last, warped=None)
    assert made is not None
    assert np.unique(made[:, : 2 * CELL]) == 140
    assert np.unique(made[:, 2 * CELL :]) == ZERO_CODE
