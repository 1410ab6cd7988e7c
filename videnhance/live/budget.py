"""How large the pictures may be that are enlarged at the source's rate."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import sqrt

import numpy as np

from videnhance.frame import ColourTags, Frame, VideoInfo
from videnhance.geometry import Region, Size
from videnhance.live.captured import (
    TICKS,
    YUV420,
    CapturedFrame,
    LiveSource,
    Trouble,
)
from videnhance.media.encoder.rescale import Rescaler
from videnhance.pipeline.enhance import Bicubic, Settings
from videnhance.pipeline.output_size import Target
from videnhance.pipeline.plan import nothing
from videnhance.pipeline.single_frame import FrameEnhancer
from videnhance.system.latest import Wait
from videnhance.system.threads import Pool

__all__ = ["Reduced", "affordable_area", "shape_of"]

_SAMPLE = Size(320, 192)
_RUNS = 5
_USUAL_RATE = 30.0
_SHARE = 0.35
"""Of the time between two pictures for what must be done even without the network: the
window needs as much again, and another program may take half of the machine."""
_SMALLEST = 640 * 480
"""Pixels that are always let through: less is not worth enlarging, and a machine that
is busy as it starts may not be so for long."""


def affordable_area(rate: float, pool: Pool | None, *, workers: int) -> int:
    """Pixels of a frame that can be enlarged at `rate` frames a second, as measured.

    A rate of 0 is unknown, and taken for 30. What a frame of half a VGA picture takes
    is measured, the best of five.
    """
    enhancer = FrameEnhancer(Bicubic(), pool, workers)
    random = np.random.default_rng(0)
    best = float("inf")
    for index in range(_RUNS):
        planes = [
            random.integers(16, 235, (size.height, size.width), np.uint8)
            for size in YUV420.plane_sizes(_SAMPLE)
        ]
        frame = Frame(index, index, TICKS, YUV420, ColourTags(), tuple(planes))
        began = time.perf_counter()
        enhancer(frame, Settings(), rule=nothing)
        best = min(best, time.perf_counter() - began)
    return max(int(_SHARE / (rate or _USUAL_RATE) / best * _SAMPLE.area), _SMALLEST)


@dataclass(slots=True)
class Reduced:
    """A LiveSource whose frames have at most `area` pixels; their shape stays."""

    source: LiveSource
    area: int
    _rescalers: dict[Size, Rescaler | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The source's."""
        return self.source.name

    @property
    def info(self) -> VideoInfo | None:
        """The source's, with the size of the frames that come from here."""
        info = self.source.info
        return None if info is None else replace(info, size=self.size(info.size))

    def size(self, size: Size) -> Size:
        """What a frame of this size becomes."""
        if size.area <= self.area:
            return size
        factor = sqrt(self.area / size.area)
        # Whole chroma samples, whatever the layout.
        width, height = (
            max(int(side * factor) // 4 * 4, 4) for side in (size.width, size.height)
        )
        return Size(width, height)

    def captures(self, wait: Wait) -> Iterator[CapturedFrame | Trouble]:
        """The source's, resized in the thread that reads them."""
        for capture in self.source.captures(wait):
            if isinstance(capture, CapturedFrame):
                capture = replace(capture, frame=self._resized(capture.frame))
            yield capture

    def _resized(self, frame: Frame) -> Frame:
        if frame.size not in self._rescalers:
            self._rescalers[frame.size] = self._rescaler(frame.size)
        rescaler = self._rescalers[frame.size]
        return frame if rescaler is None else rescaler(frame)

    def _rescaler(self, size: Size) -> Rescaler | None:
        wanted = self.size(size)
        if wanted == size:
            return None
        whole = Region.of(size), Region.of(wanted)
        return Rescaler(Target(size, 1, *whole, wanted, None))


def shape_of(info: VideoInfo | None) -> Fraction:
    """Width to height of a stored pixel."""
    return (info.sample_aspect_ratio if info else None) or Fraction(1)
