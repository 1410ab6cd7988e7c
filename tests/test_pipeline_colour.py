"""What a model sees, and where its residual goes."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from tests.frames import (
    GRAY,
    LAYOUTS,
    RGB,
    RGB10,
    YUV420,
    YUV420P10,
    YUV444,
    frame_of,
    noise,
)
from videnhance.frame import ColourTags, Frame, Layout
from videnhance.frame.geometry import Size
from videnhance.pipeline.colour import model_input, plane_residuals

SIZE = Size(51, 37)
Values = npt.NDArray[np.float64]
# FFmpeg's numbers, and the weights of red and blue in BT.709, BT.601, SMPTE 240M and
# BT.2020; 2 is untagged.
MATRICES = {1: (0.2126, 0.0722), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}
MATRICES[10] = MATRICES[9]
MATRICES |= dict.fromkeys((2, 5, 6), (0.299, 0.114))


def _to_yuv(rgb: Values, tags: ColourTags) -> Values:
    """H x W x 3 in 8-bit levels, not rounded."""
    red, blue = MATRICES[tags.matrix]
    weights = np.array([red, 1 - red - blue, blue])
    luma = rgb @ weights / 255
    cb = (rgb[..., 2] / 255 - luma) / (2 * (1 - blue))
    cr = (rgb[..., 0] / 255 - luma) / (2 * (1 - red))
    if tags.full:
        return np.stack([255 * luma, 128 + 255 * cb, 128 + 255 * cr], axis=-1)
    return np.stack([16 + 219 * luma, 128 + 224 * cb, 128 + 224 * cr], axis=-1)


def _yuv_frame(rgb: Values, tags: ColourTags, layout: Layout = YUV444) -> Frame:
    yuv = np.clip(np.rint(_to_yuv(rgb, tags)), 0, 255).astype(np.uint8)
    across, down = (1 << shift for shift in layout.chroma_shift)
    chroma = [np.ascontiguousarray(yuv[::down, ::across, n]) for n in (1, 2)]
    return frame_of([np.ascontiguousarray(yuv[..., 0]), *chroma], layout, tags=tags)


def _codes(channels: int, seed: int = 3) -> npt.NDArray[np.uint8]:
    shape = (2 * SIZE.height, 2 * SIZE.width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("layout", [GRAY, YUV420, YUV444])
def test_a_luma_model_sees_the_stored_luma(layout: Layout) -> None:
    frame = noise(SIZE, layout)
    seen = model_input(1, frame)
    assert seen.shape == (37, 51, 1)
    np.testing.assert_array_equal(seen[..., 0], frame.planes[0])


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_model_sees_bytes_of_the_frames_size(layout: Layout, channels: int) -> None:
    seen = model_input(channels, noise(SIZE, layout))
    assert seen.shape == (37, 51, channels)
    assert seen.dtype == np.uint8


def test_seeing_does_not_change_the_frame() -> None:
    frame, same = noise(SIZE, YUV420P10), noise(SIZE, YUV420P10)
    for channels in (1, 3):
        model_input(channels, frame)[...] = 0
    for plane, kept in zip(frame.planes[1:], same.planes[1:], strict=True):
        np.testing.assert_array_equal(plane, kept)


def test_ten_bits_are_rounded_to_eight() -> None:
    ten = np.arange(1024, dtype=np.uint16).reshape(32, 32)
    chroma = np.full((16, 16), 512, np.uint16)
    seen = model_input(1, frame_of([ten, chroma, chroma], YUV420P10))[..., 0]
    wanted = np.minimum(np.floor(ten / 4 + 0.5), 255)
    np.testing.assert_array_equal(seen, wanted)


def test_sixteen_bits_do_not_overflow_when_rounded() -> None:
    layout = Layout("gray16le", GRAY.family, 16)
    plane = np.array([[0, 127, 128, 65407, 65408, 65535]], np.uint16)
    assert model_input(1, frame_of([plane], layout)).ravel().tolist() == [
        *(0, 0, 1),
        *(255, 255, 255),
    ]


def test_an_rgb_model_sees_rgb_planes_as_they_are() -> None:
    frame = noise(SIZE, RGB)
    np.testing.assert_array_equal(model_input(3, frame), np.stack(frame.planes, -1))
    assert model_input(3, noise(SIZE, RGB10)).max() == 255


def test_an_rgb_model_sees_gray_three_times() -> None:
    frame = noise(SIZE, GRAY)
    for channel in range(3):
        np.testing.assert_array_equal(
            model_input(3, frame)[..., channel], frame.planes[0]
        )


def test_a_luma_model_sees_rgb_as_luma() -> None:
    frame = noise(SIZE, RGB)
    luma = np.stack(frame.planes, -1) @ np.array([0.299, 0.587, 0.114])
    assert np.abs(model_input(1, frame)[..., 0] - luma).max() <= 0.5 + 1e-4


@pytest.mark.parametrize("span", [0, 1, 2])
@pytest.mark.parametrize("matrix", sorted(MATRICES))
def test_rgb_comes_back_with_the_frames_own_matrix_and_range(
    matrix: int, span: int
) -> None:
    tags = ColourTags(range=span, matrix=matrix)
    rgb = np.random.default_rng(1).integers(0, 256, (37, 51, 3)).astype(np.float64)
    frame = _yuv_frame(rgb, tags)
    seen = model_input(3, frame).astype(np.float64)
    # The planes hold whole levels; one of chroma is up to 1.9 levels of blue.
    assert np.abs(seen - rgb).max() <= 2
    assert np.abs(seen - rgb).mean() < 0.6
    again = _to_yuv(seen, tags)
    inside = ((seen > 0) & (seen < 255)).all(axis=-1)
    assert np.abs(again - np.stack(frame.planes, -1))[inside].max() < 1


def test_black_gray_and_white_come_back_exactly() -> None:
    rgb = np.repeat(np.array([[[0.0], [128.0], [255.0]]]), 3, axis=2)
    for span in (1, 2):
        frame = _yuv_frame(rgb, ColourTags(range=span, matrix=1))
        np.testing.assert_array_equal(model_input(3, frame), rgb)


def test_the_matrix_matters() -> None:
    rgb = np.full((2, 2, 3), (200.0, 60.0, 30.0))
    frame = _yuv_frame(rgb, ColourTags(matrix=1))
    wrong = frame_of(frame.planes, YUV444, tags=ColourTags(matrix=9))
    assert np.abs(model_input(3, wrong) - rgb).max() > 5


def _between(samples: Values, count: int, offset: float) -> Values:
    """Linear between samples at `offset`, `offset` + 2 and so on."""
    places = np.arange(len(samples)) * 2 + offset
    rows = [np.interp(np.arange(count), places, column) for column in samples.T]
    return np.stack(rows, axis=1)


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("size", [Size(51, 37), Size(1, 1), Size(1, 8), Size(2, 3)])
def test_chroma_is_seen_linearly_between_its_samples(size: Size, centred: bool) -> None:
    tags = ColourTags(range=2, matrix=1)
    frame = noise(size, replace(YUV420, centred=centred), tags=tags)
    luma, *chroma = (plane.astype(np.float64) for plane in frame.planes)
    across = 0.5 if centred else 0.0
    blue, red = (
        _between(_between(p, size.height, 0.5).T, size.width, across).T for p in chroma
    )
    wanted_red = luma + 2 * (1 - 0.2126) * (red - 128)
    wanted_blue = luma + 2 * (1 - 0.0722) * (blue - 128)
    seen = model_input(3, frame)
    for n, wanted in ((0, wanted_red), (2, wanted_blue)):
        assert np.abs(seen[..., n] - wanted.clip(0, 255)).max() <= 0.51


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("shift", [(1, 1), (1, 0), (2, 0), (2, 2)])
def test_colour_that_changes_evenly_stays_where_it_is(
    shift: tuple[int, int], centred: bool
) -> None:
    layout = Layout("yuv", YUV420.family, 8, shift, centred=centred)
    size = Size(48, 40)
    rows = np.arange(2 * size.height)[:, None, None]
    columns = np.arange(2 * size.width)[None, :, None]
    codes = np.zeros((2 * size.height, 2 * size.width, 3)) + 60 + rows / 2 + columns
    codes = (codes * np.array([0, 0, 1])).astype(np.uint8)
    frame = noise(size, layout, tags=ColourTags(range=2, matrix=1))
    _, blue, _ = plane_residuals(frame, codes, scale=2, step=1.0)
    full = noise(size, replace(YUV444, centred=centred), tags=frame.tags)
    _, wanted, _ = plane_residuals(full, codes, scale=2, step=1.0)
    across, down = (1 << n for n in shift)
    if across > 1 and not centred:
        left = wanted[:, ::across]
    else:
        left = wanted.reshape(len(wanted), -1, across).mean(axis=2)
    mean = left.reshape(-1, down, left.shape[1]).mean(axis=1)
    inner = (slice(2, -2), slice(2, -2))
    np.testing.assert_allclose(blue[inner], mean[inner], atol=0.5)


@pytest.mark.parametrize("layout", [GRAY, RGB, YUV420, YUV420P10, YUV444])
def test_each_plane_gets_a_residual_of_twice_its_size(layout: Layout) -> None:
    frame = noise(SIZE, layout)
    residuals = plane_residuals(frame, _codes(3), scale=2, step=0.5)
    assert [r.shape for r in residuals] == [
        (2 * p.shape[0], 2 * p.shape[1]) for p in frame.planes
    ]


def test_the_code_of_nothing_adds_nothing() -> None:
    codes = np.full_like(_codes(3), 128)
    for layout in LAYOUTS:
        for residual in plane_residuals(noise(SIZE, layout), codes, scale=2, step=0.5):
            assert not residual.any()


def test_an_rgb_residual_on_rgb_is_code_times_step() -> None:
    codes = _codes(3)
    residuals = plane_residuals(noise(SIZE, RGB), codes, scale=2, step=0.25)
    wanted = (codes - 128.0) * 0.25
    np.testing.assert_array_equal(np.stack(residuals, -1), wanted)


@pytest.mark.parametrize("matrix", [1, 2, 9])
@pytest.mark.parametrize("layout", [YUV420, YUV444])
def test_a_gray_residual_leaves_chroma_alone(layout: Layout, matrix: int) -> None:
    codes = np.repeat(_codes(1), 3, axis=2)
    frame = noise(SIZE, layout, tags=ColourTags(range=2, matrix=matrix))
    luma, *chroma = plane_residuals(frame, codes, scale=2, step=0.5)
    np.testing.assert_allclose(luma, (codes[..., 0] - 128.0) * 0.5, atol=1e-4)
    for plane in chroma:
        assert np.abs(plane).max() < 1e-4


@pytest.mark.parametrize("span", [1, 2])
@pytest.mark.parametrize("matrix", [1, 2, 9])
def test_a_residual_is_the_difference_of_two_pictures(matrix: int, span: int) -> None:
    tags = ColourTags(range=span, matrix=matrix)
    codes = _codes(3)
    levels: Values = (codes.astype(np.float64) - 128) * 0.5
    frame = noise(SIZE, YUV444, tags=tags)
    wanted = _to_yuv(100 + levels, tags) - _to_yuv(np.full_like(levels, 100), tags)
    got = np.stack(plane_residuals(frame, codes, scale=2, step=0.5), axis=-1)
    np.testing.assert_allclose(got, wanted, atol=1e-3)


def test_chroma_gains_the_mean_of_the_pixels_that_share_it() -> None:
    codes = _codes(3)
    whole = plane_residuals(noise(SIZE, YUV444), codes, scale=2, step=0.5)[1]
    centred = replace(YUV420, centred=True)
    shared = plane_residuals(noise(SIZE, centred), codes, scale=2, step=0.5)[1]
    assert shared.shape == (38, 52)
    padded = np.pad(whole, ((0, 2), (0, 2)), mode="edge")
    wanted = padded.reshape(38, 2, 52, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(shared, wanted, atol=1e-4)


def test_chroma_that_is_level_with_the_left_gains_from_both_sides() -> None:
    codes = _codes(3)
    whole = plane_residuals(noise(SIZE, YUV444), codes, scale=2, step=0.5)[1]
    shared = plane_residuals(noise(SIZE, YUV420), codes, scale=2, step=0.5)[1]
    assert shared.shape == (38, 52)
    rows = np.pad(whole, ((0, 2), (1, 3)), mode="edge")
    rows = rows.reshape(38, 2, -1).mean(axis=1)
    wanted = (rows[:, 0:104:2] + 2 * rows[:, 1:104:2] + rows[:, 2:106:2]) / 4
    np.testing.assert_allclose(shared, wanted, atol=1e-4)
