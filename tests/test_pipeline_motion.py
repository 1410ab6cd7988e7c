"""Motion of known scenes, and residuals that move along it."""

import sys
from itertools import pairwise

import numpy as np
import pytest

from tests.frames import GRAY, pan, texture
from videnhance.errors import MissingLibraryError
from videnhance.frame import Pixels
from videnhance.geometry import Size
from videnhance.pipeline import motion
from videnhance.pipeline.motion import (
    FULL_TRUST,
    Motion,
    analysed,
    blended,
    moved,
    weights,
)

pytestmark = pytest.mark.opencv

SIZE = Size(150, 134)
CELL = 64
TINY = [(1, 1), (1, 31), (31, 1), (7, 5), (31, 31), (31, 200), (200, 9)]
SMALL = [(32, 32), (33, 47), (32, 150), (150, 32)]
FINE = pytest.mark.parametrize("fine", [False, True])


def _seen(count: int, x: int, y: int) -> list[Pixels]:
    frames = pan(count, SIZE, x, y, GRAY)
    return [frame.planes[0][..., None].astype(np.uint8) for frame in frames]


def _noise(shape: tuple[int, ...], seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


@FINE
@pytest.mark.parametrize(("x", "y"), [(3, 0), (0, -2), (-4, 3), (1, 1)])
def test_a_pan_is_found(x: int, y: int, fine: bool) -> None:
    last, seen = _seen(2, x, y)
    found = analysed(last, seen, CELL, fine)
    inside = found.flow[12:-12, 12:-12]
    # Where a pixel was: against the direction of the scene.
    near = 0.05 if fine else 0.2
    assert np.abs(np.median(inside, axis=(0, 1)) - (-x, -y)).max() < near
    assert np.abs(inside - (-x, -y)).max(axis=2).mean() < near
    assert not found.cut
    # Nothing came into the middle cell from outside the frame.
    assert found.explained[1, 1]
    assert np.median(found.trust) == FULL_TRUST


@FINE
@pytest.mark.parametrize("channels", [1, 3])
def test_a_residual_moves_with_the_scene(fine: bool, channels: int) -> None:
    last, seen = _seen(2, 4, -3)
    found = analysed(last, seen, CELL, fine)
    codes = [p.repeat(2, 0).repeat(2, 1).repeat(channels, 2) for p in (last, seen)]
    got = moved(codes[0], found, 2)
    assert got.shape == codes[0].shape
    assert got.dtype == np.uint8
    inside = (slice(30, -30), slice(30, -30))
    still = np.abs(codes[0][inside].astype(int) - codes[1][inside]).mean()
    left = np.abs(got[inside].astype(int) - codes[1][inside]).mean()
    assert still > 15
    assert left < 2.5


@FINE
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [*TINY, *SMALL, (134, 150)])
def test_what_stands_still_does_not_move(
    shape: tuple[int, int], channels: int, fine: bool
) -> None:
    height, width = shape
    seen = texture(Size(width, height))[..., None].repeat(channels, 2)
    found = analysed(seen, seen.copy(), CELL, fine)
    assert not found.flow.any()
    assert found.explained.all()
    assert (found.trust == FULL_TRUST).all()
    assert not found.cut
    residual = _noise((2 * height, 2 * width, channels))
    np.testing.assert_array_equal(moved(residual, found, 2), residual)


