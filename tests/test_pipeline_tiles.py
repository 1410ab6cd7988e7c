"""Tiles: they cover what they must, fit their bound, and do not show in the result."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from tests.frames import YUV420, Weave, noise
from videnhance.frame import Pixels
from videnhance.frame.geometry import Region, Size
from videnhance.pipeline.plan import CELL, Fill, Plan, grid
from videnhance.pipeline.tiles import (
    ANY_WIDTH,
    PATCH_AREA,
    Batch,
    Tile,
    Tiling,
    batches,
    paste,
    rectangles,
    tiles_of,
)

Mask = npt.NDArray[np.bool_]
SIZE = Size(150, 134)


def _plan(index: int, size: Size, wanted: Mask | None = None) -> Plan:
    frame = noise(size, index=index)
    fills = np.full(grid(size), Fill.NETWORK, np.uint8)
    if wanted is not None:
        fills[~wanted] = Fill.REUSED
    return Plan(frame, frame.planes[0][..., None].astype(np.uint8), fills, None)


def _random_plans(count: int, size: Size = SIZE, seed: int = 0) -> list[Plan]:
    """Plans of which some want no cell, some every one."""
    random = np.random.default_rng(seed)
    shares = random.choice([0.0, 0.2, 0.6, 1.0], count)
    masks = [random.random(grid(size)) < share for share in shares]
    return [_plan(i, size, mask) for i, mask in enumerate(masks)]


def _side(
    pixels: int, halo: int = 6, ahead: int = 4, max_row_width: int = ANY_WIDTH
) -> Tiling:
    return Tiling(halo, pixels * pixels, ahead, max_row_width)


def _tiles(plans: list[Plan], tiling: Tiling) -> list[Tile]:
    return [tile for batch in batches(plans, tiling) for tile in batch.tiles]


def _assembled(plan: Plan, found: list[Batch], weave: Weave) -> Pixels:
    out = np.zeros((2 * plan.size.height, 2 * plan.size.width, 1), np.uint8)
    for batch in found:
        if batch.tiles:
            for tile, patch in zip(batch.tiles, weave(batch.pixels), strict=True):
                if tile.index == plan.frame.index:
                    paste(tile, patch, scale=2, out=out)
    return out


@pytest.mark.parametrize("seed", range(20))
def test_rectangles_cover_each_wanted_cell_once(seed: int) -> None:
    random = np.random.default_rng(seed)
    wanted = random.random(random.integers(1, 12, 2)) < random.random()
    covered = np.zeros(wanted.shape, int)
    for region in rectangles(wanted):
        covered[region.slices] += 1
    np.testing.assert_array_equal(covered, wanted)


def test_a_full_grid_is_one_rectangle_and_an_empty_one_none() -> None:
    assert rectangles(np.ones((5, 7), np.bool_)) == [Region(0, 0, 7, 5)]
    assert rectangles(np.zeros((5, 7), np.bool_)) == []


def test_equal_runs_beside_each_other_are_joined() -> None:
    wanted = np.array([[1, 1, 1, 1], [1, 1, 0, 1], [1, 1, 0, 0]], np.bool_)
    assert sorted(rectangles(wanted), key=lambda r: r.x) == [
        Region(0, 0, 2, 3),
        Region(2, 0, 1, 1),
        Region(3, 0, 1, 2),
    ]


@pytest.mark.parametrize("max_row_width", [96, ANY_WIDTH])
@pytest.mark.parametrize("side", [32, 48, 96, 288])
@pytest.mark.parametrize(
    "size", [Size(70, 50), SIZE, Size(389, 217), Size(1, 1), Size(200, 1)], ids=str
)
def test_cores_cover_the_networks_cells_once(
    size: Size, side: int, max_row_width: int
) -> None:
    for plan in _random_plans(4, size):
        covered = np.zeros((size.height, size.width), int)
        for tile in _tiles([plan], _side(side, max_row_width=max_row_width)):
            covered[tile.core.slices] += 1
            seen = tile.core.grown(6, size)
            assert tile.patch.intersected(seen) == seen
            assert tile.patch.intersected(Region.of(size)) == tile.patch
        wanted = plan.fills == Fill.NETWORK
        pixels = wanted.repeat(CELL, 0).repeat(CELL, 1)[: size.height, : size.width]
        np.testing.assert_array_equal(covered, pixels)


@pytest.mark.parametrize(
    ("size", "side", "halo"),
    [
        (Size(70, 50), 32, 6),
        (Size(51, 37), 24, 0),
        (SIZE, 48, 6),
        (SIZE, 48, 13),
        (SIZE, 96, 6),
        (Size(389, 217), 288, 6),
        (Size(1283, 725), 288, 6),
    ],
    ids=str,
)
def test_every_patch_fits_its_bound(size: Size, side: int, halo: int) -> None:
    tiles = _tiles([_plan(0, size)], _side(side, halo))
    assert max(tile.patch.size.area for tile in tiles) <= side * side
    assert sum(tile.core.size.area for tile in tiles) == size.area


@pytest.mark.parametrize("size", [Size(640, 360), Size(1000, 700)], ids=str)
@pytest.mark.parametrize(("max_row_width", "most"), [(160, 10), (ANY_WIDTH, 25)])
def test_patches_come_in_few_shapes(size: Size, max_row_width: int, most: int) -> None:
    tiling = Tiling(6, max_row_width=max_row_width)
    shapes = {
        tile.patch.size
        for plan in _random_plans(40, size)
        for tile in tiles_of(plan, tiling)
    }
    assert 4 < len(shapes) <= most


def test_narrow_batches_come_in_no_more_shapes_than_there_are_copies() -> None:
    plans, tiling = _random_plans(60, Size(640, 360)), Tiling(6, max_row_width=160)
    shapes = {b.pixels.shape for b in batches(plans, tiling) if b.tiles}
    assert 10 < len(shapes) <= 16  # `_COPIES` in model/runtime.py


@pytest.mark.parametrize(
    ("size", "area", "max_row_width", "most"),
    [
        (Size(640, 360), PATCH_AREA, 160, 1.12),
        (Size(640, 360), PATCH_AREA, ANY_WIDTH, 1.0),
        (Size(1920, 1080), PATCH_AREA, 160, 1.12),
        (Size(1920, 1080), PATCH_AREA, ANY_WIDTH, 1.08),
        (Size(3840, 2160), PATCH_AREA, ANY_WIDTH, 1.13),
        (Size(640, 360), 208 * 208, 160, 1.27),
        (Size(640, 360), 208 * 208, ANY_WIDTH, 1.25),
        (Size(640, 360), 128 * 128, ANY_WIDTH, 1.45),
    ],
    ids=str,
)
def test_halos_cost_no_more_than_they_must(
    size: Size, area: int, max_row_width: int, most: float
) -> None:
    tiles = _tiles([_plan(0, size)], Tiling(7, area, max_row_width=max_row_width))
    assert sum(tile.patch.size.area for tile in tiles) <= most * size.area


def test_a_batch_is_of_one_patch_or_of_four() -> None:
    plans = _random_plans(40, Size(640, 360))
    counts = {
        len(batch.tiles) for batch in batches(plans, Tiling(6, max_row_width=160))
    }
    assert counts - {0} == {1, 4}


def test_columns_are_as_narrow_as_the_network_likes() -> None:
    tiles = _tiles([_plan(0, Size(640, 360))], Tiling(6, max_row_width=160))
    assert {tile.patch.size for tile in tiles} == {Size(140, 360)}
    assert len(tiles) == 5


def test_rows_that_the_network_likes_may_be_shorter_than_a_cell() -> None:
    tiles = _tiles([_plan(0, Size(640, 360))], Tiling(20, max_row_width=50))
    assert {tile.patch.size for tile in tiles} == {Size(104, 360)}


def test_a_frame_that_fits_is_one_patch() -> None:
    (tile,) = _tiles([_plan(0, SIZE)], _side(288))
    assert tile.core == tile.patch == Region.of(SIZE)


@pytest.mark.parametrize(
    ("size", "sides"),
    [
        (Size(11, 9), [1, 7]),
        (Size(17, 23), [16, 48]),
        (Size(70, 50), [32, 48, 288]),
        (SIZE, [48, 96, 288]),
        (Size(1, 1), [1, 48]),
        (Size(200, 1), [1, 7, 16, 48]),
        (Size(1, 200), [16, 48, 288]),
    ],
    ids=str,
)
def test_a_frame_in_tiles_equals_the_whole_frame(size: Size, sides: list[int]) -> None:
    weave = Weave()
    plan = _plan(0, size)
    whole = weave(plan.seen[None])[0]
    for side in sides:
        found = list(batches([plan], _side(side)))
        np.testing.assert_array_equal(_assembled(plan, found, weave), whole)


@pytest.mark.parametrize("side", [48, 96, 288])
def test_frames_that_share_batches_equal_whole_frames(side: int) -> None:
    weave = Weave()
    plans = _random_plans(9)
    found = list(batches(plans, _side(side)))
    for plan in plans:
        wanted = (plan.fills == Fill.NETWORK).repeat(2 * CELL, 0).repeat(2 * CELL, 1)
        wanted = wanted[: 2 * SIZE.height, : 2 * SIZE.width, None]
        whole = np.where(wanted, weave(plan.seen[None])[0], 0)
        np.testing.assert_array_equal(_assembled(plan, found, weave), whole)


@pytest.mark.parametrize("ahead", [0, 1, 4])
@pytest.mark.parametrize("side", [48, 288])
@pytest.mark.parametrize("seed", range(4))
def test_each_plan_is_closed_once_in_order_after_its_tiles(
    seed: int, side: int, ahead: int
) -> None:
    plans = _random_plans(13, seed=seed)
    closed: list[int] = []
    for batch in batches(plans, _side(side, ahead=ahead)):
        assert batch.tiles or batch.closes
        assert not {tile.index for tile in batch.tiles} & set(closed)
        closed += [plan.frame.index for plan in batch.closes]
    assert closed == list(range(13))


@pytest.mark.parametrize("side", [1, 16, 48, 96, 288])
def test_a_batch_stays_within_the_bound_unless_it_is_one_patch(side: int) -> None:
    size = Size(11, 9) if side < 48 else SIZE
    plans = _random_plans(9, size) + [_plan(i, size) for i in range(9, 15)]
    sizes = set()
    for batch in batches(plans, _side(side)):
        count, height, width, channels = batch.pixels.shape
        assert count == len(batch.tiles)
        if count:
            sizes.add(count)
            assert channels == 1
            assert {t.patch.size for t in batch.tiles} == {Size(width, height)}
        assert count <= 1 or count * height * width <= side * side
    if side == 288:
        assert max(sizes) > 1


def test_a_batch_holds_the_pixels_of_its_patches() -> None:
    plans = _random_plans(6)
    for batch in batches(plans, _side(96)):
        for tile, pixels in zip(batch.tiles, batch.pixels, strict=True):
            seen = plans[tile.index].seen
            np.testing.assert_array_equal(pixels, seen[tile.patch.slices])


@pytest.mark.parametrize("ahead", [0, 1, 4])
@pytest.mark.parametrize("size", [Size(23, 17), SIZE], ids=str)
def test_no_more_than_so_many_frames_wait(size: Size, ahead: int) -> None:
    taken, closed, most = 0, 0, 0

    def plans() -> Iterator[Plan]:
        nonlocal taken, most
        for plan in _random_plans(17, size):
            most = max(most, taken - closed)
            taken += 1
            yield plan

    for batch in batches(plans(), _side(288, ahead=ahead)):
        closed += len(batch.closes)
    assert (taken, closed) == (17, 17)
    assert most <= ahead
    if size.width == 23:
        assert most == ahead


def test_a_plan_without_tiles_is_closed_at_once() -> None:
    nowhere = np.zeros(grid(SIZE), np.bool_)
    line = batches((_plan(i, SIZE, nowhere) for i in range(3)), _side(288))
    for index, batch in enumerate(line):
        assert batch.tiles == ()
        assert [plan.frame.index for plan in batch.closes] == [index]


def test_no_plans_make_no_batches() -> None:
    assert list(batches([], _side(288))) == []


def test_an_rgb_patch_has_three_channels() -> None:
    frame = noise(Size(70, 50), YUV420)
    seen = np.zeros((50, 70, 3), np.uint8)
    fills = np.full((1, 2), Fill.NETWORK, np.uint8)
    (batch,) = batches([Plan(frame, seen, fills, None)], _side(288))
    assert batch.pixels.shape == (1, 50, 70, 3)


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_pasting_writes_the_core_alone(scale: int) -> None:
    size = Size(31, 23)
    core = Region(9, 0, 11, 23)
    tile = Tile(0, core, core.grown(6, size))
    plane = np.full((23, 31), 7, np.uint8)
    patch = plane[tile.patch.slices].repeat(scale, 0).repeat(scale, 1)[..., None]
    out = np.zeros((23 * scale, 31 * scale, 1), np.uint8)
    paste(tile, patch, scale=scale, out=out)
    wanted = np.zeros_like(out)
    wanted[:, 9 * scale : 20 * scale] = 7
    np.testing.assert_array_equal(out, wanted)


@pytest.mark.parametrize(
    ("size", "area", "halo"), [(Size(200, 1), 49, 6), (Size(70, 50), 64, 0)], ids=str
)
def test_no_row_is_too_long_for_its_bound(size: Size, area: int, halo: int) -> None:
    for tile in _tiles([_plan(0, size)], Tiling(halo, area)):
        assert tile.patch.size.area <= area


@pytest.mark.parametrize("halo", [6, 20])
def test_a_large_frame_is_cut_into_no_more_than_it_must(halo: int) -> None:
    size = Size(7680, 4320)
    seen = np.zeros((size.height, size.width, 1), np.uint8)
    fills = np.full(grid(size), Fill.NETWORK, np.uint8)
    plan = Plan(noise(Size(1, 1)).with_planes((seen[..., 0],)), seen, fills, None)
    tiles = tiles_of(plan, Tiling(halo, 128 * 128))
    assert len(tiles) * 128 * 128 > size.area
    assert len({tile.core.x for tile in tiles}) < 200
    assert len({tile.core.y for tile in tiles}) < 200
