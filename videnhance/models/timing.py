"""Times of repeated runs: what is usual, how much it varies, how bad it gets."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean, median, pstdev

import numpy as np

from videnhance.frame.geometry import Size

__all__ = ["SIZES", "Times", "timed"]

SIZES = (Size(64, 64), Size(160, 90), Size(320, 180), Size(640, 360), Size(1280, 720))
"""What is measured by default, input pixels."""
_WARM_UP_SECONDS = 0.3
_WARM_UP_RUNS = 2


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of each run, in order."""

    milliseconds: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.milliseconds:
            raise ValueError("no run was measured")

    @property
    def best(self) -> float:
        return min(self.milliseconds)

    @property
    def mean(self) -> float:
        return fmean(self.milliseconds)

    @property
    def deviation(self) -> float:
        return pstdev(self.milliseconds)

    @property
    def median(self) -> float:
        """Half of the runs took no longer."""
        return median(self.milliseconds)

    @property
    def p95(self) -> float:
        """Nineteen of twenty runs took no longer."""
        return float(np.percentile(self.milliseconds, 95))


def timed(run: Callable[[], object], runs: int) -> Times:
    """Runs twice and for a third of a second to warm up, then `runs` times.

    The first runs compile, choose kernels and wake the processor; they are not counted.
    """
    begun, warm = time.perf_counter(), 0
    while warm < _WARM_UP_RUNS or time.perf_counter() - begun < _WARM_UP_SECONDS:
        run()
        warm += 1
    found = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        found.append((time.perf_counter() - start) * 1e3)
    return Times(tuple(found))
