"""Jobs that make samples: whole stills, pairs, degraded clips, and runs of videos."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.clips import Clip, write_clip
from tests.stills import write_still
from videnhance.errors import InputError
from videnhance.media.reader.video_reader import VideoReader
from videnhance.training.clips import (
    CLIP_FRAMES,
    SMALL,
    clip_jobs,
    footage_jobs,
    frame_count,
    kept_items,
    luma_runs,
    panned,
    still_jobs,
    video_paths,
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
    made = _all(clip_jobs(paths, 3, mix=mix, seed=4))
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
        _all(clip_jobs([path], 2, mix=Mix.FIDELITY, seed=seed)) for seed in (4, 4, 5)
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
    kept = kept_items(frames, large, rng=np.random.default_rng(0))
    assert len({int(small[0, 0, 0]) for small, _ in kept}) == 2
    assert all(not residual.any() for _, residual in kept)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Twenty frames of 66 x 50 pixels."""
    clip = Clip(width=66, height=50, pts=range(0, 20 * 512, 512))
    return write_clip(tmp_path / "a.mp4", clip)


def test_videos_are_found(video: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no video", encoding="utf-8")
    assert video_paths([tmp_path, video]) == [video]


def test_frames_are_counted(video: Path) -> None:
    assert frame_count(video) == 20


def test_runs_are_the_frames_of_the_video(video: Path) -> None:
    runs = list(luma_runs(video, (0.0, 1.0), count=2))
    assert [len(run) for run in runs] == [CLIP_FRAMES, CLIP_FRAMES]
    with VideoReader(video) as reader:
        planes = [frame.planes[0][:48, :64] for frame in reader]
    for run, start in zip(runs, (0, 14), strict=True):
        wanted = planes[start : start + CLIP_FRAMES]
        assert all(map(np.array_equal, run, wanted))


def test_a_part_keeps_to_itself(video: Path) -> None:
    [run] = luma_runs(video, (0.6, 1.0), count=1)
    with VideoReader(video) as reader:
        planes = [frame.planes[0][:48, :64] for frame in reader]
    assert np.array_equal(run[0], planes[12])
    assert list(luma_runs(video, (0.9, 1.0), count=3)) == []


def test_deep_colour_is_seen_in_8_bits(tmp_path: Path) -> None:
    clip = Clip(pix_fmt="yuv420p10le", pts=range(0, 8 * 512, 512))
    [run] = luma_runs(write_clip(tmp_path / "a.mp4", clip), (0.0, 1.0), count=1)
    assert run[0].dtype == np.uint8
    assert run[0].std() > 3


def test_jobs_share_the_clips(video: Path) -> None:
    jobs = footage_jobs([video, video], 5, mix=Mix.REAL, seed=3)
    made = [job() for job in jobs]
    assert [len(items) for items in made] == [6, 6]
    assert made[0][0][0].shape == (24, 32, 1)
    assert made[0][0][1].shape == (48, 64, 1)


def test_a_missing_video_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.mp4"):
        frame_count(tmp_path / "gone.mp4")
