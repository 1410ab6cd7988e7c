"""`model bench`: one network in the ways that torch runs it, on the same frame.

`benchmarks/model_engines.py` measures other engines beside them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from videnhance.errors import MissingLibraryError, UsageError
from videnhance.frame import ZERO_CODE, Pixels
from videnhance.frame.geometry import Size
from videnhance.models.network import SRVGGNetLightweight
from videnhance.models.program import (
    calibration_crops,
    float32_script,
    int8_script,
    prefer_int8_engine,
)
from videnhance.models.runtime import shuffled
from videnhance.models.timing import Times, timed
from videnhance.models.torchscript import loaded, optimized, saved
from videnhance.models.weights import read_network

__all__ = ["HEAD", "TORCH", "Bench", "Engine", "Floats", "Ready", "Row", "benched"]

Floats = npt.NDArray[np.float32]
_STEP = 0.5


@dataclass(frozen=True, slots=True)
class Bench:
    """What an engine is given."""

    network: SRVGGNetLightweight
    """Folded, with ReLU."""
    pixels: Pixels = field(repr=False)
    """N x H x W x C."""
    threads: int

    @property
    def floats(self) -> Floats:
        """The frame as N x C x H x W in [0, 1]."""
        planes = self.pixels.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(planes, np.float32) / np.float32(255)

    @property
    def texture(self) -> list[torch.Tensor]:
        """Crops of the frame, to calibrate with."""
        return calibration_crops(list(self.pixels))[:4]


@dataclass(frozen=True, slots=True)
class Ready:
    """A network in an engine, with its frame."""

    run: Callable[[], Any] = field(repr=False)
    """Runs it once."""
    residual: Callable[[Any], Floats] = field(
        default=lambda found: np.asarray(found, np.float32) * np.float32(255),
        repr=False,
    )
    """From what `run` gave to grey levels after the pixel shuffle, N x C x 2H x 2W;
    where nothing else is said, from a residual in [-1, 1]."""


Engine = Callable[[Bench], Ready]
"""Raises MissingLibraryError if what it needs is not installed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One engine on so many threads."""

    engine: str
    threads: int
    times: Times
    largest: float
    """Grey levels by which the residual differs from torch's in float, at most."""

    def line(self) -> str:
        """As a row of a table; milliseconds."""
        t = self.times
        return (
            f"| {self.engine} | {self.threads} | {t.best:.1f} | {t.median:.1f} | "
            f"{t.p95:.1f} | {self.largest:.2f} |"
        )


HEAD = (
    "| engine | threads | best, ms | median, ms | 95 %, ms | off by |\n"
    "|---|---:|---:|---:|---:|---:|"
)
"""Over the rows."""


def _eager(bench: Bench) -> Ready:
    network, x = bench.network.eval(), torch.from_numpy(bench.floats)

    def run() -> torch.Tensor:
        with torch.inference_mode():
            return network(x)  # type: ignore[no-any-return]

    return Ready(run)


def _program(bench: Bench, script: torch.jit.ScriptModule) -> Ready:
    batch = torch.from_numpy(bench.pixels).permute(0, 3, 1, 2)

    def run() -> Pixels:
        with torch.inference_mode():
            codes = script(batch).permute(0, 2, 3, 1).numpy()
        return shuffled(codes, bench.network.shape.channels)

    def residual(codes: Pixels) -> Floats:
        planes = codes.transpose(0, 3, 1, 2).astype(np.float32)
        return (planes - ZERO_CODE) * np.float32(_STEP)

    return Ready(run, residual)


def _float32(bench: Bench) -> Ready:
    script = loaded(saved(float32_script(bench.network, _STEP)))
    return _program(bench, optimized(script))


def _int8(bench: Bench) -> Ready:
    prefer_int8_engine()
    return _program(bench, int8_script(bench.network, bench.texture, step=_STEP))


TORCH: dict[str, Engine] = {
    "torch eager float32": _eager,
    "TorchScript float32": _float32,
    "TorchScript int8": _int8,
}
"""By the name in the table."""


def benched(
    model: str,
    size: Size,
    *,
    threads: Sequence[int],
    runs: int,
    engines: Mapping[str, Engine] = TORCH,
) -> Iterator[Row | str]:
    """Yields a row for each engine and number of threads, or why there is none.

    The first engine is what the others are compared with. Raises UsageError for a
    network that not all engines can run alike.
    """
    network = read_network(model).folded().eval()
    if network.shape.activation != "relu":
        raise UsageError(f"{model} has {network.shape.activation}; name one with ReLU")
    pixels = _scene(size, network.shape.channels)
    before = torch.get_num_threads()
    try:
        for count in threads:
            torch.set_num_threads(count)
            yield from _rows(engines, Bench(network, pixels, count), runs=runs)
    finally:
        torch.set_num_threads(before)


def _rows(
    engines: Mapping[str, Engine], bench: Bench, *, runs: int
) -> Iterator[Row | str]:
    wanted: Floats | None = None
    for name, engine in engines.items():
        try:
            ready = engine(bench)
        except MissingLibraryError as error:
            yield f"{name}: {error}"
            continue
        found = ready.residual(ready.run())
        wanted = found if wanted is None else wanted
        largest = float(np.abs(found - wanted).max())
        yield Row(name, bench.threads, timed(ready.run, runs), largest)


def _scene(size: Size, channels: int) -> Pixels:
    """Waves with a little grain, 1 x H x W x C."""
    y, x = np.mgrid[: size.height, : size.width]
    waves = 128 + 60 * np.sin(x / 9) * np.cos(y / 13)
    grain = np.random.default_rng(0).normal(0, 6, (size.height, size.width, channels))
    scene: Pixels = np.clip(waves[..., None] + grain, 0, 255).astype(np.uint8)
    return scene[None]
