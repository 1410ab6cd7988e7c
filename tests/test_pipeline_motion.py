"""Motion of known scenes, and residuals that move along it."""

import sys
from itertools import pairwise

import numpy as np
import pytest

from tests.frames import GRAY, pan, texture
from videnhance.errors import MissingLibraryError
from videnhance.frame import ZERO_CODE, Pixels
from videnhance.frame.geometry import Size
from videnhance.pipeline import motion
from videnhance.pipeline.motion import Motion, analysed, fused, moved

pytestmark = pytest.mark.opencv

SIZE = Size(150, 134)
CELL = 64
TINY = [(1, 1), (1, 31), (31, 1), (7, 5), (31, 31), (31, 200), (200, 9)]
SMALL = [(32, 32), (33, 47), (32, 150), (150, 32)]


def _seen(count: int, x: int, y: int) -> list[Pixels]:
    frames = pan(count, SIZE, x, y, GRAY)
    return [frame.planes[0][..., None].astype(np.uint8) for frame in frames]


def _noise(shape: tuple[int, ...], seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize(("x", "y"), [(3, 0), (0, -2), (-4, 3), (1, 1)])
def test_a_pan_is_found(x: int, y: int) -> None:
    last, seen = _seen(2, x, y)
    found = analysed(last, seen, CELL)
    inside = 2 * found.flow[6:-6, 6:-6]
    # Where a pixel was: against the direction of the scene.
    near = 0.2
    assert np.abs(np.median(inside, axis=(0, 1)) - (-x, -y)).max() < near
    assert np.abs(inside - (-x, -y)).max(axis=2).mean() < near
    assert not found.cut
    # Nothing came into the middle cell from outside the frame.
    assert found.explained[1, 1]
    assert not np.median(found.refused)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_residual_moves_with_the_scene(channels: int) -> None:
    last, seen = _seen(2, 4, -3)
    found = analysed(last, seen, CELL)
    codes = [p.repeat(2, 0).repeat(2, 1).repeat(channels, 2) for p in (last, seen)]
    got = moved(codes[0], found, 2)
    assert got.shape == codes[0].shape
    assert got.dtype == np.uint8
    inside = (slice(30, -30), slice(30, -30))
    still = np.abs(codes[0][inside].astype(int) - codes[1][inside]).mean()
    left = np.abs(got[inside].astype(int) - codes[1][inside]).mean()
    assert still > 15
    assert left < 2.5


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [*TINY, *SMALL, (134, 150)])
def test_what_stands_still_does_not_move(shape: tuple[int, int], channels: int) -> None:
    height, width = shape
    seen = texture(Size(width, height))[..., None].repeat(channels, 2)
    found = analysed(seen, seen.copy(), CELL)
    assert not found.flow.any()
    assert found.explained.all()
    assert not found.refused.any()
    assert not found.cut
    residual = _noise((2 * height, 2 * width, channels))
    np.testing.assert_array_equal(moved(residual, found, 2), residual)


@pytest.mark.parametrize("shape", [*TINY, *SMALL])
def test_a_frame_of_any_size_can_be_analysed(shape: tuple[int, int]) -> None:
    last, seen = _noise((*shape, 1)), _noise((*shape, 1), seed=1)
    found = analysed(last, seen, CELL)
    half = -(-shape[0] // 2), -(-shape[1] // 2)
    assert found.flow.shape == (*half, 2)
    assert found.refused.shape == half
    rows, columns = -(-shape[0] // CELL), -(-shape[1] // CELL)
    assert found.explained.shape == (rows, columns)
    assert moved(seen.repeat(2, 0).repeat(2, 1), found, 2).shape[2] == 1


def test_another_scene_is_a_cut() -> None:
    last, seen = (texture(SIZE, seed)[..., None] for seed in (1, 2))
    found = analysed(last, seen, CELL)
    assert found.cut
    assert not found.explained.all()


def test_a_slow_pan_has_no_cut() -> None:
    frames = _seen(5, 2, 1)
    for last, seen in pairwise(frames):
        assert not analysed(last, seen, CELL).cut


def test_only_the_cell_that_changed_is_unexplained() -> None:
    last = texture(Size(190, 181))[..., None]
    seen = last.copy()
    seen[80:112, 80:112] = _noise((32, 32, 1))
    found = analysed(last, seen, CELL)
    assert not found.cut
    wanted = np.ones((3, 3), np.bool_)
    wanted[1, 1] = False
    np.testing.assert_array_equal(found.explained, wanted)
    assert found.refused[42:54, 42:54].mean() > 255 / 2
    assert not found.refused[:25].any()


def test_a_cell_at_the_edge_is_judged_by_its_own_pixels() -> None:
    last = np.full((70, 70, 1), 90, np.uint8)
    seen = last.copy()
    seen[64:, 64:] = 100
    found = analysed(last, seen, CELL)
    assert not found.explained[1, 1]
    assert found.explained[0, 0]


def _still(size: Size, refused: int) -> Motion:
    half = -(-size.height // 2), -(-size.width // 2)
    return Motion(
        np.zeros((*half, 2), np.float32),
        np.full(half, refused, np.uint8),
        np.ones((1, 1), np.bool_),
        np.zeros((1, 1)),
        cut=False,
    )


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("size", [Size(62, 50), Size(61, 49)])
def test_what_is_refused_adds_nothing(size: Size, scale: int) -> None:
    residual = _noise((scale * size.height, scale * size.width, 1))
    assert (moved(residual, _still(size, 255), scale) == ZERO_CODE).all()
    np.testing.assert_array_equal(moved(residual, _still(size, 0), scale), residual)


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("channels", [1, 3])
def test_bands_of_a_moved_residual_are_parts_of_the_whole(
    channels: int, scale: int
) -> None:
    last, seen = _seen(2, 4, -3)
    found = analysed(last, seen, CELL)
    residual = _noise((scale * SIZE.height, scale * SIZE.width, channels))
    whole = moved(residual, found, scale)
    edges = [0, 2, 64, 100, SIZE.height]
    bands = [moved(residual, found, scale, rows) for rows in pairwise(edges)]
    np.testing.assert_array_equal(np.concatenate(bands), whole)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_share_of_what_was_moved_is_fused_where_it_is_trusted(channels: int) -> None:
    shape = (2 * SIZE.height, 2 * SIZE.width, channels)
    ours, theirs = np.full(shape, 100, np.uint8), np.full(shape, 140, np.uint8)
    trusting = fused(ours, theirs, _still(SIZE, 0), share=0.25, scale=2)
    assert trusting.shape == shape
    assert (trusting == 110).all()
    refusing = fused(ours, theirs, _still(SIZE, 255), share=0.25, scale=2)
    np.testing.assert_array_equal(refusing, ours)


def test_noise_of_the_source_is_no_harm() -> None:
    scene = texture(SIZE, 3)[..., None] // 2 + 60
    random = np.random.default_rng(0)
    noisy = [
        np.clip(scene + random.normal(0, 8, scene.shape), 0, 255).astype(np.uint8)
        for _ in range(2)
    ]
    found = analysed(noisy[0], noisy[1], CELL)
    assert not found.cut
    assert not found.refused.any()
    assert found.harm.mean() < analysed(scene, scene[::-1].copy(), CELL).harm.mean() / 5


def test_without_opencv_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingLibraryError) as caught:
        motion.load_opencv()
    for word in ("cv2", "libgl1", "libglib2.0-0", "--skip 1 --fuse 0"):
        assert word in str(caught.value)
    assert isinstance(caught.value.__cause__, ImportError)
