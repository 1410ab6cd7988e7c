"""Small picture files with known samples and tags, made for one test."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from videnhance.frame.geometry import Size
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.stills.picture_writer import StillWriter
from videnhance.media.stills.still_reader import StillReader

__all__ = ["PLAIN", "exif_block", "rewritten", "rgb_samples", "shown", "srgb_profile"]

PLAIN = Encoding()
Samples = npt.NDArray[Any]


def rgb_samples(size: Size, seed: int = 0) -> Samples:
    """Smooth colour with an odd one in each corner, H x W x 3 of 8 bits."""
    y, x = np.mgrid[: size.height, : size.width]
    made = np.stack([x * 4 + seed, y * 5, x + y + 3 * seed], axis=-1) % 256
    made[0, 0], made[0, -1], made[-1, 0] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    return made.astype(np.uint8)


def exif_block(orientation: int, size: Size) -> bytes:
    """EXIF with a maker, the size in its own directory, and this orientation."""
    exif = Image.Exif()
    exif[274], exif[271] = orientation, "Maker"
    below = exif.get_ifd(0x8769)
    below[0xA002], below[0xA003] = size.width, size.height
    return exif.tobytes()


def srgb_profile() -> bytes:
    """An ICC profile."""
    profile = ImageCms.createProfile("sRGB")
    return ImageCms.ImageCmsProfile(profile).tobytes()


def rewritten(source: Path, target: Path, encoding: Encoding = PLAIN) -> StillWriter:
    """Reads the picture and writes it again; gives the writer for its notices."""
    with (
        StillReader(source) as reader,
        StillWriter(target, reader.info, reader.info.size, encoding, source) as writer,
    ):
        for frame in reader:
            writer.write(frame)
    return writer


def shown(path: Path, mode: str = "RGB") -> Samples:
    """The picture as a viewer shows it, by Pillow alone."""
    with Image.open(io.BytesIO(path.read_bytes())) as opened:
        turn = opened.getexif().get(274, 1)
        samples = np.asarray(opened.convert(mode))
    way: dict[int, Any] = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 3),
        7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
        8: lambda a: np.rot90(a),
    }
    turned: Samples = way[turn](samples)
    return turned
