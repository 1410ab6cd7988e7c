"""`model test`: does a model load, fit its card, enlarge a picture, and how fast."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from videnhance.errors import ModelError
from videnhance.frame import Pixels
from videnhance.frame.geometry import Size
from videnhance.models.card import find_card
from videnhance.models.choice import Choice
from videnhance.models.imported import with_card
from videnhance.models.runtime import Network, load
from videnhance.models.timing import Times, timed

__all__ = ["HEAD", "Loaded", "Row", "before_after", "loaded_forms", "speeds"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """One precision of a model: it was loaded, run once, and gave the right shape."""

    network: Network
    nbytes: int
    sha256: str

    def line(self) -> str:
        """As a row of a table."""
        return (
            f"{self.network.precision:<8} on {self.network.engine:<7} "
            f"{self.nbytes / 1e3:8.1f} KB  sha256 {self.sha256[:16]}..."
        )


@dataclass(frozen=True, slots=True)
class Row:
    """How long a size takes on so many threads."""

    precision: str
    size: Size
    threads: int
    times: Times

    def line(self) -> str:
        """As a row of a table; milliseconds."""
        t = self.times
        return (
            f"{self.precision:<8} {self.size!s:>9} {self.threads:>7} {t.mean:9.2f} "
            f"{t.deviation:8.2f} {t.median:10.2f} {t.p95:9.2f} "
            f"{1e3 / t.median:9.1f}"
        )


HEAD = (
    f"{'form':<8} {'pixels':>9} {'threads':>7} {'mean, ms':>9} {'std, ms':>8} "
    f"{'median, ms':>10} {'95 %, ms':>9} {'frames/s':>9}"
)
"""Over the rows."""


def loaded_forms(choice: Choice) -> list[Loaded]:
    """Every precision of the model, loaded and run once.

    A file of weights is made a model first, calibrated with a chart. Raises ModelError.
    """
    choice = with_card(choice)
    card = find_card(choice.model)
    found = []
    for precision in card.files:
        network = load(replace(choice, precision=precision, device="cpu"))
        data = card.weights(precision)
        found.append(Loaded(network, len(data), card.files[precision][1]))
    return found


def speeds(
    forms: Sequence[Loaded], sizes: Sequence[Size], threads: Sequence[int], runs: int
) -> Iterator[Row]:
    """Measures each form at each size on each number of torch's threads."""
    before = torch.get_num_threads()
    try:
        for count in threads:
            torch.set_num_threads(count)
            for form in forms:
                for size in sizes:
                    times = timed(partial(form.network, _noise(form, size)), runs)
                    yield Row(form.network.precision, size, count, times)
    finally:
        torch.set_num_threads(before)


def _noise(form: Loaded, size: Size) -> Pixels:
    shape = (1, size.height, size.width, form.network.channels)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def before_after(small: Pixels, large: Pixels, *, target: Path) -> Size:
    """Draws a picture beside its enlargement, both at the size of the latter.

    Gives the enlargement's size; ModelError if that is not twice the picture's.
    """
    height, width = small.shape[:2]
    if large.shape[:2] != (2 * height, 2 * width):
        raise ModelError(
            f"the enlargement is {large.shape[1]}x{large.shape[0]}, not twice "
            f"{width}x{height}; the model does not fit its card"
        )
    size = Size(2 * width, 2 * height)
    left = small.repeat(2, axis=0).repeat(2, axis=1)
    gap = np.full((size.height, 8, 3), 255, np.uint8)
    Image.fromarray(np.hstack([left, gap, large])).save(target)
    return size
