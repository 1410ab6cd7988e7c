"""What this machine does: each stage alone, then whole conversions, in one run.

A whole conversion runs in a process of its own, so its peak memory is its own. Times of
stages are the processor's, not the clock's.
"""

import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from videnhance.errors import VidenhanceError
from videnhance.frame import ColourTags, Family, Frame, Layout, Pixels, VideoInfo
from videnhance.geometry import Size
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.output.muxer import VideoWriter
from videnhance.media.reader.video_reader import VideoReader
from videnhance.models.runtime import Choice, load
from videnhance.pipeline.colour import model_input
from videnhance.pipeline.enhance import Settings, Upscaler, enhanced
from videnhance.pipeline.plan import Fill, Plan, grid
from videnhance.pipeline.tiles import Tiling, tiles_of
from videnhance.report import Report
from videnhance.system.memory import keep_freed_memory
from videnhance.system.threads import available_cores

__all__ = [
    "Row",
    "as_json",
    "benchmarked",
    "moving_scene",
    "processor_name",
    "scene_info",
    "table",
]

_WHOLE: dict[str, dict[str, float]] = {
    "convert --skip 1 --fuse 0": {"skip": 1, "fuse": 0},
    "convert --skip 1": {"skip": 1},
    "convert --skip 2": {"skip": 2},
    "convert --skip 4": {"skip": 4},
}
_CHILD = """
import json, sys, videnhance
source, target, options = json.loads(sys.argv[1])
report = videnhance.convert(source, target, **options)
print(json.dumps(report.as_json()))
"""
_PRECISIONS = ("int8", "float32")
_SCENE = Size(640, 360)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; times are for one frame."""

    name: str
    frames: int
    """Measured."""
    frames_per_second: float
    cpu_ms: float
    to_sum: float | None = None
    """Wall time over (decode + int8 model + encode, processor time) / cores."""
    to_slowest: float | None = None
    """Wall time over the slowest of these stages / cores."""
    peak_memory_mb: float | None = None


def benchmarked(source: Path | None, frames: int) -> Iterator[Row]:
    """Measures with `source`, or with a generated scene; yields rows as they come.

    Raises what a conversion of the source raises.
    """
    # As a conversion does: without it the bare model is a tenth slower.
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "scene.mp4"
        if source is None:
            _write(clip, list(moving_scene(_SCENE, frames)))
        used = clip if source is None else source
        stages: dict[str, float] = {}
        for row in _stages(used, frames, folder=Path(folder)):
            stages[row.name] = row.cpu_ms
            yield row
        needed = [stages[name] for name in ("decode", "model int8", "encode")]
        for name, options in _WHOLE.items():
            target = Path(folder) / "out.mp4"
            chosen = {**options, "max_frames": frames}
            yield _whole(name, (used, target), options=chosen, needed=needed)


def _stages(source: Path, frames: int, *, folder: Path) -> Iterator[Row]:
    """Decode, model and encode, each alone, by the processor's time."""
    start = time.process_time(), time.perf_counter()
    with VideoReader(source) as reader:
        decoded = list(islice(reader, frames))
        info = reader.info
    yield _row("decode", len(decoded), start=start)
    seen = [model_input(1, frame) for frame in decoded]
    networks = {p: load(Choice(precision=p, device="cpu")) for p in _PRECISIONS}
    for precision, network in networks.items():
        start = time.process_time(), time.perf_counter()
        for frame, pixels in zip(decoded, seen, strict=True):
            _in_patches(network, frame, pixels=pixels)
        yield _row(f"model {precision}", len(seen), start=start)
    # What the encoder gets in a conversion: the base alone would be easier to encode.
    settings = Settings(fuse=0.0, workers=available_cores())
    enlarged = list(enhanced(iter(decoded), networks["int8"], settings, Report()))
    start = time.process_time(), time.perf_counter()
    _write(folder / "encoded.mp4", enlarged, info=info)
    yield _row("encode", len(enlarged), start=start)


