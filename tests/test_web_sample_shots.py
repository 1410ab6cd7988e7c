"""Stills of a sample page: near to what is shown, and small."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from videnhance.web.sample.shots import still_of

Picture = npt.NDArray[np.uint8]


def _decoded(still: bytes) -> Picture:
    with Image.open(io.BytesIO(still)) as image:
        assert image.format == "WEBP"
        return np.asarray(image.convert("RGB"))


def _filmed() -> Picture:
    """Soft shapes with noise of a sensor."""
    y, x = np.mgrid[:180, :320]
    shapes = 120 + 60 * np.sin(x / 9) * np.cos(y / 7)
    noise = np.random.default_rng(1).normal(0, 3, shapes.shape)
    grey = np.clip(shapes + noise, 0, 255).astype(np.uint8)
    return np.stack([grey, grey // 4 * 3 + 30, grey // 2 + 60], axis=2)


def test_letters_in_colours_stay_as_they_are() -> None:
    drawn = np.full((180, 320, 3), (250, 250, 240), np.uint8)
    drawn[20:160:12, 20:300:3] = (200, 20, 30)
    assert np.array_equal(_decoded(still_of(Image.fromarray(drawn))), drawn)


def test_what_is_filmed_is_near_to_lossless_and_smaller() -> None:
    filmed, lossless = Image.fromarray(_filmed()), io.BytesIO()
    filmed.save(lossless, "WEBP", lossless=True)
    still = still_of(filmed)
    assert len(still) < lossless.tell() * 0.75
    error = _decoded(still).astype(float) - _filmed()
    assert 10 * np.log10(255**2 / np.mean(error**2)) > 44
