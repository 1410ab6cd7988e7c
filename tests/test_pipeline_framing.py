"""Frames cut, and put on black."""

import numpy as np
import pytest

from tests.frames import LAYOUTS, RGB10, YUV420, YUV420P10, YUV444, noise
from videnhance.frame import ColourTags, Family, Layout
from videnhance.geometry import Region, Size
from videnhance.pipeline.framing import cut, on_black, with_last_twice

LIMITED, FULL = ColourTags(range=1), ColourTags(range=2)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_all_planes_are_cut_alike(layout: Layout) -> None:
    frame = noise(Size(60, 44), layout)
    got = cut(frame, Region(14, 6, 32, 31))
    for number, (plane, whole) in enumerate(zip(got.planes, frame.planes, strict=True)):
        half = number > 0 and layout.chroma_shift == (1, 1)
        x, y, width, height = (7, 3, 16, 16) if half else (14, 6, 32, 31)
        wanted = whole[y : y + height, x : x + width]
        np.testing.assert_array_equal(plane, wanted)


@pytest.mark.parametrize(
    ("layout", "tags", "black"),
    [
        (YUV420, ColourTags(), (16, 128, 128)),
        (YUV420, FULL, (0, 128, 128)),
        (YUV420P10, LIMITED, (64, 512, 512)),
        (YUV444, ColourTags(range=1, matrix=0), (16, 16, 16)),
        (Layout("gray", Family.GRAY, 8), ColourTags(), (0,)),
        (Layout("gray", Family.GRAY, 8), LIMITED, (16,)),
        (RGB10, ColourTags(), (0, 0, 0)),
        (Layout("yuva420p", Family.YUV, 8, (1, 1), True), LIMITED, (16, 128, 128, 0)),
    ],
)
def test_bars_are_black_after_the_range(
    layout: Layout, tags: ColourTags, black: tuple[int, ...]
) -> None:
    frame = noise(Size(40, 40), layout, 0, tags)
    got = on_black(frame, Region(10, 6, 40, 40), Size(60, 54))
    assert got.size == Size(60, 54)
    for plane, whole, level in zip(got.planes, frame.planes, black, strict=True):
        half = 2 if whole.shape != frame.planes[0].shape else 1
        inner = slice(6 // half, 46 // half), slice(10 // half, 50 // half)
        np.testing.assert_array_equal(plane[inner], whole)
        bars = plane.copy()
        bars[inner] = level
        assert set(np.unique(bars)) == {level}


def test_the_whole_frame_is_not_copied() -> None:
    frame = noise(Size(41, 33), YUV420)
    assert cut(frame, Region.of(frame.size)) is frame


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_missing_pixel_is_the_last_one_again(layout: Layout) -> None:
    frame = noise(Size(61, 43), layout)
    got = with_last_twice(frame, Size(62, 44))
    assert got.size == Size(62, 44)
    for plane, whole in zip(got.planes, frame.planes, strict=True):
        height, width = whole.shape
        np.testing.assert_array_equal(plane[:height, :width], whole)
        np.testing.assert_array_equal(plane[-1, :width], whole[-1])
        np.testing.assert_array_equal(plane[:height, -1], whole[:, -1])
