"""Frames resized, cut and put on black, in every layout."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

from tests.frames import LAYOUTS, RGB10, YUV420, YUV420P10, YUV444, frame_of, noise
from videnhance.frame import ColourTags, Family, Frame, Layout, Plane
from videnhance.frame.geometry import Fit, Region, Size, box_of
from videnhance.media.encoder.rescale import (
    Rescaler,
    cut,
    on_black,
    with_last_twice,
)
from videnhance.media.layout import native_layout
from videnhance.pipeline.output_size import Target, planned_size

LIMITED, FULL = ColourTags(range=1), ColourTags(range=2)
MORE = ("yuv422p10le", "yuv440p12le", "yuv411p", "yuv410p", "yuv420p9le", "gray14le")
DEEP = ("gbrp16le", "yuv444p16le", "gbrp14le", "yuv420p12le", "yuva420p", "gbrap16le")


def _native(name: str) -> Layout:
    layout = native_layout(name)
    assert layout is not None
    return layout


EVERY = (*LAYOUTS, *map(_native, (*MORE, *DEEP)))


def _target(source: Size, size: Size, fit: Fit = Fit.STRETCH) -> Target:
    box = box_of(str(size), fit)
    plan = planned_size(source, None, rotation_degrees=0, box=box, chroma_shift=(0, 0))
    if fit is Fit.STRETCH:
        return replace(plan, scale=1, crop=Region.of(source))
    return plan


def _resized(frame: Frame, size: Size) -> Frame:
    whole = Region.of(frame.size)
    return Rescaler(Target(frame.size, 1, whole, Region.of(size), size, None))(frame)


def _flat(layout: Layout, size: Size, value: int) -> Frame:
    frame = noise(size, layout)
    return frame.with_planes(tuple(np.full_like(p, value) for p in frame.planes))


@pytest.mark.parametrize("layout", EVERY, ids=lambda layout: layout.name)
@pytest.mark.parametrize("size", [Size(90, 70), Size(31, 22), Size(34, 77)])
def test_every_layout_keeps_flat_planes_to_the_bit(layout: Layout, size: Size) -> None:
    top = (1 << layout.depth) - 1
    for value in (0, 1, 15, 16, 77, top // 2, top - 19, top - 1, top):
        got = _resized(_flat(layout, Size(61, 47), value), size)
        assert got.layout == layout
        assert got.size == size
        assert {int(v) for plane in got.planes for v in np.unique(plane)} == {value}


@pytest.mark.parametrize("layout", EVERY, ids=lambda layout: layout.name)
def test_every_layout_keeps_time_and_tags_and_its_range(layout: Layout) -> None:
    frame = noise(Size(61, 47), layout, 3, FULL)
    got = _resized(frame, Size(84, 66))
    assert replace(got, planes=frame.planes) == frame
    assert max(int(plane.max()) for plane in got.planes) < 1 << layout.depth


def test_planes_do_not_mix() -> None:
    base = noise(Size(61, 47), RGB10)
    for number in range(3):
        planes = list(base.planes)
        planes[number] = planes[number] ^ np.uint16(1023)
        changed = _resized(base.with_planes(tuple(planes)), Size(40, 33))
        same = _resized(base, Size(40, 33))
        equal = [
            bool((a == b).all())
            for a, b in zip(changed.planes, same.planes, strict=True)
        ]
        assert equal == [n != number for n in range(3)]


def _lanczos(count: int, wanted: int) -> npt.NDArray[np.float64]:
    """The matrix of Lanczos' kernel of 3 lobes, edges repeated."""
    step = count / wanted
    wide = max(step, 1.0)
    matrix = np.zeros((wanted, count))
    for row in range(wanted):
        centre = (row + 0.5) * step - 0.5
        for tap in range(int(centre - 3 * wide), int(centre + 3 * wide) + 2):
            x = (tap - centre) / wide
            weight = np.sinc(x) * np.sinc(x / 3) if abs(x) < 3 else 0.0
            matrix[row, min(max(tap, 0), count - 1)] += weight
    matrix /= matrix.sum(axis=1, keepdims=True)
    return matrix


