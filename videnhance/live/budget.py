"""How large pictures become: twice their size where the machine keeps up with that."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import sqrt

import numpy as np

from videnhance.frame import ColourTags, Frame, VideoInfo
from videnhance.frame.geometry import Region, Size
from videnhance.live.captured import TICKS, YUV420, CapturedFrame, LiveSource, Trouble
from videnhance.media.encoder.rescale import Rescaler
from videnhance.pipeline.enhance import Settings
from videnhance.pipeline.output_size import Target
from videnhance.pipeline.plan import nothing
from videnhance.pipeline.ration import Cost, Ration
from videnhance.pipeline.single_frame import FrameEnhancer
from videnhance.pipeline.upscaler import Bicubic
from videnhance.system.latest import Wait
from videnhance.system.threads import Pool

__all__ = ["Enlargement", "Reduced", "affordable_area", "shape_of"]

_SAMPLE = Size(320, 192)
_RUNS = 5
_USUAL_RATE = 30.0
_SHARE = 0.35
"""Of the time between two pictures for what must be done even without the network: the
window needs as much again, and another program may take half of the machine."""
_SMALLEST = 640 * 480
"""Pixels that are always doubled at first: a machine that is busy as it starts may not
be so for long."""
_USED = 0.8
"""Of the time between two pictures, above which one is late; as a `Budget` has it."""
_LATE_FRAMES = 45
"""Late ones, although the network sees nothing, until the size is no longer doubled."""
_IDLE = 0.4
"""Of the time between two pictures: what whole frames may take where there is room for
twice the size."""
_IDLE_FRAMES, _MOST_IDLE_FRAMES = 600, 20_000
"""Frames that took no longer, until it is tried; twice as many after each in vain."""


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
class Enlargement:
    """Chooses between twice the size of the source and its own.

    At its own size all pixels of the source stay, and the network makes them better
    where there is time for it.
    """

    wanted: int = 2
    """What the user has chosen, or would like."""
    area: int | None = None
    """Pixels of a frame that can be doubled in time; None: it is always as wanted."""
    grows: bool = True
    """Whether twice the size may be tried again: not while a recording has a size."""
    _late: int = 0
    _idle: int = 0
    _patience: int = _IDLE_FRAMES

    def scale(self, size: Size) -> int:
        """For frames of this size."""
        if self.area is None or size.area <= self.area:
            return self.wanted
        return 1

    def words(self, scale: int) -> str:
        """Which size it is and why."""
        if self.area is None:
            return f"{_SIZES.get(scale, f'{scale} times the size')}, as chosen"
        if scale == self.wanted:
            return "twice the size: there is time for it"
        return "the source's own size: twice takes too long here"

    def learn(
        self, size: Size, cost: Cost, *, ration: Ration | None, interval: float
    ) -> None:
        """Takes in what a frame took that is followed by another after `interval`."""
        if self.area is None or self.wanted == 1:
            return
        if size.area > self.area:
            is_idle = not cost.left and cost.seconds < _IDLE * interval
            self._idle = self._idle + 1 if is_idle and self.grows else 0
            if self._idle > self._patience:
                self.area, self._idle = size.area, 0
            return
        sheds = ration is not None and (ration.cells > 0 or ration.moves)
        is_late = not sheds and cost.seconds > _USED * interval
        self._late = self._late + 1 if is_late else max(self._late - 1, 0)
        if self._late > _LATE_FRAMES:
            self.area, self._late = size.area - 1, 0
            self._patience = min(2 * self._patience, _MOST_IDLE_FRAMES)


_SIZES = {1: "the source's own size", 2: "twice the size"}


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
