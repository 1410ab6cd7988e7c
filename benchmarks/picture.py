#!/usr/bin/env python3
"""Makes the before/after picture: a part of one frame, plainly resized and enhanced.

    benchmarks/picture.py CLIP OUT.png [--frame N] [--at X,Y] [--size WxH]

Both halves are lossless conversions by the program itself, `--strength 0` and 1.
"""

import argparse
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from videnhance.media.reader.video_reader import VideoReader
from videnhance.pipeline.colour import model_input

Rgb = npt.NDArray[np.uint8]


def converted(clip: Path, frame: int, strength: str) -> Rgb:
    """One frame of the enlarged clip, H x W x 3."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mkv"
        words = [str(clip), str(out), "-q", "--strength", strength, "-c", "ffv1"]
        words += ["--max-frames", str(frame + 1), "--no-audio"]
        command = [sys.executable, "-m", "videnhance", "convert", *words]
        subprocess.run(command, check=True)
        with VideoReader(out) as reader:
            return model_input(3, next(islice(reader, frame, None)))


def labelled(picture: Rgb, words: str) -> Image.Image:
    """The picture with words in its corner."""
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    box = draw.textbbox((8, 6), words, font_size=18)
    draw.rectangle((box[0] - 4, box[1] - 4, box[2] + 4, box[3] + 4), fill=(0, 0, 0))
    draw.text((8, 6), words, font_size=18, fill=(255, 255, 255))
    return image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--frame", type=int, default=20)
    parser.add_argument("--at", default="0,0", help="corner in the enlarged frame")
    parser.add_argument("--size", default="240x200")
    parser.add_argument("--zoom", type=int, default=2, help="each pixel becomes N x N")
    options = parser.parse_args()
    x, y = map(int, options.at.split(","))
    width, height = map(int, options.size.split("x"))
    shape = (2 * width * options.zoom + 4, height * options.zoom)
    pair = Image.new("RGB", shape, (255, 255, 255))
    for n, (strength, words) in enumerate((("0", "bicubic"), ("1", "videnhance"))):
        whole = converted(options.clip, options.frame, strength)
        part = whole[y : y + height, x : x + width]
        part = part.repeat(options.zoom, axis=0).repeat(options.zoom, axis=1)
        pair.paste(labelled(part, words), (n * (part.shape[1] + 4), 0))
    pair.save(options.out, optimize=True)


if __name__ == "__main__":
    main()
