"""`model bench`: the same network in several engines, one table."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from videnhance.errors import MissingLibraryError, UsageError
from videnhance.frame import Pixels
from videnhance.geometry import Size
from videnhance.models.engines import TORCH, Bench, Engine, Floats
from videnhance.models.other_engines import RIVALS
from videnhance.models.timing import Times, timed
from videnhance.models.weights import read_network

__all__ = ["HEAD", "Row", "benched"]


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


def benched(
    model: str, size: Size, threads: Sequence[int], runs: int, against: bool
) -> Iterator[Row | str]:
    """Yields a row for each engine and number of threads, or why there is none.

    Raises UsageError for a network that not all engines can run alike.
    """
    network = read_network(model).folded().eval()
    if network.shape.activation != "relu":
        raise UsageError(f"{model} has {network.shape.activation}; name one with ReLU")
    pixels = _scene(size, network.shape.channels)
    engines = TORCH | (RIVALS if against else {})
    before = torch.get_num_threads()
    try:
        with tempfile.TemporaryDirectory() as folder:
            for count in threads:
                bench = Bench(network, pixels, count, Path(folder))
                yield from _rows(engines, bench, runs)
    finally:
        torch.set_num_threads(before)


def _rows(engines: dict[str, Engine], bench: Bench, runs: int) -> Iterator[Row | str]:
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
