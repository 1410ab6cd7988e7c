"""Sizes and rectangles, compared with pixels painted into a small picture."""

import numpy as np
import numpy.typing as npt
import pytest

from videnhance.frame.geometry import Region, Size

FRAME = Size(13, 9)


def _painted(region: Region | None, size: Size = FRAME) -> npt.NDArray[np.bool_]:
    picture = np.zeros((size.height, size.width), np.bool_)
    if region is not None:
        picture[region.slices] = True
    return picture


def _random_regions(count: int) -> list[Region]:
    random = np.random.default_rng(7)
    found = []
    for _ in range(count):
        x, y = int(random.integers(FRAME.width)), int(random.integers(FRAME.height))
        width = int(random.integers(1, FRAME.width - x + 1))
        height = int(random.integers(1, FRAME.height - y + 1))
        found.append(Region(x, y, width, height))
    return found


@pytest.mark.parametrize(("width", "height"), [(0, 5), (5, 0), (-1, 5)])
def test_a_size_is_at_least_one_pixel(width: int, height: int) -> None:
    with pytest.raises(ValueError, match=f"at least 1x1, got {width}x{height}"):
        Size(width, height)


def test_a_size_reads_as_width_by_height() -> None:
    assert str(Size(70, 50)) == "70x50"
    assert Size(70, 50).area == 3500
    assert Size(7, 5).scaled(4) == Size(28, 20)


@pytest.mark.parametrize("values", [(-1, 0, 1, 1), (0, -1, 1, 1), (0, 0, 0, 1)])
def test_a_region_lies_inside_a_frame(values: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="not a region"):
        Region(*values)


def test_the_region_of_a_size_is_all_of_it() -> None:
    region = Region.of(FRAME)
    assert region.size == FRAME
    assert _painted(region).all()


@pytest.mark.parametrize("region", _random_regions(9))
def test_edges_and_slices_agree(region: Region) -> None:
    rows, columns = np.nonzero(_painted(region))
    assert (rows.min(), rows.max() + 1) == (region.y, region.bottom)
    assert (columns.min(), columns.max() + 1) == (region.x, region.right)
    assert len(rows) == region.size.area


@pytest.mark.parametrize("margin", [0, 1, 4, 20])
@pytest.mark.parametrize("region", _random_regions(5))
def test_growing_stops_at_the_edges_of_the_frame(region: Region, margin: int) -> None:
    rows, columns = np.indices((FRAME.height, FRAME.width))
    near = (rows >= region.y - margin) & (rows < region.bottom + margin)
    near &= (columns >= region.x - margin) & (columns < region.right + margin)
    np.testing.assert_array_equal(_painted(region.grown(margin, FRAME)), near)


@pytest.mark.parametrize("region", _random_regions(5))
def test_scaling_covers_the_same_pixels_enlarged(region: Region) -> None:
    enlarged = _painted(region).repeat(3, 0).repeat(3, 1)
    scaled = _painted(region.scaled(3), FRAME.scaled(3))
    np.testing.assert_array_equal(scaled, enlarged)


@pytest.mark.parametrize("outer", _random_regions(30))
def test_an_intersection_is_what_both_cover(outer: Region) -> None:
    for region in _random_regions(30):
        common = _painted(region) & _painted(outer)
        np.testing.assert_array_equal(_painted(region.intersected(outer)), common)


def test_regions_that_touch_have_nothing_in_common() -> None:
    assert Region(0, 0, 3, 3).intersected(Region(3, 0, 3, 3)) is None
    assert Region(0, 0, 3, 3).intersected(Region(0, 3, 3, 3)) is None


def test_within_counts_from_the_outer_region() -> None:
    picture = np.arange(FRAME.area).reshape(FRAME.height, FRAME.width)
    outer, inner = Region(3, 2, 8, 6), Region(5, 4, 3, 2)
    np.testing.assert_array_equal(
        picture[outer.slices][inner.within(outer).slices], picture[inner.slices]
    )
