"""Output = base + strength x residual, to the bit."""

import numpy as np
import numpy.typing as npt
import pytest

from tests.frames import (
    GRAY,
    GRAY16,
    LAYOUTS,
    RGB,
    YUV420,
    YUV420P10,
    YUV444,
    assert_same_frames,
    frame_of,
    noise,
)
from videnhance.frame import Frame, Layout, Pixels, Plane
from videnhance.frame.geometry import Size
from videnhance.pipeline.compose import Composer
from videnhance.pipeline.resize import FRACTION_BITS, doubled, doubled_strips

SIZES = [Size(70, 50), Size(51, 37), Size(1, 1), Size(1, 9)]
ALL = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)


def _codes(size: Size, channels: int = 1, scale: int = 2) -> Pixels:
    shape = (scale * size.height, scale * size.width, channels)
    return np.random.default_rng(5).integers(0, 256, shape, np.uint8)


def _cut_base(frame: Frame) -> list[Plane]:
    sizes = frame.layout.plane_sizes(frame.size.scaled(2))
    return [
        doubled(plane, frame.layout.depth, left)[: size.height, : size.width]
        for plane, size, left in zip(
            frame.planes, sizes, frame.layout.sited_left, strict=True
        )
    ]


def _exact_base(plane: Plane) -> npt.NDArray[np.float64]:
    strips = [strip.astype(np.float64) for _, strip in doubled_strips(plane)]
    return np.concatenate(strips) / (1 << FRACTION_BITS)


def _to_samples(values: npt.NDArray[np.float64], depth: int) -> Plane:
    top = (1 << depth) - 1
    samples: Plane = np.clip(np.floor(values + 0.5), 0, top).astype(np.uint16)
    return samples


@ALL
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("channels", [0, 1, 3])
def test_strength_0_is_the_base(layout: Layout, size: Size, channels: int) -> None:
    frame = noise(size, layout)
    codes = _codes(size, channels) if channels else None
    out = Composer(0.5, 0.0)(frame, codes)
    assert out.size == size.scaled(2)
    assert_same_frames([out], [frame.with_planes(tuple(_cut_base(frame)))])


@ALL
@pytest.mark.parametrize("channels", [0, 1, 3])
def test_strength_0_at_the_same_size_is_the_input(
    layout: Layout, channels: int
) -> None:
    frame = noise(Size(51, 37), layout)
    codes = _codes(frame.size, channels, 1) if channels else None
    assert_same_frames([Composer(0.5, 0.0, scale=1)(frame, codes)], [frame])


@ALL
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [1, 2])
def test_the_code_of_nothing_gives_the_base(
    layout: Layout, channels: int, scale: int
) -> None:
    frame = noise(Size(51, 37), layout)
    codes = np.full_like(_codes(frame.size, channels, scale), 128)
    composer = Composer(0.5, 1.0, scale)
    assert_same_frames([composer(frame, codes)], [composer(frame, None)])


@ALL
@pytest.mark.parametrize("channels", [0, 1, 3])
@pytest.mark.parametrize("scale", [1, 2])
def test_both_are_the_base_and_the_enhanced_frame(
    layout: Layout, channels: int, scale: int
) -> None:
    frame = noise(Size(51, 37), layout)
    codes = _codes(frame.size, channels, scale) if channels else None
    composer = Composer(0.5, 0.7, scale)
    wanted = [composer(frame, None), composer(frame, codes)]
    assert_same_frames(composer.both(frame, codes), wanted)


@pytest.mark.parametrize("layout", [GRAY, GRAY16, YUV420, YUV420P10])
@pytest.mark.parametrize("strength", [0.25, 1.0])
@pytest.mark.parametrize("step", [0.5, 1.0])
def test_luma_gains_strength_times_code_times_step(
    layout: Layout, strength: float, step: float
) -> None:
    frame = noise(Size(51, 37), layout)
    codes = _codes(frame.size)
    out = Composer(step, strength)(frame, codes)
    levels = (codes[..., 0] - 128.0) * step * strength * (1 << (layout.depth - 8))
    wanted = _to_samples(_exact_base(frame.planes[0]) + levels, layout.depth)
    np.testing.assert_array_equal(out.planes[0], wanted)
    assert out.planes[0].dtype == frame.planes[0].dtype
    for plane, base in zip(out.planes[1:], _cut_base(frame)[1:], strict=True):
        np.testing.assert_array_equal(plane, base)


