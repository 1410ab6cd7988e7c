"""Generated stills for tests of training."""

from pathlib import Path

import numpy as np
from PIL import Image

__all__ = ["write_still"]


def write_still(path: Path, width: int, height: int, seed: int) -> Path:
    """A picture with waves in one half and grain in the other."""
    y, x = np.mgrid[:height, :width]
    rng = np.random.default_rng(seed)
    grain = rng.normal(0, 30, (height, width)) * (x > width // 2)
    base = 128 + 70 * np.sin(x / 9) * np.cos(y / (5 + seed)) + grain
    rgb = np.stack([base, base[::-1], 255 - base], axis=-1)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(rgb, 0, 255).astype(np.uint8)).save(path)
    return path
