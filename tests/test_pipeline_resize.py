"""The base equals MATLAB's bicubic to the last bit, at every size and depth."""

import numpy as np
import numpy.typing as npt
import pytest

from videnhance.frame import Plane
from videnhance.pipeline.resize import FRACTION_BITS, doubled, doubled_strips, rounded

SHAPES = [(1, 1), (1, 9), (9, 1), (2, 3), (5, 7), (16, 16), (17, 31), (50, 70)]
Exact = npt.NDArray[np.float64]


def _cubic(distance: Exact) -> Exact:
    """Keys' kernel, a = -0.5."""
    x = np.abs(distance)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _matrix(length: int) -> Exact:
    """Rows: weights of the samples in each new sample; the edge sample is repeated."""
    weights = np.zeros((2 * length, length))
    for new in range(2 * length):
        centre = (new + 0.5) / 2 - 0.5
        for tap in range(int(np.floor(centre)) - 1, int(np.floor(centre)) + 3):
            edge = min(max(tap, 0), length - 1)
            weights[new, edge] += _cubic(np.array(centre - tap))
    return weights


def _reference(plane: Plane) -> Exact:
    """Exact in binary: the weights are multiples of 1/128."""
    height, width = plane.shape
    return _matrix(height) @ plane.astype(np.float64) @ _matrix(width).T


def _random(shape: tuple[int, int], depth: int, only: tuple[int, ...] = ()) -> Plane:
    random = np.random.default_rng([*shape, depth])
    dtype = np.uint8 if depth == 8 else np.uint16
    if only:
        return random.choice(np.array(only, dtype), shape)
    return random.integers(0, 1 << depth, shape, dtype)


@pytest.mark.parametrize("depth", [8, 10, 16])
@pytest.mark.parametrize("shape", SHAPES)
def test_doubled_is_matlabs_bicubic(shape: tuple[int, int], depth: int) -> None:
    plane = _random(shape, depth)
    wanted = np.clip(np.floor(_reference(plane) + 0.5), 0, (1 << depth) - 1)
    got = doubled(plane, depth)
    assert got.dtype == plane.dtype
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("depth", [8, 10, 16])
def test_extremes_neither_overflow_nor_wrap(depth: int) -> None:
    top = (1 << depth) - 1
    plane = _random((50, 70), depth, only=(0, top))
    wanted = _reference(plane)
    assert wanted.min() < 0
    assert wanted.max() > top
    wanted = np.clip(np.floor(wanted + 0.5), 0, top)
    np.testing.assert_array_equal(doubled(plane, depth), wanted)


@pytest.mark.parametrize("depth", [8, 10, 16])
def test_the_largest_sum_of_a_depth_stays_within_32_bits(depth: int) -> None:
    # The taps' signs as a pattern: each new sample somewhere has its largest sum.
    top = (1 << depth) - 1
    signs = np.array([0, 1, 1, 0])
    plane = np.tile(np.outer(signs, signs), (3, 3)).astype(np.uint16) * top
    plane = plane.astype(np.uint8 if depth == 8 else np.uint16)
    fixed = np.concatenate([strip.copy() for _, strip in doubled_strips(plane)])
    np.testing.assert_array_equal(fixed / (1 << FRACTION_BITS), _reference(plane))


@pytest.mark.parametrize("shape", SHAPES)
def test_strips_follow_each_other_and_do_not_show(shape: tuple[int, int]) -> None:
    plane = _random(shape, 16)
    at = 0
    for rows, fixed in doubled_strips(plane):
        assert rows.start == at
        assert fixed.shape == (rows.stop - rows.start, 2 * shape[1])
        wanted = _reference(plane)[rows]
        np.testing.assert_array_equal(fixed / (1 << FRACTION_BITS), wanted)
        at = rows.stop
    assert at == 2 * shape[0]


def test_a_flat_plane_stays_flat() -> None:
    plane = np.full((19, 23), 77, np.uint8)
    np.testing.assert_array_equal(doubled(plane, 8), np.full((38, 46), 77))


def test_a_mirrored_plane_gives_a_mirrored_base() -> None:
    plane = _random((33, 21), 10)
    for axis in (0, 1):
        mirrored: Plane = np.flip(plane, axis).copy()
        wanted = np.flip(doubled(plane, 10), axis)
        np.testing.assert_array_equal(doubled(mirrored, 10), wanted)


def test_a_view_is_enlarged_like_its_copy() -> None:
    view = _random((40, 60), 8)[3:30:2, 5::3]
    wanted = doubled(view.copy(), 8)
    np.testing.assert_array_equal(doubled(view, 8), wanted)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_halves_are_rounded_up_and_the_range_is_kept(dtype: type) -> None:
    half = 1 << (FRACTION_BITS - 1)
    _, fixed = next(doubled_strips(np.zeros((3, 3), dtype)))
    fixed[0] = -half - 1, -half, half - 1, half, 3 * half, 300 << FRACTION_BITS
    out = np.empty((1, 6), np.uint8)
    rounded(fixed[:1], 8, out)
    assert out.tolist() == [[0, 0, 0, 1, 2, 255]]


def _step(width: int, edge: int) -> Plane:
    """Dark, and bright from column `edge` on."""
    plane = np.full((9, width), 40, np.uint8)
    plane[:, edge:] = 200
    return plane


def _crossing(plane: Plane) -> float:
    """The column at which the middle row crosses the mean, between samples."""
    row = plane[plane.shape[0] // 2].astype(float)
    after = int(np.argmax(row > 120))
    return float(after - (row[after] - 120) / (row[after] - row[after - 1]))


def test_chroma_that_lies_left_stays_over_its_luma() -> None:
    # An edge of luma at column 20, and of its chroma, at half the width, at column 10.
    luma = doubled(_step(40, 20), 8)
    chroma = doubled(_step(20, 10), 8, sited_left=True)
    # Chroma sample n lies at luma column 2 n. Between columns 18 and 20 its edge is
    # half a column left of luma's, and in twice the size a whole one.
    assert 2 * _crossing(chroma) == pytest.approx(_crossing(luma) - 1, abs=0.1)
    centred = doubled(_step(20, 10), 8)
    assert 2 * _crossing(centred) + 0.5 == pytest.approx(_crossing(luma), abs=0.1)


@pytest.mark.parametrize("depth", [8, 10, 16])
def test_weights_of_left_chroma_are_near_the_cubic_and_exact(depth: int) -> None:
    plane = _random((3, 17), depth)
    flat: Plane = plane[[0] * 5]
    got = doubled(flat, depth, sited_left=True)
    padded = np.pad(plane[0].astype(float), 3, mode="edge")
    for phase, centre in ((0, -1 / 8), (1, 3 / 8)):
        taps = np.arange(-2.0, 3)
        weights = _cubic(np.subtract(centre, taps))
        wanted = np.convolve(padded, weights[::-1], "same")[3:-3]
        wanted = np.clip(wanted, 0, (1 << depth) - 1)
        assert np.abs(got[4, phase::2] - wanted).max() < 3 * (1 << depth) / 128
    assert (doubled(np.full_like(plane, 77), depth, sited_left=True) == 77).all()
