"""Frames check themselves, and know their sizes."""

import numpy as np
import pytest

from tests.frames import GRAY, LAYOUTS, YUV420, YUV420P10, frame_of, noise
from videnhance.frame import ColourTags, Family, Layout
from videnhance.frame.geometry import Size


@pytest.mark.parametrize("depth", [0, 7, 17])
def test_a_layout_has_8_to_16_bits(depth: int) -> None:
    with pytest.raises(ValueError, match=f"depth = {depth}"):
        Layout("odd", Family.GRAY, depth)


@pytest.mark.parametrize(
    ("size", "chroma"),
    [
        (Size(70, 50), Size(35, 25)),
        (Size(51, 71), Size(26, 36)),
        (Size(1, 1), Size(1, 1)),
    ],
)
def test_chroma_is_rounded_up(size: Size, chroma: Size) -> None:
    assert YUV420.plane_sizes(size) == (size, chroma, chroma)
    assert GRAY.plane_sizes(size) == (size,)


def test_chroma_of_411_is_a_quarter_as_wide() -> None:
    layout = Layout("yuv411p", Family.YUV, 8, (2, 0))
    assert layout.plane_sizes(Size(9, 5))[1] == Size(3, 5)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_frame_knows_its_size_and_weight(layout: Layout) -> None:
    frame = noise(Size(51, 37), layout)
    assert frame.size == Size(51, 37)
    samples = sum(s.area for s in layout.plane_sizes(frame.size))
    assert frame.nbytes == samples * (1 if layout.depth == 8 else 2)


def test_planes_of_another_size_make_no_frame() -> None:
    luma, chroma = np.zeros((51, 71), np.uint8), np.zeros((25, 35), np.uint8)
    with pytest.raises(ValueError, match="do not make a yuv420p frame"):
        frame_of([luma, chroma, chroma], YUV420)


def test_a_missing_plane_makes_no_frame() -> None:
    with pytest.raises(ValueError, match="do not make a yuv420p frame"):
        frame_of([np.zeros((50, 70), np.uint8)], YUV420)


def test_samples_of_another_type_make_no_frame() -> None:
    with pytest.raises(ValueError, match="8 bits are stored as uint8"):
        frame_of([np.zeros((5, 7), np.uint16)], GRAY)
    deep = [np.zeros((1, 1), np.uint8)] * 3
    with pytest.raises(ValueError, match="10 bits are stored as uint16"):
        frame_of(deep, YUV420P10)


def test_other_planes_keep_the_moment() -> None:
    frame, other = noise(Size(7, 5), index=3), noise(Size(14, 10))
    moved = frame.with_planes(other.planes)
    assert moved.size == Size(14, 10)
    assert (moved.index, moved.pts, moved.time_base, moved.duration) == (
        frame.index,
        frame.pts,
        frame.time_base,
        frame.duration,
    )


def test_pixels_stay_out_of_messages() -> None:
    assert "planes" not in repr(noise(Size(7, 5)))


@pytest.mark.parametrize(("code", "full"), [(0, False), (1, False), (2, True)])
def test_untagged_range_is_limited(code: int, full: bool) -> None:
    assert ColourTags(range=code).full is full
