"""Metrics of colour pictures by packages that carry their weights and fetch nothing.

SSIMULACRA2 (Sneyers, 2023; `ssimulacra2`), ERQA 1.0 (Kirillova et al., 2022; `erqa`).
"""

import io
from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
from PIL import Image

from videnhance.errors import MissingLibraryError
from videnhance.frame import Pixels
from videnhance.system.optional import optional

__all__ = ["PERCEPTUAL", "PictureMetric", "is_there", "picture_metric"]

PictureMetric = Callable[[Pixels, Pixels], float]
"""The score of a picture beside its original, both H x W x 3 (RGB)."""

_LEAST_SIDE = 8
_EDGES = 100, 200
"""ERQA's thresholds: an original without any edge has no score."""
_SHIFT = 3
"""Pixels that ERQA moves a picture by, to lay it on its original."""


@cache
def picture_metric(name: str) -> PictureMetric:
    """`ssimulacra2` or `erqa`. Raises MissingLibraryError."""
    return PERCEPTUAL[name]()


def _ssimulacra2() -> PictureMetric:
    package = optional("ssimulacra2", extra="metrics")

    def score(ours: Pixels, original: Pixels) -> float:
        if min(ours.shape[:2]) < _LEAST_SIDE:
            return float("nan")
        return float(package.compute_ssimulacra2(_stored(original), _stored(ours)))

    return score


def _stored(picture: Pixels) -> io.BytesIO:
    """What the package takes: a file, of the kind that costs least."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PPM")
    return file


def _erqa() -> PictureMetric:
    metric = optional("erqa", extra="metrics").ERQA(version="1.0")

    def score(ours: Pixels, original: Pixels) -> float:
        if min(ours.shape[:2]) <= 2 * _SHIFT:
            return float("nan")
        # It knows OpenCV's order of colours.
        a, b = (np.ascontiguousarray(p[..., ::-1]) for p in (ours, original))
        return float(metric(a, b)) if cv2.Canny(b, *_EDGES).any() else float("nan")

    return score


PERCEPTUAL = {"ssimulacra2": _ssimulacra2, "erqa": _erqa}
"""What loads each."""


def is_there(name: str) -> bool:
    """Whether the package of this metric loads."""
    try:
        picture_metric(name)
    except MissingLibraryError:
        return False
    return True
