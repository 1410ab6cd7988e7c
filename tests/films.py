"""Short textured films whose frames can be told apart, for tests of comparisons."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

from videnhance.frame import Pixels

__all__ = ["Film", "texture", "write_film"]


@dataclass(frozen=True)
class Film:
    """What to write; the defaults give a lossless film of 16 frames."""

    shown: Sequence[int] = tuple(range(16))
    """Which picture each frame shows."""
    width: int = 96
    height: int = 64
    rate: int = 25
    noise: float = 0.0
    """Grey levels."""
    codec: str = "ffv1"
    pix_fmt: str = "yuv420p"
    transfer: int = 2


def texture(index: int, width: int, height: int) -> Pixels:
    """A soft texture that moves, H x W."""
    rows, columns = np.indices((height, width))
    moved = columns * (96 / width) - 3 * index
    down = rows * (64 / height)
    wave = np.sin(down / 5) + np.sin(moved / 7) + np.sin((down + 2 * moved) / 11)
    return (128 + 34 * wave).astype(np.uint8)


def write_film(path: Path, film: Film | None = None) -> Path:
    """Writes the film and gives `path` back."""
    film = film or Film()
    with av.open(str(path), "w") as out:
        stream = out.add_stream(film.codec, rate=film.rate)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = film.width, film.height
        stream.pix_fmt = film.pix_fmt
        stream.codec_context.color_trc = film.transfer
        stream.codec_context.thread_count = 1
        for place, index in enumerate(film.shown):
            frame = _frame(film, index).reformat(format=film.pix_fmt)
            frame.pts, frame.time_base = place, Fraction(1, film.rate)
            frame.color_trc = film.transfer
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def _frame(film: Film, index: int) -> av.VideoFrame:
    luma = texture(index, film.width, film.height).astype(np.float64)
    luma += np.random.default_rng(index).normal(0, film.noise or 1e-9, luma.shape)
    flat = np.full((film.height * 3 // 2, film.width), 128, np.uint8)
    flat[: film.height] = np.clip(np.rint(luma), 16, 235)
    return av.VideoFrame.from_ndarray(flat, "yuv420p")
