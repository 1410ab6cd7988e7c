"""VMAF by a program ffmpeg that has libvmaf, and what is said without."""

import re
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from videnhance.errors import MissingLibraryError, VidenhanceError
from videnhance.frame import Plane
from videnhance.frame.geometry import Size
from videnhance.quality import vmaf
from videnhance.quality.vmaf import Vmaf, ffmpeg_with_vmaf, has_xpsnr

SIZE = Size(176, 144)
needs_vmaf = pytest.mark.skipif(
    ffmpeg_with_vmaf() is None, reason="needs an FFmpeg with libvmaf"
)


def pair(index: int, *, depth: int = 8, size: Size = SIZE) -> tuple[Plane, Plane]:
    """A frame with noise, and without."""
    rows, columns = np.indices((size.height, size.width))
    soft = 128 + 60 * np.sin(rows / 9) * np.cos((columns + 2 * index) / 7)
    noise = np.random.default_rng(index).normal(0, 6, soft.shape)
    factor = 1 << (depth - 8)
    noisy = np.clip((soft + noise) * factor, 0, 256 * factor - 1)
    if depth == 8:
        return noisy.astype(np.uint8), soft.astype(np.uint8)
    return noisy.astype(np.uint16), (soft * factor).astype(np.uint16)


def from_two_files(folder: Path, count: int) -> dict[str, float]:
    """What the same program says of two files."""
    words = [str(ffmpeg_with_vmaf()), "-hide_banner"]
    for n in (0, 1):
        colours = bytes([128]) * (SIZE.width * SIZE.height // 2)
        frames = b"".join(pair(i)[n].tobytes() + colours for i in range(count))
        (folder / str(n)).write_bytes(frames)
        words += ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", str(SIZE)]
        words += ["-i", str(folder / str(n))]
    models = r"version=vmaf_v0.6.1|version=vmaf_v0.6.1neg\:name=neg"
    graph = f"[0:v][1:v]libvmaf=model='{models}'"
    words += ["-lavfi", graph, "-f", "null", "-"]
    told = subprocess.run(words, check=True, capture_output=True, text=True).stderr
    plain, neg = re.findall(r"VMAF score: ([\d.]+)", told)
    return {"vmaf": float(plain), "vmaf_neg": float(neg)}


@needs_vmaf
def test_vmaf_is_that_of_two_files(tmp_path: Path) -> None:
    with Vmaf(SIZE) as scorer:
        for index in range(5):
            scorer.write(*pair(index))
        scores = scorer.scores()
    for name, wanted in from_two_files(tmp_path, 5).items():
        assert np.mean([*scores[name].values()]) == pytest.approx(wanted, abs=0.01)


@needs_vmaf
@pytest.mark.parametrize(("depth", "size"), [(9, SIZE), (10, Size(97, 75))])
def test_deep_and_odd_pictures_are_measured(depth: int, size: Size) -> None:
    with Vmaf(size, depth, rate=Fraction(30000, 1001), every=2) as scorer:
        for index in range(4):
            scorer.write(*pair(index, depth=depth, size=size))
        scores = scorer.scores()
    assert [*scores["vmaf"]] == [0, 2]
    assert ("xpsnr" in scores) == has_xpsnr()
    assert all(0 < value < 100 for value in scores["vmaf"].values())


@needs_vmaf
def test_a_program_that_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vmaf, "_MODELS", "version=none")
    with Vmaf(SIZE) as scorer, pytest.raises(VidenhanceError, match="FFmpeg ended"):
        scorer.scores()


def test_without_libvmaf_what_to_install_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(vmaf, "ffmpeg_with_vmaf", lambda: None)
    with pytest.raises(MissingLibraryError, match=r"\[metrics\]"):
        Vmaf(SIZE)