@pytest.mark.parametrize("layout", [YUV444, RGB10], ids=lambda layout: layout.name)
@pytest.mark.parametrize("size", [Size(90, 70), Size(40, 30)])
def test_the_kernel_is_that_of_lanczos(layout: Layout, size: Size) -> None:
    y, x = np.mgrid[:47, :61]
    top = (1 << layout.depth) - 1
    wave = np.rint(top * (0.5 + 0.2 * np.sin(x / 3) + 0.2 * np.cos(y / 4)))
    plane: Plane = wave.astype(np.uint8 if layout.depth == 8 else np.uint16)
    got = _resized(frame_of([plane] * 3, layout), size)
    wanted = _lanczos(47, size.height) @ plane @ _lanczos(61, size.width).T
    error = got.planes[0][4:-4, 4:-4] - wanted[4:-4, 4:-4]
    assert np.abs(error).max() < 0.012 * top


@pytest.mark.parametrize("size", [Size(180, 120), Size(60, 40), Size(240, 160)])
def test_chroma_stays_where_its_luma_is(size: Size) -> None:
    """Chroma of each second column holds the value of the luma sample it stands by."""
    slope = 4
    luma = np.tile(np.arange(120, dtype=np.uint16) * slope + 200, (80, 1))
    chroma = luma[::2, ::2].copy()
    frame = frame_of([luma, chroma, chroma], YUV420P10)
    got = _resized(frame, size)
    inner = slice(8, -8)
    apart = got.planes[1][5, inner].astype(float) - got.planes[0][11, ::2][inner]
    pixels = apart.mean() / (slope * 120 / size.width)
    assert abs(pixels) < 0.08


def test_hidden_colours_do_not_come_into_visible_ones() -> None:
    layout = _native("gbrap")
    colour = np.full((40, 60), 200, np.uint8)
    opacity = np.full((40, 60), 255, np.uint8)
    colour[:, 30:], opacity[:, 30:] = 0, 0
    got = _resized(frame_of([colour, colour, colour, opacity], layout), Size(90, 60))
    visible = got.planes[3] > 20
    assert got.planes[0][visible].min() >= 199


def test_threads_share_one_rescaler_and_get_the_same() -> None:
    source, size = Size(121, 83), Size(180, 120)
    rescaler = Rescaler(_target(source, size))
    frames = [noise(source, YUV420, index) for index in range(24)]
    alone = [rescaler(frame) for frame in frames]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(rescaler, frames))
    for one, other in zip(alone, together, strict=True):
        for plane, wanted in zip(one.planes, other.planes, strict=True):
            np.testing.assert_array_equal(plane, wanted)


def test_a_frame_that_fits_already_is_not_touched() -> None:
    frame = noise(Size(50, 38), YUV420)
    assert _resized(frame, frame.size) is frame


def test_a_frame_of_another_size_is_refused() -> None:
    rescaler = Rescaler(_target(Size(60, 44), Size(80, 50)))
    for size in (Size(58, 44), Size(60, 46)):
        with pytest.raises(ValueError, match="does not fit"):
            rescaler(noise(size, YUV420))


def test_plan_and_resizing_agree_on_an_anamorphic_picture() -> None:
    box = box_of("96x54", Fit.PAD)
    target = planned_size(Size(36, 28), Fraction(16, 15), rotation_degrees=0, box=box)
    got = Rescaler(target)(noise(Size(36, 28).scaled(target.scale), YUV420))
    assert got.size == Size(96, 54)


@pytest.mark.parametrize("layout", EVERY, ids=lambda layout: layout.name)
@pytest.mark.parametrize("fit", list(Fit))
def test_every_fit_gives_the_size_that_was_planned(layout: Layout, fit: Fit) -> None:
    source = Size(37, 29)
    target = planned_size(
        source, Fraction(16, 15), rotation_degrees=90, box=box_of("64x96", fit)
    )
    got = Rescaler(target)(noise(source.scaled(target.scale), layout))
    assert got.size == target.size
    assert got.size == (Size(82, 64) if fit is Fit.INSIDE else Size(96, 64))


def test_a_rescaler_travels_without_its_graphs() -> None:
    frame, size = noise(Size(20, 14), YUV420), Size(14, 10)
    whole = Region.of(frame.size)
    used = Rescaler(Target(frame.size, 1, whole, Region.of(size), size, None))
    made = used(frame)
    fresh = pickle.loads(pickle.dumps(used))
    assert fresh == used
    for plane, wanted in zip(fresh(frame).planes, made.planes, strict=True):
        np.testing.assert_array_equal(plane, wanted)


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
    got = on_black(frame, Region(10, 6, 40, 40), size=Size(60, 54))
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
