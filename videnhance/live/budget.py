"""How much of a frame the network may see so that the source's rate is held.

Nothing is known of the machine, or of what else runs on it: the ration grows while
frames are ready in time, and shrinks as soon as they are not. A network that sees the
whole frame is worth most, so that is tried now and then, without motion. Where there is
no time for it, motion comes before the network: it keeps what the network has seen, for
all cells. Where there is time for both, there is both.
"""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction
from math import sqrt
from statistics import median

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

__all__ = ["Budget", "Cost", "Mode", "Ration", "Reduced", "affordable_area"]

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


_USED = 0.8
"""Of the time between two pictures; the rest is for what cannot be foreseen."""
_FIRST_CELLS = 2.0
_MORE, _AND_MORE = 1.04, 0.4
"""How a ration grows with each frame that was ready in time."""
_STEPS = 4.0
"""How cells grow on the way to all of them."""
_HOPELESS = 3.0
"""Times the usable time: one such frame is enough to give up whole frames."""
_LEAST = 0.25
"""What is left of a ration at least when frames are late."""
_ROOM = 0.7
"""Share of the usable time up to which whole frames leave time for motion, too."""
_SEEN = 5
"""Frames that are looked at: one that the system held up tells nothing."""
_ENOUGH = 3
_PATIENCE = {"motion": (30, 300), "whole": (150, 4800), "both": (60, 4800)}
"""Frames until something is tried again; twice as many after each time in vain."""


class Mode(Enum):
    """What a frame's time is spent on."""

    ALONE = "alone"
    """The network on all cells, without motion."""
    MIXED = "mixed"
    """Motion, and the network on a ration of the cells, or on all of them."""
    SPARSE = "sparse"
    """The network on a ration: there is no time even for motion."""


@dataclass(frozen=True, slots=True)
class Ration:
    """What one frame may have."""

    cells: int
    """Of the network."""
    moves: bool
    """Whether there is time to move the last residual along."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one frame took."""

    cells: int
    """That the network saw."""
    seconds: float
    """On the clock."""
    left: int = 0
    """Cells that the network would have improved and did not see."""


class _Patience:
    """How long to wait before something is tried again."""

    def __init__(self, what: str) -> None:
        self._first, self._longest = _PATIENCE[what]
        self.frames = self._first

    def failed(self) -> None:
        """It was in vain: longer the next time."""
        self.frames = min(2 * self.frames, self._longest)

    def lasted(self) -> None:
        """It went well for a while."""
        self.frames = self._first


@dataclass(slots=True)
class Budget:
    """Shares out the time between two pictures."""

    cells: float = _FIRST_CELLS
    mode: Mode = Mode.MIXED
    _seconds: deque[float] = field(default_factory=lambda: deque(maxlen=_SEEN))
    _frames: int = 0
    """In this mode."""
    _since_whole: int = 0
    """Frames since whole ones were given up, or since the start."""
    _for_motion: _Patience = field(default_factory=lambda: _Patience("motion"))
    _for_whole: _Patience = field(default_factory=lambda: _Patience("whole"))
    _for_both: _Patience = field(default_factory=lambda: _Patience("both"))
    _was_whole: bool = False
    """Motion was added to whole frames."""

    @property
    def ration(self) -> Ration:
        """What the next frame may have."""
        return Ration(int(self.cells), self.mode is Mode.MIXED)

    def learn(self, cost: Cost, interval: float) -> None:
        """Takes in what a frame took, if the next comes `interval` seconds after it."""
        self._seconds.append(cost.seconds)
        self._frames += 1
        self._since_whole += 1
        usual, goal = median(self._seconds), _USED * interval
        hopeless = self.mode is Mode.ALONE and cost.seconds > _HOPELESS * goal
        if self.mode is Mode.ALONE and cost.left and not hopeless:
            self.cells *= _STEPS
            self._seconds.clear()  # what was before says nothing of the larger ration
        elif usual > goal or hopeless:
            if hopeless or len(self._seconds) >= _ENOUGH:
                self._shrink(goal / usual)
        elif self.mode is Mode.SPARSE and not cost.left:
            self.mode = Mode.ALONE  # it has come there by small steps
        elif self.mode is Mode.ALONE:
            # There may be time for motion, too.
            if usual < _ROOM * goal and self._frames > self._for_both.frames:
                self._was_whole = True
                self._switch(Mode.MIXED, self.cells)
        elif cost.left:
            self._grow(cost)

    def _grow(self, cost: Cost) -> None:
        if self._since_whole > self._for_whole.frames:
            self._switch(Mode.ALONE, _FIRST_CELLS)
        elif self.mode is Mode.SPARSE and self._frames > self._for_motion.frames:
            self._switch(Mode.MIXED, 0.0)
        elif cost.cells >= int(self.cells):
            self.cells = self.cells * _MORE + _AND_MORE

    def _shrink(self, share: float) -> None:
        if self.mode is Mode.ALONE:
            lasted = self._frames > _PATIENCE["whole"][0]
            self._for_whole.lasted() if lasted else self._for_whole.failed()
            self._since_whole = 0
            self._switch(Mode.MIXED, 0.0)
        elif self.mode is Mode.MIXED and self._was_whole:
            self._for_both.failed()
            self._switch(Mode.ALONE, self.cells)
        elif self.mode is Mode.MIXED and self.cells < 1:
            lasted = self._frames > _PATIENCE["motion"][0]
            self._for_motion.lasted() if lasted else self._for_motion.failed()
            self._switch(Mode.SPARSE, 0.0)
        else:
            self.cells *= max(share, _LEAST)
        self._seconds.clear()  # what was before says nothing of the smaller ration

    def _switch(self, mode: Mode, cells: float) -> None:
        self._was_whole = mode is Mode.MIXED and self._was_whole
        self.mode, self.cells, self._frames = mode, cells, 0
        self._seconds.clear()
