"""Training samples: the residual completes the base, and batches repeat."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from videnhance.errors import InputError
from videnhance.pipeline.resize import FRACTION_BITS, doubled_strips
from videnhance.training import data
from videnhance.training.data import (
    RESIDUAL_UNIT,
    Item,
    Samples,
    make_samples,
    residual_of,
)


@pytest.fixture(scope="module", autouse=True)
def _threads() -> Iterator[None]:
    # A fork of a process in which OpenCV has run threads hangs at OpenCV's first call.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            data, "ProcessPoolExecutor", lambda *_, **__: ThreadPoolExecutor(2)
        )
        yield


def _items(seed: int, *sides: tuple[int, int], channels: int = 1) -> list[Item]:
    """Grain, whose residual repeats the input: a pair that does not fit is noticed."""
    rng = np.random.default_rng(seed)
    found = []
    for height, width in sides:
        small = rng.integers(0, 256, (height, width, channels), np.uint8)
        twice = small.repeat(2, axis=0).repeat(2, axis=1).astype(np.int16)
        found.append((small, twice))
    return found


@pytest.fixture
def samples(tmp_path: Path) -> Samples:
    """Three samples of two jobs, written and mapped."""
    jobs = [partial(_items, 1, (24, 31), (40, 20)), partial(_items, 2, (19, 19))]
    make_samples(jobs, tmp_path / "new")
    return Samples.load(tmp_path / "new")


def _base(small: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    out = np.empty((2 * small.shape[0], 2 * small.shape[1]))
    for rows, fixed in doubled_strips(small):
        out[rows] = fixed / (1 << FRACTION_BITS)
    return out


@pytest.mark.parametrize("channels", [1, 3])
def test_residual_and_base_make_the_target(channels: int) -> None:
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (21, 17, channels), np.uint8)
    target = rng.integers(0, 256, (42, 34, channels), np.uint8)
    residual = residual_of(small, target) * RESIDUAL_UNIT
    for n in range(channels):
        plane = np.ascontiguousarray(small[..., n])
        error = target[..., n] - _base(plane) - residual[..., n]
        assert np.abs(error).max() <= RESIDUAL_UNIT / 2


def test_samples_are_kept_in_order_and_whole(samples: Samples) -> None:
    wanted = _items(1, (24, 31), (40, 20)) + _items(2, (19, 19))
    assert (len(samples), samples.channels) == (3, 1)
    for index, pair in enumerate(wanted):
        small, residual = samples.item(index)
        assert np.array_equal(small, pair[0])
        assert np.array_equal(residual, pair[1])


def test_samples_in_memory_are_the_same(samples: Samples) -> None:
    held = Samples.of([samples.item(n) for n in range(3)])
    assert np.array_equal(held.places, samples.places)
    assert np.array_equal(held.item(2)[1], samples.item(2)[1])


def test_no_sample_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no sample could be made; give folders"):
        make_samples([partial(_items, 1)], tmp_path)
    assert not (tmp_path / "places.npy").exists()


def test_a_folder_without_samples_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no samples .*of a training run"):
        Samples.load(tmp_path)


def test_small_samples_are_not_drawn_from(samples: Samples) -> None:
    assert samples.of_side(20).tolist() == [0, 1]
    with pytest.raises(InputError, match="no sample is 25 x 25"):
        samples.of_side(25)


def test_large_samples_are_drawn_more_often(samples: Samples) -> None:
    weights = samples.weights(samples.of_side(10))
    assert weights.sum() == pytest.approx(1)
    assert weights[1] > weights[0] > weights[2]


@pytest.mark.parametrize("channels", [1, 3])
def test_batches_repeat_and_differ(channels: int) -> None:
    held = Samples.of(_items(0, (24, 24), (30, 24), channels=channels))
    one, same, other = (
        held.batch([0, 1, 1], 20, np.random.default_rng((0, step)))
        for step in (1, 1, 2)
    )
    assert [a.shape for a in one] == [(3, channels, 20, 20), (3, channels, 40, 40)]
    assert {a.dtype for a in one} == {np.dtype(np.float32)}
    assert all(np.array_equal(*pair) for pair in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0])


def test_input_and_residual_are_turned_together() -> None:
    held = Samples.of(_items(0, (24, 24), (24, 24)))
    inputs, wanted = held.batch([0, 1] * 15, 9, np.random.default_rng(5))
    # Stored in steps, given in shares of 255.
    again = inputs.repeat(2, axis=2).repeat(2, axis=3) * RESIDUAL_UNIT
    assert np.allclose(wanted, again, atol=1e-7)
    assert inputs.max() <= 1
    flat = {crop.tobytes() for crop in inputs}
    assert len(flat) > 25


def test_busy_crops_have_more_to_learn_from() -> None:
    small, residual = _items(0, (60, 60))[0]
    residual[:, :60] = 0
    held = Samples.of([(small, residual)])
    mean = [
        np.abs(held.batch([0] * 60, 12, np.random.default_rng(1), busy)[1]).mean()
        for busy in (False, True)
    ]
    assert mean[1] > 1.1 * mean[0]


def test_pairs_show_one_place_of_two_frames() -> None:
    first = _items(0, (24, 24))[0]
    second = first[0] // 2, first[1] // 2
    clips = Samples.of([first, second, *_items(1, (30, 24)), *_items(2, (24, 30))])
    inputs, wanted = clips.batch([0, 0], 9, np.random.default_rng(3), paired=True)
    assert np.array_equal(inputs[1], (inputs[0] * 255 // 2) / 255)
    assert np.abs(wanted[1] - wanted[0] / 2).max() <= RESIDUAL_UNIT / 255
    turned = clips.batch([1, 2], 9, np.random.default_rng(3), paired=True)[0]
    assert np.array_equal(turned[0], inputs[1])
    assert np.array_equal(turned[1], inputs[0])


def test_what_has_no_neighbour_is_paired_with_itself() -> None:
    clips = Samples.of(_items(0, (24, 24), (30, 24), (20, 20)))
    for index in (0, 1, 2):
        pair = clips.batch([index, 0], 9, np.random.default_rng(4), paired=True)[0]
        assert np.array_equal(pair[0], pair[1])
