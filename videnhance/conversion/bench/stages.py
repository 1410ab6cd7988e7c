"""Decode, model and encode, each alone."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from videnhance.frame import Frame, Pixels
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.output.muxer import VideoWriter
from videnhance.media.reader.video_reader import VideoReader
from videnhance.models.choice import Choice
from videnhance.models.runtime import load
from videnhance.pipeline.colour import model_input
from videnhance.pipeline.enhance import Settings, enhanced
from videnhance.pipeline.plan import Fill, Plan, grid
from videnhance.pipeline.report import Report
from videnhance.pipeline.tiles import Tiling, tiles_of
from videnhance.pipeline.upscaler import Upscaler
from videnhance.system.threads import available_cores

__all__ = ["Stage", "measured_stages"]

_PRECISIONS = ("int8", "float32")
_SLOWER = 8
"""Float32 is measured on as many times fewer frames."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage alone, on one thread but for the encoder's."""

    name: str
    frames_per_second: float
    cpu_ms: float
    """Of a frame."""


def measured_stages(source: Path, frames: int, *, folder: Path) -> Iterator[Stage]:
    """Decode, model and encode, each alone, by the processor's time."""
    start = time.process_time(), time.perf_counter()
    with VideoReader(source) as reader:
        decoded = list(islice(reader, frames))
        info = reader.info
    yield _stage("decode", len(decoded), start=start)
    seen = [model_input(1, frame) for frame in decoded]
    networks = {p: load(Choice(precision=p, device="cpu")) for p in _PRECISIONS}
    for precision, network in networks.items():
        count = len(seen) if precision == "int8" else -(-len(seen) // _SLOWER)
        start = time.process_time(), time.perf_counter()
        for frame, pixels in islice(zip(decoded, seen, strict=True), count):
            _in_patches(network, frame, pixels=pixels)
        yield _stage(f"model {precision}", count, start=start)
    # What the encoder gets in a conversion: the base alone would be easier to encode.
    settings = Settings(fuse=0.0, workers=available_cores())
    enlarged = list(enhanced(iter(decoded), networks["int8"], settings, Report()))
    start = time.process_time(), time.perf_counter()
    size, target = enlarged[0].size, folder / "encoded.mkv"
    with VideoWriter(target, info, size, Encoding(), overwrite=True) as writer:
        for frame in enlarged:
            writer.write(frame)
    yield _stage("encode", len(enlarged), start=start)


def _in_patches(network: Upscaler, frame: Frame, *, pixels: Pixels) -> None:
    """Runs the network on a whole frame, cut as in a conversion."""
    fills = np.full(grid(frame.size), Fill.NETWORK, np.uint8)
    tiling = Tiling(network.halo, max_row_width=network.max_row_width)
    for tile in tiles_of(Plan(frame, pixels, fills, None), tiling):
        network(pixels[tile.patch.slices][None])


def _stage(name: str, frames: int, *, start: tuple[float, float]) -> Stage:
    cpu, wall = time.process_time() - start[0], time.perf_counter() - start[1]
    return Stage(name, frames / wall, 1000 * cpu / frames)
