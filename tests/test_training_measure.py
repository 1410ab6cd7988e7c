"""Measuring: the known protocol, on pictures whose answers are known."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.models import REPORT, STEP, TINY, network, quantized
from tests.stills import write_still
from videnhance.errors import InputError
from videnhance.models import timing
from videnhance.models.network import NetworkShape
from videnhance.models.program import float32_script
from videnhance.pipeline.resize import doubled
from videnhance.training.degrade import bicubic_halved
from videnhance.training.measure import (
    Figures,
    a_frame,
    best_milliseconds,
    bicubic,
    by_network,
    by_script,
    known_stills,
    mean_scores,
    psnr_of,
    ssim,
)
from videnhance.training.stills import rgb_of, studio_luma


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two stills, one with odd sides."""
    write_still(tmp_path / "a.png", 91, 75, 1)
    write_still(tmp_path / "b.png", 60, 64, 2)
    return tmp_path


def test_stills_are_halved_as_matlab_does(folder: Path) -> None:
    first = known_stills(folder)[0]
    rgb = rgb_of(folder / "a.png")[:74, :90]
    assert np.array_equal(first.small[..., 1], bicubic_halved(rgb[..., 1]))
    assert np.array_equal(first.luma, studio_luma(rgb))
    assert first.seen(3).shape == (37, 45, 3)
    assert first.seen(1).shape == (37, 45, 1)


def test_a_side_cuts_out_the_middle(folder: Path) -> None:
    assert [s.luma.shape for s in known_stills(folder, 50)] == [(50, 50), (50, 50)]


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no picture; name a folder"):
        known_stills(tmp_path)


def test_the_base_is_the_bicubic_of_the_pipeline(folder: Path) -> None:
    still = known_stills(folder)[0]
    seen = still.seen(1)
    assert np.array_equal(bicubic(seen)[..., 0], doubled(seen[..., 0].copy(), 8))
    scores = mean_scores(known_stills(folder), bicubic, channels=1)
    assert 10 < scores.psnr < 40
    assert 0.1 < scores.ssim < 0.99


def test_one_level_everywhere_is_48_decibels(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40), (90, 90, 90)).save(tmp_path / "a.png")
    stills = known_stills(tmp_path)

    def off(small: np.ndarray) -> np.ndarray:
        return bicubic(small) + np.uint8(1)

    # Studio luma of 90 is 93.3, the network is shown 93 and is off by one.
    level = 16 + 219 * 90 / 255
    wanted = 20 * np.log10(255 / abs(round(level) + 1 - level))
    assert mean_scores(stills, off, channels=1).psnr == pytest.approx(wanted)


def test_ssim_of_equal_planes_is_one() -> None:
    plane = np.random.default_rng(0).uniform(0, 255, (20, 24))
    assert ssim(plane, plane) == pytest.approx(1)
    assert ssim(plane, 255 - plane) < 0


def test_ssim_of_flat_planes_is_their_luminance_term() -> None:
    one, two, c1 = 100.0, 120.0, (0.01 * 255) ** 2
    wanted = (2 * one * two + c1) / (one**2 + two**2 + c1)
    flat = np.full((15, 15), one)
    assert ssim(flat, flat * (two / one)) == pytest.approx(wanted)


@pytest.mark.parametrize("shape", [TINY, REPORT])
def test_a_network_and_its_script_enlarge_alike(
    folder: Path, shape: NetworkShape
) -> None:
    made = network(shape)
    seen = known_stills(folder)[1].seen(made.shape.channels)
    ours = by_network(made)(seen).astype(int)
    theirs = by_script(float32_script(made, STEP), STEP)(seen).astype(int)
    assert ours.shape == (2 * seen.shape[0], 2 * seen.shape[1], seen.shape[2])
    assert np.abs(ours - theirs).max() <= 1
    assert np.abs(ours - bicubic(seen)).max() > 1


def test_codes_of_int8_are_measured_too(folder: Path) -> None:
    made = network(TINY)
    seen = known_stills(folder)[1].seen(1)
    ours = by_network(made)(seen).astype(int)
    theirs = by_script(quantized(made), STEP)(seen).astype(int)
    assert np.abs(ours - theirs).max() <= 2


def test_a_line_leaves_out_what_was_not_measured() -> None:
    assert Figures("int8", 1500, 33.25, 7.0).line().split() == [
        "int8", "1.5", "KB", "33.250", "dB", "7.0", "ms", "a", "frame",
    ]  # fmt: skip
    assert "dB" not in Figures("int8", 1500, float("nan"), 7.0).line()


def test_without_stills_there_is_no_psnr(tmp_path: Path) -> None:
    assert psnr_of(bicubic, [], channels=1) != psnr_of(bicubic, [], channels=1)
    write_still(tmp_path / "a.png", 60, 64, 2)
    stills = known_stills(tmp_path)
    assert (
        psnr_of(bicubic, stills, channels=1)
        == mean_scores(stills, bicubic, channels=1).psnr
    )


def test_the_frame_is_the_same_each_time() -> None:
    assert a_frame(3).shape == (1, 3, 360, 640)
    assert bool((a_frame(1) == a_frame(1)).all())


def test_the_best_run_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "_WARM_UP_SECONDS", 0.0)
    calls: list[int] = []
    assert best_milliseconds(lambda: calls.append(1)) >= 0
    assert len(calls) == 7
