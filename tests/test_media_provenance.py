"""The stamp of an output: found again, lost with a cut end, and in nobody's way."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.clips import write_clip
from tests.trees import job_for
from videnhance.conversion.executor import Watcher
from videnhance.conversion.run import convert
from videnhance.media.output.provenance import (
    digest_of,
    stamp_in,
    stamp_of,
    stamped,
)

STAMP = stamp_of(digest_of("input"), digest_of("wishes"))
WATCHER = Watcher(lambda info, report: None, lambda report: None)
PICTURES = ("png", "jpg", "webp", "avif")
SAMPLES = np.random.default_rng(5).integers(0, 256, (31, 43, 3), np.uint8)


def _picture(folder: Path, suffix: str, count: int = 1) -> Path:
    path = folder / f"a.{suffix}"
    rest = [Image.fromarray(np.roll(SAMPLES, n, 0)) for n in range(1, count)]
    extra: dict[str, Any] = {"save_all": True, "append_images": rest} if rest else {}
    Image.fromarray(SAMPLES).save(path, **extra)
    return path


@pytest.mark.parametrize(
    ("suffix", "count"),
    [("png", 1), ("png", 3), ("jpg", 1), ("webp", 1), ("webp", 3), ("avif", 1)],
)
def test_a_stamped_picture_is_the_same_picture(
    tmp_path: Path, suffix: str, count: int
) -> None:
    path = _picture(tmp_path, suffix, count)
    with Image.open(path) as opened:
        before = np.asarray(opened.convert("RGB"))
    stamped(path, STAMP)
    assert stamp_in(path) == STAMP
    with Image.open(path) as opened:
        assert getattr(opened, "n_frames", 1) == count
        assert np.array_equal(np.asarray(opened.convert("RGB")), before)
    if (suffix, count) != ("webp", 3):  # FFmpeg reads no animated WebP
        with av.open(str(path)) as video:
            assert len([*video.decode(video=0)]) == count


@pytest.mark.parametrize("suffix", PICTURES)
def test_a_picture_that_is_cut_off_has_lost_its_stamp(
    tmp_path: Path, suffix: str
) -> None:
    path = _picture(tmp_path, suffix)
    stamped(path, STAMP)
    path.write_bytes(path.read_bytes()[:-30])
    assert stamp_in(path) is None


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "webm"])
def test_a_conversion_writes_its_stamp(tmp_path: Path, suffix: str) -> None:
    source, target = write_clip(tmp_path / "in.mp4"), tmp_path / f"out.{suffix}"
    job = job_for(source, target)
    codec = "libvpx-vp9" if suffix == "webm" else "libx264"
    job = replace(job, encoding=replace(job.encoding, codec=codec, stamp=STAMP))
    convert(job, WATCHER)
    assert stamp_in(target) == STAMP
    with av.open(str(target)) as opened:
        assert len([*opened.decode(video=0)]) == 12


def test_the_stamp_of_an_input_is_not_carried(tmp_path: Path) -> None:
    source, middle = write_clip(tmp_path / "in.mp4"), tmp_path / "middle.mkv"
    job = job_for(source, middle)
    convert(replace(job, encoding=replace(job.encoding, stamp=STAMP)), WATCHER)
    convert(job_for(middle, tmp_path / "out.mkv"), WATCHER)
    assert stamp_in(tmp_path / "out.mkv") is None


def test_other_formats_have_none(tmp_path: Path) -> None:
    path = _picture(tmp_path, "bmp")
    before = path.read_bytes()
    stamped(path, STAMP)
    assert path.read_bytes() == before
    assert stamp_in(path) is None


def test_no_stamp_changes_nothing(tmp_path: Path) -> None:
    path = _picture(tmp_path, "png")
    before = path.read_bytes()
    stamped(path, "")
    assert path.read_bytes() == before