@FINE
@pytest.mark.parametrize("shape", [*TINY, *SMALL])
def test_a_frame_of_any_size_can_be_analysed(
    shape: tuple[int, int], fine: bool
) -> None:
    last, seen = _noise((*shape, 1)), _noise((*shape, 1), seed=1)
    found = analysed(last, seen, CELL, fine)
    assert found.flow.shape == (*shape, 2)
    assert found.trust.shape == shape
    rows, columns = -(-shape[0] // CELL), -(-shape[1] // CELL)
    assert found.explained.shape == (rows, columns)
    assert moved(seen.repeat(2, 0).repeat(2, 1), found, 2).shape[2] == 1


@FINE
def test_another_scene_is_a_cut(fine: bool) -> None:
    last, seen = (texture(SIZE, seed)[..., None] for seed in (1, 2))
    found = analysed(last, seen, CELL, fine)
    assert found.cut
    assert not found.explained.all()


def test_a_slow_pan_has_no_cut() -> None:
    frames = _seen(5, 2, 1)
    for last, seen in pairwise(frames):
        assert not analysed(last, seen, CELL, False).cut


def test_only_the_cell_that_changed_is_unexplained() -> None:
    last = texture(Size(190, 181))[..., None]
    seen = last.copy()
    seen[80:112, 80:112] = _noise((32, 32, 1))
    found = analysed(last, seen, CELL, False)
    assert not found.cut
    wanted = np.ones((3, 3), np.bool_)
    wanted[1, 1] = False
    np.testing.assert_array_equal(found.explained, wanted)
    assert (found.trust[84:108, 84:108] == 0).mean() > 0.5
    assert (found.trust[:50] == FULL_TRUST).all()


def test_a_cell_at_the_edge_is_judged_by_its_own_pixels() -> None:
    last = np.full((70, 70, 1), 90, np.uint8)
    seen = last.copy()
    seen[64:, 64:] = 100
    found = analysed(last, seen, CELL, False)
    assert not found.explained[1, 1]
    assert found.explained[0, 0]


def _still(shape: tuple[int, int], trust: int) -> Motion:
    rows, columns = -(-shape[0] // CELL), -(-shape[1] // CELL)
    return Motion(
        np.zeros((*shape, 2), np.float32),
        np.full(shape, trust, np.uint8),
        np.ones((rows, columns), np.bool_),
        False,
    )


def test_weights_are_trust_times_the_share_of_the_cell() -> None:
    share = np.array([[0, FULL_TRUST], [38, 64]], np.uint8)
    got = weights(_still((70, 90), FULL_TRUST), share, CELL, 2)
    assert got.shape == (140, 180)
    assert (got[:128, :128] == 0).all()
    assert (got[:128, 128:] == FULL_TRUST).all()
    assert (got[128:, :128] == 38).all()
    assert (got[128:, 128:] == 64).all()
    assert (weights(_still((70, 90), 64), share, CELL, 2)[:128, 128:] == 64).all()
    assert not weights(_still((70, 90), 0), share, CELL, 2).any()


@pytest.mark.parametrize("channels", [1, 3])
def test_no_weight_keeps_and_full_weight_replaces(channels: int) -> None:
    ours = _noise((75, 31, channels))
    theirs = _noise((75, 31, channels), seed=1)
    kept = ours.copy()
    blended(kept, theirs, np.zeros((75, 31), np.uint8))
    np.testing.assert_array_equal(kept, ours)
    blended(kept, theirs, np.full((75, 31), FULL_TRUST, np.uint8))
    np.testing.assert_array_equal(kept, theirs)


def test_every_blend_of_two_codes_is_the_nearest_code_between() -> None:
    ours, theirs = (g.astype(np.uint8) for g in np.mgrid[:256, :256])
    for weight in (1, 38, 64, 127):
        got = ours[..., None].copy()
        blended(got, theirs[..., None], np.full((256, 256), weight, np.uint8))
        share = weight / FULL_TRUST
        exact = ours + (theirs.astype(np.float64) - ours) * share
        np.testing.assert_array_equal(got[..., 0], np.floor(exact + 0.5))


def test_equal_codes_stay_whatever_the_weight() -> None:
    ours = _noise((40, 31, 1))
    kept = ours.copy()
    blended(kept, ours, _noise((40, 31), seed=2) // 2)
    np.testing.assert_array_equal(kept, ours)


def test_without_opencv_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingLibraryError) as caught:
        motion.load_opencv()
    for word in ("cv2", "libgl1", "libglib2.0-0", "--skip 1 --fuse 0"):
        assert word in str(caught.value)
    assert isinstance(caught.value.__cause__, ImportError)
