"""Hidden colours stay hidden, and opacity comes through every stage."""

import numpy as np
import pytest

from tests.frames import UPSCALERS, Weave, frame_of
from videnhance.frame import ColourTags, Family, Frame, Layout, Plane
from videnhance.frame.geometry import Size
from videnhance.pipeline.alpha import laid_on_black, revealed_planes
from videnhance.pipeline.colour import model_input
from videnhance.pipeline.compose import Composer
from videnhance.pipeline.enhance import Settings, enhanced
from videnhance.pipeline.report import Report
from videnhance.pipeline.resize import doubled

RGBA = Layout("gbrap", Family.RGB, 8, alpha=True)
YUVA420 = Layout("yuva420p", Family.YUV, 8, (1, 1), alpha=True)
YUVA422P12 = Layout("yuva422p12le", Family.YUV, 12, (1, 0), alpha=True)
RGBA16 = Layout("gbrap16le", Family.RGB, 16, alpha=True)
LAYOUTS = (RGBA, YUVA420, YUVA422P12, RGBA16)
EACH = pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
SIZE = Size(71, 53)


def _noise(layout: Layout, opacity: Plane | None = None, index: int = 0) -> Frame:
    random = np.random.default_rng(index)
    dtype = np.uint8 if layout.depth == 8 else np.uint16
    *sizes, _ = layout.plane_sizes(SIZE)
    shape = (SIZE.height, SIZE.width)
    planes: list[Plane] = [
        random.integers(0, 1 << layout.depth, (s.height, s.width), dtype) for s in sizes
    ]
    last = np.empty(shape, dtype)
    last[:] = random.integers(1, 1 << layout.depth, shape)
    if opacity is not None:
        last[:] = opacity
    return frame_of([*planes, last], layout, index)


def _disc(layout: Layout, radius: int = 15) -> Plane:
    """Full opacity inside, none outside, and half of it on one row."""
    y, x = np.mgrid[: SIZE.height, : SIZE.width]
    top = (1 << layout.depth) - 1
    opacity: Plane = np.where(np.hypot(x - 33, y - 25) < radius, top, 0).astype(
        np.uint16
    )
    opacity[25][opacity[25] > 0] = top // 2
    return opacity


