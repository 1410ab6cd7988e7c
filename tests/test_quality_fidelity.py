"""PSNR, SSIM and gradients, beside FFmpeg's filters where there is a program ffmpeg."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from videnhance.frame import Plane
from videnhance.quality.fidelity import (
    gradient,
    mean_psnr,
    mean_square,
    psnr_of,
    ssim,
)

pytestmark = pytest.mark.opencv
needs_ffmpeg = pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="needs the program ffmpeg"
)


def noisy(depth: int, *, shape: tuple[int, int] = (74, 102)) -> tuple[Plane, Plane]:
    """A soft picture and itself with noise."""
    peak = (1 << depth) - 1
    rows, columns = np.indices(shape)
    soft = peak * (0.5 + 0.4 * np.sin(rows / 9) * np.cos(columns / 13))
    noise = np.random.default_rng(5).normal(0, peak / 60, shape)
    return stored(np.clip(soft + noise, 0, peak), depth), stored(soft, depth)


def stored(values: npt.NDArray[np.float64], depth: int) -> Plane:
    """Code values of a depth."""
    return values.astype(np.uint8) if depth == 8 else values.astype(np.uint16)


def by_ffmpeg(name: str, planes: tuple[Plane, Plane], folder: Path) -> float:
    """Luma's figure of FFmpeg's filter."""
    form = "gray" if planes[0].dtype == np.uint8 else "gray10le"
    height, width = planes[0].shape
    words = ["ffmpeg", "-hide_banner"]
    for n, plane in enumerate(planes):
        (folder / f"{n}").write_bytes(plane.tobytes())
        words += ["-f", "rawvideo", "-pix_fmt", form, "-s", f"{width}x{height}"]
        words += ["-i", str(folder / f"{n}")]
    words += ["-lavfi", f"[0:v][1:v]{name}", "-f", "null", "-"]
    told = subprocess.run(words, check=True, capture_output=True, text=True).stderr
    [figure] = re.findall(r"(?:PSNR y|SSIM Y):([\d.]+)", told)
    return float(figure)


@needs_ffmpeg
@pytest.mark.parametrize("depth", [8, 10])
def test_psnr_is_that_of_ffmpeg(depth: int, tmp_path: Path) -> None:
    planes = noisy(depth)
    ours = psnr_of(mean_square(*planes), depth)
    assert ours == pytest.approx(by_ffmpeg("psnr", planes, tmp_path), abs=1e-4)


@needs_ffmpeg
@pytest.mark.parametrize("depth", [8, 10])
def test_ssim_is_that_of_ffmpeg(depth: int, tmp_path: Path) -> None:
    planes = noisy(depth)
    ours = ssim(*planes, depth=depth)
    assert ours == pytest.approx(by_ffmpeg("ssim", planes, tmp_path), abs=1e-5)


def test_equal_pictures_are_perfect() -> None:
    plane, _ = noisy(8)
    assert psnr_of(mean_square(plane, plane)) == np.inf
    assert ssim(plane, plane) == 1.0


def test_a_mean_of_psnrs_is_that_of_their_errors() -> None:
    errors = [4.0, 9.0, 100.0]
    psnrs = [psnr_of(error) for error in errors]
    assert mean_psnr(psnrs) == pytest.approx(psnr_of(sum(errors) / 3))
    assert mean_psnr([np.inf, psnrs[0]]) == pytest.approx(psnr_of(2.0))
    assert mean_psnr([np.inf]) == np.inf


def test_a_picture_smaller_than_a_window_has_no_ssim() -> None:
    plane = np.zeros((7, 40), np.uint8)
    assert np.isnan(ssim(plane, plane))


def test_noise_adds_to_the_gradient() -> None:
    made, soft = noisy(8)
    assert gradient(made) > 1.2 * gradient(soft)
    assert gradient(np.full((9, 9), 7, np.uint8)) == 0