@pytest.mark.parametrize("layout", [GRAY, YUV420P10, GRAY16])
@pytest.mark.parametrize("code", [0, 255])
def test_the_largest_residual_stops_at_the_ends_of_the_range(
    layout: Layout, code: int
) -> None:
    top = (1 << layout.depth) - 1
    dtype = np.uint8 if layout.depth == 8 else np.uint16
    full = 0 if code == 0 else top
    sizes = layout.plane_sizes(Size(7, 5))
    planes = [np.full((s.height, s.width), full, dtype) for s in sizes]
    for scale in (1, 2):
        codes = np.full((scale * 5, scale * 7, 1), code, np.uint8)
        out = Composer(1.0, 1.0, scale)(frame_of(planes, layout), codes)
        assert (out.planes[0] == full).all()


def test_a_luma_residual_goes_onto_each_rgb_plane() -> None:
    frame = noise(Size(51, 37), RGB)
    codes = _codes(frame.size)
    out = Composer(0.5, 1.0)(frame, codes)
    for plane, source in zip(out.planes, frame.planes, strict=True):
        levels = (codes[..., 0] - 128.0) * 0.5
        wanted = _to_samples(_exact_base(source) + levels, 8)
        np.testing.assert_array_equal(plane, wanted)


def test_an_rgb_residual_goes_onto_its_own_plane() -> None:
    frame = noise(Size(51, 37), RGB)
    codes = np.full_like(_codes(frame.size, 3), 128)
    codes[..., 1] = 148
    red, green, blue = Composer(0.5, 1.0)(frame, codes).planes
    base = _cut_base(frame)
    np.testing.assert_array_equal(red, base[0])
    np.testing.assert_array_equal(blue, base[2])
    wanted = _to_samples(_exact_base(frame.planes[1]) + 10, 8)
    np.testing.assert_array_equal(green, wanted)


@pytest.mark.parametrize("layout", [YUV420, YUV420P10, YUV444])
@pytest.mark.parametrize("scale", [1, 2])
def test_a_gray_rgb_residual_cannot_shift_colour(layout: Layout, scale: int) -> None:
    frame = noise(Size(51, 37), layout)
    codes = np.repeat(_codes(frame.size, 1, scale), 3, axis=2)
    composer = Composer(0.5, 1.0, scale)
    luma, *chroma = composer(frame, codes).planes
    base_luma, *base = composer(frame, None).planes
    assert (luma != base_luma).mean() > 0.5
    for plane, wanted in zip(chroma, base, strict=True):
        np.testing.assert_array_equal(plane, wanted)


@pytest.mark.parametrize("layout", [GRAY, YUV420P10, GRAY16])
@pytest.mark.parametrize("strength", [0.7, 1.0])
def test_at_the_same_size_a_pixel_gains_its_code(
    layout: Layout, strength: float
) -> None:
    frame = noise(Size(351, 137), layout)
    codes = _codes(frame.size, 1, 1)
    out = Composer(0.25, strength, scale=1)(frame, codes)
    levels = (codes[..., 0] - 128.0) * 0.25 * strength * (1 << (layout.depth - 8))
    exact = np.clip(frame.planes[0] + levels, 0, (1 << layout.depth) - 1)
    assert np.abs(out.planes[0] - exact).max() <= 0.505
    for plane, kept in zip(out.planes[1:], frame.planes[1:], strict=True):
        np.testing.assert_array_equal(plane, kept)


@ALL
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [1, 2])
def test_every_layout_keeps_its_shape_at_odd_sizes(
    layout: Layout, size: Size, channels: int, scale: int
) -> None:
    frame = noise(size, layout, index=2)
    out = Composer(0.5, 1.0, scale)(frame, _codes(size, channels, scale))
    assert out.size == (size.scaled(scale))
    assert out.layout == layout
    assert (out.index, out.pts) == (frame.index, frame.pts)
    assert all(plane.flags.c_contiguous for plane in out.planes)


def test_composing_changes_neither_frame_nor_residual() -> None:
    frame, same = noise(Size(51, 37), YUV420), noise(Size(51, 37), YUV420)
    for scale in (1, 2):
        codes = _codes(frame.size, 1, scale)
        Composer(0.5, 1.0, scale)(frame, codes)
        assert_same_frames([frame], [same])
        np.testing.assert_array_equal(codes, _codes(frame.size, 1, scale))


@ALL
@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("channels", [0, 1, 3])
def test_codes_of_four_times_the_size_go_onto_the_base_of_the_base(
    layout: Layout, size: Size, channels: int
) -> None:
    frame = noise(size, layout)
    plain = Composer(0.5, 0.0)(frame, None)
    codes = _codes(size, channels, 4) if channels else None
    composer, wanted = Composer(0.5, 1.0, scale=4), Composer(0.5, 1.0)
    assert_same_frames([composer(frame, codes)], [wanted(plain, codes)])
    assert_same_frames(composer.both(frame, codes), wanted.both(plain, codes))
