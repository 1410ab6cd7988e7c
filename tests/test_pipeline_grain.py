"""Grain that was taken comes back, where it is grain."""

import numpy as np
import numpy.typing as npt
import pytest

from tests.frames import GRAY, YUV420, assert_same_frames, frame_of, noise
from videnhance.frame import Pixels
from videnhance.frame.geometry import Size
from videnhance.pipeline.compose import Composer
from videnhance.pipeline.enhance import Settings, enhanced
from videnhance.pipeline.grain import with_grain
from videnhance.pipeline.plan import every_nth
from videnhance.pipeline.report import Report
from videnhance.pipeline.single_frame import FrameEnhancer
from videnhance.pipeline.upscaler import Bicubic

SIZE = Size(70, 50)
STEP = 0.5


def _noise(sigma: float) -> npt.NDArray[np.float64]:
    shape = SIZE.height, SIZE.width
    return np.rint(np.random.default_rng(1).normal(0, sigma, shape))


def _taking(taken: npt.NDArray[np.float64], scale: int) -> Pixels:
    """Codes that take so many grey levels from each pixel."""
    codes = np.clip(128 - taken / STEP, 0, 255).astype(np.uint8)
    return codes.repeat(scale, 0).repeat(scale, 1)[..., None]


def _given(residual: Pixels, seen: Pixels, share: float = 1.0) -> np.ndarray:
    """Grey levels that come back, at the size of the source."""
    scale = residual.shape[0] // seen.shape[0]
    found = with_grain(residual, seen, share=share, step=STEP).astype(float)
    levels = (found - residual)[..., 0] * STEP
    blocks = levels.reshape(SIZE.height, scale, SIZE.width, scale)
    return np.asarray(blocks.mean(axis=(1, 3)))


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_noise_that_was_taken_from_an_even_place_comes_back(scale: int) -> None:
    taken = _noise(2.0)
    seen = (100 + taken).astype(np.uint8)[..., None]
    given = _given(_taking(taken, scale), seen)
    assert np.corrcoef(given.ravel(), taken.ravel())[0, 1] > 0.95
    assert 0.6 < given.std() / taken.std() < 1.05
    half = _given(_taking(taken, scale), seen, share=0.5)
    assert half.std() == pytest.approx(given.std() / 2, rel=0.1)


def test_nothing_that_was_not_taken_comes() -> None:
    seen = (100 + _noise(4.0)).astype(np.uint8)[..., None]
    residual = np.full((2 * SIZE.height, 2 * SIZE.width, 1), 128, np.uint8)
    np.testing.assert_array_equal(
        with_grain(residual, seen, share=1.0, step=STEP), residual
    )


def test_what_was_changed_evenly_stays_changed() -> None:
    taken = np.full((SIZE.height, SIZE.width), 4.0)
    seen = np.full((SIZE.height, SIZE.width, 1), 100, np.uint8)
    assert not _given(_taking(taken, 2), seen).any()


def test_little_comes_back_beside_an_edge() -> None:
    taken = _noise(2.0)
    clean = np.full((SIZE.height, SIZE.width), 60.0)
    clean[:, SIZE.width // 2 :] = 190
    seen = (clean + taken).astype(np.uint8)[..., None]
    given = np.abs(_given(_taking(taken, 2), seen))
    middle = SIZE.width // 2
    assert given[:, middle - 1 : middle + 1].mean() < 0.1 * given[:, 5:20].mean()


class _Taker(Bicubic):
    """Takes what is over 100 from each pixel."""

    def __call__(self, pixels: Pixels) -> Pixels:
        codes: Pixels = np.clip(228.0 - pixels, 0, 255).astype(np.uint8)
        return codes.repeat(2, 1).repeat(2, 2)


@pytest.mark.parametrize("scale", [1, 2])
def test_the_pipelines_give_the_same_grain(scale: int) -> None:
    luma = (100 + _noise(3.0)).astype(np.uint8)
    frame = frame_of([luma], GRAY)
    settings = Settings(scale=scale, fuse=0, workers=0, grain=0.8)
    (made,) = enhanced(iter([frame]), _Taker(), settings, Report())
    (plain,) = enhanced(
        iter([frame]), _Taker(), Settings(scale=scale, fuse=0, workers=0), Report()
    )
    assert made.planes[0].std() > 1.5 * plain.planes[0].std()
    shown = FrameEnhancer(_Taker(), None, 1)(frame, settings, rule=every_nth(1))
    assert_same_frames([shown.frame], [made])


def test_colour_is_left_to_the_base() -> None:
    frame = noise(SIZE, YUV420)
    settings = Settings(fuse=0, workers=0, grain=1.0)
    (made,) = enhanced(iter([frame]), _Taker(), settings, Report())
    base = Composer(1.0, 0.0)(frame, None)
    for plane, wanted in zip(made.planes[1:], base.planes[1:], strict=True):
        np.testing.assert_array_equal(plane, wanted)
