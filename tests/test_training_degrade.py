"""Degradation: sizes, the exact halving, and draws that repeat."""

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from videnhance.media.encoder.encoder_trial import recoded
from videnhance.training.clips import CLIP_FRAMES
from videnhance.training.degrade import (
    CODECS,
    Coding,
    Degradation,
    Luma,
    Mix,
    bicubic_halved,
    degraded,
    drawn,
    sharpened,
)

CLEAN = Degradation()


def _x264(quality: int) -> Coding:
    return Coding("libx264", quality, fast=True)


def _cubic(x: float) -> float:
    """Keys' kernel with a = -0.5, as in MATLAB's imresize."""
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0.0


def _halved_line(line: npt.NDArray[np.float64]) -> list[float]:
    """One line by the definition: the kernel, twice as wide, around each new centre."""
    found = []
    for index in range(line.size // 2):
        centre = 2 * index + 0.5
        near = range(int(centre) - 5, int(centre) + 7)
        weights = [_cubic((at - centre) / 2) for at in near]
        values = [line[min(max(at, 0), line.size - 1)] for at in near]
        mean = np.dot(weights, values) / sum(weights)
        found.append(min(max(np.floor(mean + 0.5), 0.0), 255.0))
    return found


def _clip(count: int = 4, side: int = 48) -> list[Luma]:
    y, x = np.mgrid[:side, :side]
    rng = np.random.default_rng(1)
    grain = rng.normal(0, 12, (side, side + count))
    return [
        np.clip(
            128 + 60 * np.sin((x + t) / 5) * np.cos(y / 7) + grain[:, t : t + side],
            0,
            255,
        ).astype(np.uint8)
        for t in range(count)
    ]


@pytest.mark.parametrize("shape", [(20, 14), (2, 6), (36, 50)])
def test_halving_is_the_antialiased_bicubic_of_matlab(shape: tuple[int, int]) -> None:
    luma = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    columns = np.array([_halved_line(c) for c in luma.T.astype(np.float64)]).T
    wanted = np.array([_halved_line(row) for row in columns])
    got = bicubic_halved(luma)
    assert got.dtype == np.uint8
    assert np.array_equal(got, wanted)


@pytest.mark.parametrize("level", [0, 17, 255])
def test_halving_keeps_a_flat_picture(level: int) -> None:
    assert np.unique(bicubic_halved(np.full((12, 8), level, np.uint8))) == [level]


def test_a_clean_clip_is_halved_and_no_more() -> None:
    frames = _clip()
    small, targets = degraded(frames, CLEAN, rng=np.random.default_rng(0))
    for frame, little, target in zip(frames, small, targets, strict=True):
        assert np.array_equal(target, frame)
        assert np.array_equal(little, bicubic_halved(frame))


@pytest.mark.parametrize(
    "how",
    [
        CLEAN,
        replace(CLEAN, bicubic=False),
        replace(CLEAN, blur_sigma=0.8),
        replace(CLEAN, noise_sigma=3.0),
        replace(CLEAN, jpeg_quality=60),
        replace(CLEAN, coding=_x264(28)),
        replace(CLEAN, source=_x264(24), coding=_x264(20)),
    ],
)
def test_sizes_and_counts_are_kept(how: Degradation) -> None:
    small, targets = degraded(_clip(), how, rng=np.random.default_rng(0))
    assert [f.shape for f in small] == [(24, 24)] * 4
    assert [f.shape for f in targets] == [(48, 48)] * 4
    assert {f.dtype for f in (*small, *targets)} == {np.dtype(np.uint8)}


@pytest.mark.parametrize(
    "how",
    [
        replace(CLEAN, coding=_x264(28)),
        replace(CLEAN, jpeg_quality=60),
        replace(CLEAN, noise_sigma=3.0),
    ],
)
def test_what_harms_the_input_leaves_the_target(how: Degradation) -> None:
    frames = _clip()
    clean, _ = degraded(frames, CLEAN, rng=np.random.default_rng(0))
    small, targets = degraded(frames, how, rng=np.random.default_rng(0))
    for ours, theirs in zip(small, clean, strict=True):
        change = np.abs(ours.astype(int) - theirs)
        assert 0.5 < change.mean() < 20
    assert all(np.array_equal(*pair) for pair in zip(frames, targets, strict=True))


@pytest.mark.parametrize(
    "how", [replace(CLEAN, blur_sigma=1.0), replace(CLEAN, source=_x264(26))]
)
def test_what_harms_the_original_is_in_the_target_too(how: Degradation) -> None:
    frames = _clip()
    small, targets = degraded(frames, how, rng=np.random.default_rng(0))
    for frame, target, little in zip(frames, targets, small, strict=True):
        assert (frame != target).mean() > 0.2
        assert np.array_equal(little, bicubic_halved(target))


def test_a_worse_quality_harms_more() -> None:
    frames = _clip()
    clean = np.array([bicubic_halved(frame) for frame in frames], int)
    harm = []
    for crf in (17, 24, 30):
        coded = degraded(
            frames, replace(CLEAN, coding=_x264(crf)), rng=np.random.default_rng(0)
        )[0]
        harm.append(float(np.abs(np.array(coded, int) - clean).mean()))
    assert harm == sorted(harm)
    assert harm[2] > 1.3 * harm[0]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("fast", [False, True])
def test_every_coder_codes_and_harms_more_the_worse(codec: str, fast: bool) -> None:
    qualities = {"mpeg4": (2, 9), "libvpx-vp9": (20, 50)}.get(codec, (18, 34))
    clip = _clip(3, 144)
    clean = np.array([bicubic_halved(frame) for frame in clip], int)
    harm = []
    for quality in qualities:
        how = Degradation(coding=Coding(codec, quality, fast))
        small = degraded(clip, how, rng=np.random.default_rng(0))[0]
        harm.append(float(np.abs(np.array(small, int) - clean).mean()))
    assert 0 < harm[0] < harm[1] < 30


def test_x264_makes_the_same_of_the_same_clip() -> None:
    rng = np.random.default_rng(2)
    soft = cv2.GaussianBlur(rng.integers(0, 256, (400, 400)) * 1.0, (0, 0), 1.5)
    luma = np.clip((soft - 128) * 4 + 128, 0, 255).astype(np.uint8)
    clip = [
        np.ascontiguousarray(luma[3 * t :, 2 * t :][:160, :160])
        for t in range(CLIP_FRAMES)
    ]
    how = Coding("libx264", 26)
    runs = [recoded(clip, how.codec, options=how.options) for _ in range(12)]
    assert len({np.array(run).tobytes() for run in runs}) == 1


def test_small_pictures_are_kept_from_x265() -> None:
    small = {}
    for codec in ("libx264", "libx265"):
        how = Degradation(coding=Coding(codec, 30, fast=True))
        small[codec] = degraded(_clip(3, 96), how, rng=np.random.default_rng(0))[0]
    assert all(map(np.array_equal, *small.values()))


@pytest.mark.parametrize("mix", Mix)
def test_draws_repeat_and_differ(mix: Mix) -> None:
    ours, theirs = np.random.default_rng(7), np.random.default_rng(7)
    draws = [drawn(ours, mix) for _ in range(200)]
    assert draws == [drawn(theirs, mix) for _ in range(200)]
    assert len(set(draws)) > 100 or mix is Mix.FIDELITY


def test_fidelity_is_the_halving_alone() -> None:
    assert drawn(np.random.default_rng(0), Mix.FIDELITY) == CLEAN


def test_real_draws_hold_every_kind() -> None:
    rng = np.random.default_rng(3)
    draws = [drawn(rng) for _ in range(600)]
    clean = [d for d in draws if d == replace(CLEAN, bicubic=d.bicubic)]
    assert 90 < len(clean) < 360
    assert any(d.jpeg_quality for d in draws)
    assert not any(d.jpeg_quality and d.coding for d in draws)
    codings = [d.coding for d in draws if d.coding]
    assert {c.codec for c in codings} == set(CODECS)
    assert all(17 <= c.quality <= 30 for c in codings if c.codec == "libx264")
    assert {c.fast for c in codings} == {False, True}


def test_restoring_draws_are_never_clean_and_worse() -> None:
    rng = np.random.default_rng(3)
    draws = [drawn(rng, Mix.RESTORE) for _ in range(300)]
    assert all(d.coding or d.jpeg_quality for d in draws)
    worst = [
        d.coding.quality for d in draws if d.coding and d.coding.codec == "libx264"
    ]
    assert (min(worst), max(worst)) == (23, 36)


def test_noise_repeats_with_its_seed() -> None:
    how = replace(CLEAN, noise_sigma=4.0)
    one, same, other = (
        degraded(_clip(1), how, rng=np.random.default_rng(seed))[0][0]
        for seed in (5, 5, 6)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_look_is_learnt_from_sharp_originals() -> None:
    rng = np.random.default_rng(3)
    draws = [drawn(rng, Mix.LOOK) for _ in range(300)]
    assert all(d.sharp for d in draws)
    assert any(d == Degradation(bicubic=d.bicubic, sharp=True) for d in draws)
    assert any(d.noise_sigma > 5 for d in draws)
    frames = _clip()
    coded = Degradation(source=Coding("mpeg4", 8))
    small, targets = degraded(frames, coded, rng=rng)
    same, sharp = degraded(frames, replace(coded, sharp=True), rng=rng)
    assert all(map(np.array_equal, small, same))
    assert not any(map(np.array_equal, targets, frames))
    for frame, target in zip(frames, sharp, strict=True):
        wanted = sharpened(frame, 0.4)
        assert np.abs(target - wanted.clip(0, 255)).max() <= 0.5
        assert np.std(wanted) > 1.02 * np.std(frame)
