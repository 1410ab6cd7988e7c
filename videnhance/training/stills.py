"""Stills to train on and to test with: found in folders, read as luma or RGB."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from videnhance.errors import InputError, printable
from videnhance.frame import Pixels

__all__ = ["is_small", "luma_of", "pair_of", "rgb_of", "still_paths", "studio_luma"]

_SUFFIXES = {".bmp", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"}
_SMALL_FOLDERS = {"lr_bicubic", "lrx2", "x2", "lr"}
"""Names, or their ends, of folders that hold halved copies, in lower case."""


def is_small(path: Path) -> bool:
    """Whether a still is the halved copy of another, by the folders it lies in."""
    names = [part.lower() for part in path.parts[:-1]]
    return any(n in _SMALL_FOLDERS or n.endswith("_lr_bicubic") for n in names)


def still_paths(places: Sequence[Path]) -> list[Path]:
    """The pictures among these files and below these folders, sorted, but the halved
    copies of others.
    """
    found = [p for place in places for p in (place, *place.rglob("*"))]
    pictures = [p for p in found if p.suffix.lower() in _SUFFIXES]
    return sorted(p for p in pictures if not is_small(p))


def pair_of(large: Path) -> Path | None:
    """The halved copy that lies beside a still in the layout of DIV2K, if any.

    `A_HR/0001.png` has `A_LR_bicubic/X2/0001x2.png`; `HR/a.png` has `LRx2/a.png`.
    """
    folder = large.parent
    name = folder.name.removesuffix("HR")
    if name == folder.name:
        return None
    candidates = (
        folder.with_name(f"{name}LR_bicubic") / "X2" / f"{large.stem}x2{large.suffix}",
        folder.with_name(f"{name}LRx2") / large.name,
    )
    return next((path for path in candidates if path.is_file()), None)


def rgb_of(path: Path) -> Pixels:
    """A picture as H x W x 3. Raises InputError."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(
            f"{printable(path)} cannot be read: {error}; is it a picture?"
        ) from error


def luma_of(path: Path, full_range: bool = False) -> Pixels:
    """The BT.601 luma plane of a picture, rounded; studio range unless `full_range`."""
    rgb = rgb_of(path).astype(np.float32)
    scale, offset = (1.0, 0.0) if full_range else (219 / 255, 16.0)
    luma = offset + scale * (rgb @ np.array([0.299, 0.587, 0.114], np.float32))
    rounded: Pixels = np.rint(luma).astype(np.uint8)
    return rounded


def studio_luma(rgb: Pixels) -> npt.NDArray[np.float64]:
    """BT.601 studio luma as MATLAB's rgb2ycbcr gives it, H x W, not rounded."""
    weights = np.array([65.481, 128.553, 24.966]) / 255
    luma: npt.NDArray[np.float64] = 16 + rgb.astype(np.float64) @ weights
    return luma
