"""A page on which people judge looks blind: crops at 1:1, sides and names hidden.

One HTML file that needs no network: it shows pairs in random order on random sides,
counts, reveals, and saves what was judged as JSON.
"""

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

__all__ = ["SIDE", "Crop", "busy_places", "page"]

TEMPLATE = Path(__file__).with_suffix(".html")
SIDE = 320
"""Pixels of a crop, where the picture has them."""

Rgb = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Crop:
    """One place of one frame, by each look and as it was."""

    clip: str
    coding: str
    frame: int
    x: int
    y: int
    original: Rgb = field(repr=False)
    looks: Mapping[str, Rgb] = field(repr=False)


def busy_places(
    luma: npt.NDArray[np.uint8], count: int, *, seed: int
) -> list[tuple[int, int]]:
    """Corners (x, y) of crops that do not overlap, drawn by how much they show.

    The chance of a place is its mean gradient; the same seed draws the same places.
    """
    height, width = luma.shape
    steps = np.abs(np.diff(luma.astype(np.float32), axis=1))
    corners = [
        (x, y)
        for y in range(0, max(height - SIDE, 0) + 1, SIDE)
        for x in range(0, max(width - SIDE, 0) + 1, SIDE)
    ]
    weights = np.array(
        [steps[y : y + SIDE, x : x + SIDE].mean() + 1e-3 for x, y in corners]
    )
    drawn = np.random.default_rng(seed).choice(
        len(corners),
        min(count, len(corners)),
        replace=False,
        p=weights / weights.sum(),
    )
    return [corners[n] for n in drawn]


def page(crops: list[Crop]) -> str:
    """The page as HTML."""
    data = {"made": date.today().isoformat(), "crops": [_plain(c) for c in crops]}
    hidden = base64.b64encode(json.dumps(data).encode()).decode()
    return TEMPLATE.read_text(encoding="utf-8").replace("/*DATA*/", hidden)


def _plain(crop: Crop) -> dict[str, object]:
    return {
        "clip": crop.clip,
        "coding": crop.coding,
        "frame": crop.frame,
        "x": crop.x,
        "y": crop.y,
        "original": _source(crop.original),
        "pictures": {name: _source(pixels) for name, pixels in crop.looks.items()},
    }


def _source(pixels: Rgb) -> str:
    """A lossless picture in the words of a link."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", lossless=True, quality=60)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()