def _in_patches(network: Upscaler, frame: Frame, *, pixels: Pixels) -> None:
    """Runs the network on a whole frame, cut as in a conversion."""
    fills = np.full(grid(frame.size), Fill.NETWORK, np.uint8)
    tiling = Tiling(network.halo, max_row_width=network.max_row_width)
    for tile in tiles_of(Plan(frame, pixels, fills, None), tiling):
        network(pixels[tile.patch.slices][None])


def _row(name: str, frames: int, *, start: tuple[float, float]) -> Row:
    cpu, wall = time.process_time() - start[0], time.perf_counter() - start[1]
    return Row(name, frames, frames / wall, 1000 * cpu / frames)


def _whole(
    name: str,
    files: tuple[Path, Path],
    *,
    options: dict[str, float],
    needed: list[float],
) -> Row:
    chosen = {"overwrite": True, "precision": "int8", **options}
    order = json.dumps([*map(str, files), chosen])
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, order],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        words = done.stderr.strip().splitlines() or ["no word of it"]
        raise VidenhanceError(f"bench: the conversion failed: {words[-1]}")
    values = json.loads(done.stdout.splitlines()[-1])
    frames, seconds = values["frames_out"], values["seconds"]
    wall_ms = 1000 * seconds["converting"] / frames
    share = wall_ms * available_cores()
    return Row(
        name,
        frames,
        1000 / wall_ms,
        1000 * seconds["processor"] / frames,
        share / sum(needed),
        share / max(needed),
        values["peak_memory_mb"],
    )


def moving_scene(size: Size, frames: int) -> Iterator[Frame]:
    """A textured scene that pans, a square that goes its own way, and some noise."""
    rng = np.random.default_rng(0)
    side = size.width + 4 * frames
    coarse = rng.integers(16, 236, (side // 8 + 2, side // 8 + 2)).astype(np.float32)
    texture = coarse.repeat(8, 0).repeat(8, 1)
    for axis in (0, 1):
        for shift in (1, 2, 4):
            texture += np.roll(texture, shift, axis)
            texture /= 2
    layout = Layout("yuv420p", Family.YUV, 8, (1, 1))
    chroma = np.full((size.height // 2, size.width // 2), 128, np.uint8)
    for n in range(frames):
        view = texture[2 * n : 2 * n + size.height, 3 * n : 3 * n + size.width].copy()
        square = size.height // 3
        left = n % (size.width - square)
        view[square : 2 * square, left : left + square] = texture[:square, :square]
        noisy = view + rng.normal(0, 2, view.shape).astype(np.float32)
        luma = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
        yield Frame(n, n, Fraction(1, 25), layout, ColourTags(), (luma, chroma, chroma))


def scene_info(frames: list[Frame]) -> VideoInfo:
    """What the headers of a file of these frames would say."""
    first = frames[0]
    return VideoInfo(
        size=first.size,
        layout=first.layout,
        source_format=first.layout.name,
        codec="none",
        rate=1 / first.time_base,
        time_base=first.time_base,
        frames=len(frames),
        duration_seconds=None,
        tags=first.tags,
        sample_aspect_ratio=None,
        rotation_degrees=0,
    )


def _write(target: Path, frames: list[Frame], *, info: VideoInfo | None = None) -> None:
    info, size = info or scene_info(frames), frames[0].size
    with VideoWriter(target, info, size, Encoding(), overwrite=True) as writer:
        for frame in frames:
            writer.write(frame)


def table(rows: list[Row]) -> list[str]:
    """The rows as lines of a Markdown table."""
    lines = [
        "| stage | frames/s | CPU-ms a frame | to the sum | to the slowest | peak MB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        rest = (row.to_sum, row.to_slowest, row.peak_memory_mb)
        cells = [row.name, f"{row.frames_per_second:.1f}", f"{row.cpu_ms:.1f}"]
        cells += [
            "" if v is None else f"{v:.2f}" if v < 50 else f"{v:.0f}" for v in rest
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def as_json(rows: list[Row]) -> dict[str, Any]:
    """The rows and the machine, as plain values."""
    return {
        "processor": processor_name(),
        "cores": available_cores(),
        "rows": [asdict(row) for row in rows],
    }


def processor_name() -> str:
    """The processor as its system names it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line for line in text.splitlines() if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else platform.machine()