def _hidden_changed(frame: Frame, by: int) -> Frame:
    """The same picture to the eye: what the opacity hides has another colour."""
    hidden = frame.planes[-1] == 0
    planes = []
    for plane in frame.planes[:-1]:
        down = -(-hidden.shape[0] // plane.shape[0])
        across = -(-hidden.shape[1] // plane.shape[1])
        height, width = plane.shape
        padded = np.pad(
            hidden,
            ((0, height * down - SIZE.height), (0, width * across - SIZE.width)),
            constant_values=True,
        )
        unseen = padded.reshape(height, down, width, across).all(axis=(1, 3))
        planes.append(np.where(unseen, plane ^ plane.dtype.type(by), plane))
    return frame.with_planes((*planes, frame.planes[-1]))


@EACH
def test_a_frame_without_hidden_samples_is_not_touched(layout: Layout) -> None:
    frame = _noise(layout)
    for plane, same in zip(revealed_planes(frame, 3), frame.planes, strict=False):
        assert plane is same


@EACH
def test_what_is_seen_stays_and_what_is_hidden_takes_a_near_colour(
    layout: Layout,
) -> None:
    frame = _noise(layout, _disc(layout))
    flat = [np.full_like(p, 77) for p in frame.planes[:-1]]
    frame = frame.with_planes((*flat, frame.planes[-1]))
    for plane in revealed_planes(_hidden_changed(frame, 60), 3):
        height, width = plane.shape
        near = plane[: height * 4 // 5, : width * 4 // 5]
        assert (near == 77).all()


@EACH
def test_seen_samples_are_kept_to_the_bit(layout: Layout) -> None:
    frame = _noise(layout, _disc(layout))
    seen = frame.planes[-1] > 0
    luma = revealed_planes(frame, 1)[0]
    np.testing.assert_array_equal(luma[seen], frame.planes[0][seen])
    assert (luma[~seen] != frame.planes[0][~seen]).any()


def test_a_frame_with_nothing_to_see_is_not_touched() -> None:
    frame = _noise(RGBA, np.zeros((SIZE.height, SIZE.width), np.uint8))
    for plane, same in zip(revealed_planes(frame, 3), frame.planes, strict=False):
        np.testing.assert_array_equal(plane, same)


@EACH
@pytest.mark.parametrize("channels", [1, 3])
def test_hidden_colours_change_nothing_that_is_seen(
    layout: Layout, channels: int
) -> None:
    frame = _noise(layout, _disc(layout))
    other = _hidden_changed(frame, 85)
    outs = []
    for one in (frame, other):
        seen = model_input(channels, one)
        codes = Weave(channels=channels)(seen[None])[0]
        outs.append(Composer(0.5, 1.0)(one, codes))
    seen_now = outs[0].planes[-1] > 0
    assert seen_now.any()
    np.testing.assert_array_equal(
        outs[0].planes[0][seen_now], outs[1].planes[0][seen_now]
    )


@EACH
@pytest.mark.parametrize("channels", [0, 1, 3])
def test_opacity_is_enlarged_by_the_base_alone(layout: Layout, channels: int) -> None:
    frame = _noise(layout, _disc(layout))
    codes = None
    if channels:
        codes = np.full((2 * SIZE.height, 2 * SIZE.width, channels), 255, np.uint8)
    out = Composer(1.0, 1.0)(frame, codes)
    wanted = doubled(frame.planes[-1], layout.depth)
    np.testing.assert_array_equal(out.planes[-1], wanted)
    codes = None if codes is None else codes[: SIZE.height, : SIZE.width]
    same = Composer(1.0, 1.0, scale=1)(frame, codes)
    np.testing.assert_array_equal(same.planes[-1], frame.planes[-1])


@EACH
def test_at_the_same_size_and_strength_0_hidden_colours_stay(layout: Layout) -> None:
    frame = _noise(layout, _disc(layout))
    out = Composer(0.5, 0.0, scale=1)(frame, None)
    for plane, same in zip(out.planes, frame.planes, strict=True):
        np.testing.assert_array_equal(plane, same)


@EACH
@pytest.mark.parametrize("scale", [1, 2, 4])
def test_the_pipeline_carries_opacity(layout: Layout, scale: int) -> None:
    frames = [_noise(layout, _disc(layout, 9 + n), n) for n in range(3)]
    settings = Settings(scale=scale, fuse=0.0, workers=0)
    upscaler = UPSCALERS[2]
    outs = list(enhanced(iter(frames), upscaler, settings, Report()))
    assert [out.layout for out in outs] == [layout] * 3
    for out, frame in zip(outs, frames, strict=True):
        wanted = frame.planes[-1]
        for _ in range(scale // 2):
            wanted = doubled(wanted, layout.depth)
        np.testing.assert_array_equal(out.planes[-1], wanted)


@EACH
def test_an_opaque_frame_on_black_is_itself(layout: Layout) -> None:
    frame = _noise(layout, np.full((SIZE.height, SIZE.width), (1 << layout.depth) - 1))
    laid = laid_on_black(frame)
    assert laid.layout == layout.opaque
    for plane, same in zip(laid.planes, frame.planes, strict=False):
        np.testing.assert_array_equal(plane, same)


@pytest.mark.parametrize(
    ("layout", "code", "black"),
    [(YUVA420, 1, (16, 128, 128)), (YUVA420, 2, (0, 128, 128)), (RGBA, 2, (0, 0, 0))],
)
def test_what_is_hidden_lies_black(
    layout: Layout, code: int, black: tuple[int, ...]
) -> None:
    frame = _noise(layout, np.zeros((SIZE.height, SIZE.width), np.uint8))
    tagged = frame_of(frame.planes, layout, tags=ColourTags(range=code))
    for plane, value in zip(laid_on_black(tagged).planes, black, strict=True):
        assert (plane == value).all()


def test_half_opacity_lies_half_way_to_black() -> None:
    planes = [np.full((3, 5), value, np.uint8) for value in (200, 100, 50, 51)]
    laid = laid_on_black(frame_of(planes, RGBA))
    assert [int(plane[0, 0]) for plane in laid.planes] == [40, 20, 10]


@pytest.mark.parametrize("layout", [RGBA, YUVA420], ids=lambda layout: layout.name)
@pytest.mark.parametrize(("x", "y"), [(0, 0), (300, 511), (899, 700), (512, 256)])
def test_colour_travels_near_and_not_far(layout: Layout, x: int, y: int) -> None:
    sizes = layout.plane_sizes(Size(900, 701))
    planes = [np.full((s.height, s.width), 9, np.uint8) for s in sizes]
    planes[-1][:] = 0
    planes[-1][y : y + 2, x : x + 2] = 255
    for plane, size in zip(planes[:-1], sizes, strict=False):
        step = -(-900 // size.width)
        plane[y // step : y // step + 2, x // step : x // step + 2] = 200
    for filled in revealed_planes(frame_of(planes, layout), 3):
        step = -(-900 // filled.shape[1])
        top, left = y // step, x // step
        near = filled[max(top - 12, 0) : top + 12, max(left - 12, 0) : left + 12]
        assert (near == 200).all()
        rows, columns = np.nonzero(filled != 9)
        assert abs(rows - top).max() <= 150
        assert abs(columns - left).max() <= 150


@pytest.mark.parametrize("size", [Size(1, 1), Size(5, 3), Size(3, 9), Size(2, 1)])
@pytest.mark.parametrize("shift", [(0, 0), (1, 1), (2, 2), (2, 0)])
def test_the_smallest_frames_work_too(size: Size, shift: tuple[int, int]) -> None:
    layout = Layout("yuva", Family.YUV, 8, shift, alpha=True)
    sizes = layout.plane_sizes(size)
    planes = [np.full((s.height, s.width), 9, np.uint8) for s in sizes]
    planes[-1][:] = 0
    planes[-1][-1, -1] = 255
    frame = frame_of(planes, layout)
    for filled, plane in zip(revealed_planes(frame, 3), planes, strict=False):
        np.testing.assert_array_equal(filled, plane)
    assert len(laid_on_black(frame).planes) == 3
    assert Composer(0.5, 1.0)(frame, None).size == size.scaled(2)
