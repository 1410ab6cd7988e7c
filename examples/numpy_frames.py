"""Enlarges pictures of a program's own: arrays in, arrays out, as they come.

python examples/numpy_frames.py out.png
"""

import sys
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

import videnhance

Picture = npt.NDArray[np.uint8]
"""H x W x 3, RGB."""


def rolling_wheel(count: int) -> Iterator[Picture]:
    """A picture at a time: any source will do, a decoder, a renderer, a camera."""
    y, x = np.mgrid[:90, :160]
    for number in range(count):
        angle = np.arctan2(y - 45, x - 80) + number / 10
        wheel = (128 + 100 * np.sin(9 * angle)).astype(np.uint8)
        yield np.stack([wheel, 255 - wheel, np.full_like(wheel, 90)], axis=-1)


def main(target: str) -> None:
    """Writes the last of twelve pictures, enlarged."""
    for large in videnhance.enhance(rolling_wheel(12), scale=2, skip=3):
        last = large
    Image.fromarray(last).save(target)
    print(f"{last.shape[1]}x{last.shape[0]}: {target}")


if __name__ == "__main__":
    main(*sys.argv[1:])
