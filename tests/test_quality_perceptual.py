"""Metrics of packages that need not be there."""

from importlib.util import find_spec

import numpy as np
import pytest

from videnhance.errors import MissingLibraryError
from videnhance.frame import Pixels
from videnhance.quality import perceptual
from videnhance.quality.perceptual import PERCEPTUAL, is_there, picture_metric

pytestmark = pytest.mark.opencv


def squares() -> Pixels:
    """A picture with hard edges."""
    picture = np.full((64, 80, 3), 40, np.uint8)
    picture[16:48, 20:60] = 200
    return picture


@pytest.mark.parametrize("name", [*PERCEPTUAL])
def test_noise_costs_and_the_original_is_best(name: str) -> None:
    if find_spec(name) is None:
        pytest.skip(f"needs the package {name}")
    original = squares()
    noise = np.random.default_rng(3).integers(0, 60, original.shape)
    noisy = np.minimum(original + noise, 255).astype(np.uint8)
    score = picture_metric(name)
    assert score(original, original) == pytest.approx(
        {"ssimulacra2": 100, "erqa": 1}[name]
    )
    assert score(noisy, original) < 0.9 * score(original, original)


def test_a_picture_without_edges_has_no_erqa() -> None:
    if find_spec("erqa") is None:
        pytest.skip("needs the package erqa")
    flat = np.full((40, 40, 3), 90, np.uint8)
    assert np.isnan(picture_metric("erqa")(flat, flat))


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, extra: str) -> None:
        raise MissingLibraryError(f"{name}: [{extra}]")

    picture_metric.cache_clear()
    monkeypatch.setattr(perceptual, "optional", missing)
    with pytest.raises(MissingLibraryError, match=r"\[metrics\]"):
        picture_metric("erqa")
    assert not is_there("ssimulacra2")
