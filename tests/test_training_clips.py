"""Jobs that make samples: whole stills, pairs, and degraded clips."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.stills import write_still
from videnhance.training.clips import (
    CLIP_FRAMES,
    SMALL,
    clip_jobs,
    kept_items,
    panned,
    still_jobs,
)
from videnhance.training.data import Item, residual_of
from videnhance.training.degrade import Mix, bicubic_halved
from videnhance.training.stills import luma_of


def _all(jobs: list) -> list[Item]:  # type: ignore[type-arg]  # jobs of items
    return [item for job in jobs for item in pickle.loads(pickle.dumps(job))()]


def test_a_small_still_is_one_sample(tmp_path: Path) -> None:
    path = write_still(tmp_path / "a.png", 91, 75, 1)
    [(small, residual)] = _all(still_jobs([path], 1))
    luma = luma_of(path)[:74, :90]
    assert np.array_equal(small[..., 0], bicubic_halved(luma))
    assert np.array_equal(residual, residual_of(small, luma[..., None]))


def test_a_large_still_is_learnt_from_in_smaller_sizes_too(tmp_path: Path) -> None:
    path = write_still(tmp_path / "a.png", 1000, 700, 1)
    made = _all(still_jobs([path], 3))
    assert [small.shape for small, _ in made] == [(350, 500, 3), (245, 350, 3)]


def test_a_still_that_is_too_small_gives_nothing(tmp_path: Path) -> None:
    assert _all(still_jobs([write_still(tmp_path / "a.png", 200, 50, 1)], 1)) == []


def test_a_given_pair_is_taken_as_it_is(tmp_path: Path) -> None:
    large = write_still(tmp_path / "HR" / "a.png", 90, 74, 1)
    small = tmp_path / "LRx2" / "a.png"
    small.parent.mkdir()
    Image.new("RGB", (45, 37), (90, 90, 90)).save(small)
    [(seen, residual)] = _all(still_jobs([large], 3))
    assert np.unique(seen).tolist() == [90]
    assert residual.shape == (74, 90, 3)


@pytest.mark.parametrize("mix", [Mix.REAL, Mix.RESTORE])
def test_clips_have_their_sizes(tmp_path: Path, mix: Mix) -> None:
    paths = [
        write_still(tmp_path / "a.png", 401, 375, 1),
        # Smaller than a crop: it must be enlarged.
        write_still(tmp_path / "b.png", 200, 150, 2),
    ]
    made = _all(clip_jobs(paths, 3, mix, seed=4))
    assert len(made) == 6
    for small, residual in made:
        assert (small.shape, residual.shape) == (
            (SMALL, SMALL, 1),
            (2 * SMALL, 2 * SMALL, 1),
        )
        assert small.std() > 3


def test_clips_repeat_with_their_seed(tmp_path: Path) -> None:
    path = write_still(tmp_path / "a.png", 401, 375, 1)
    one, same, other = (
        _all(clip_jobs([path], 2, Mix.FIDELITY, seed)) for seed in (4, 4, 5)
    )
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0][0], other[0][0])


def test_a_clip_pans_or_stands() -> None:
    luma = np.random.default_rng(0).integers(0, 256, (400, 420), np.uint8)
    clips = [panned(luma, np.random.default_rng(seed)) for seed in range(8)]
    assert {len(clip) for clip in clips} == {CLIP_FRAMES}
    assert {frame.shape for clip in clips for frame in clip} == {(2 * SMALL,) * 2}
    stand = [np.array_equal(clip[0], clip[-1]) for clip in clips]
    assert any(stand)
    assert not all(stand)


def test_few_frames_of_a_clip_are_kept() -> None:
    frames = [np.full((8, 8), n, np.uint8) for n in range(CLIP_FRAMES)]
    large = [np.full((16, 16), n, np.uint8) for n in range(CLIP_FRAMES)]
    kept = kept_items(frames, large, np.random.default_rng(0))
    assert len({int(small[0, 0, 0]) for small, _ in kept}) == 2
    assert all(not residual.any() for _, residual in kept)
