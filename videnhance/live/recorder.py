"""What is shown, on its way into a file: with its own times, and never in the way.

Encoding has a thread of its own behind a bounded queue. What the encoder has no time
for is left out and counted; the times of the others stay true.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

from videnhance.frame import Frame, VideoInfo
from videnhance.frame.geometry import Region, Size
from videnhance.live.captured import TICKS, CapturedFrame, Ticker
from videnhance.live.views import fitted
from videnhance.media.containers import container_for, container_named
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.encoder.rescale import Rescaler
from videnhance.media.output.muxer import VideoWriter
from videnhance.media.output.output_file import check_target
from videnhance.media.reader.clock import until_next
from videnhance.media.source import Source, Span
from videnhance.pipeline.output_size import Target
from videnhance.system.latest import Outbox

__all__ = ["Recorder", "Recording", "live_encoding"]

_QUEUE_BYTES = 96 << 20
"""Two seconds of 720p."""
_FAST = "superfast"
"""Of libx264: a sixth less work than its usual preset here, for a larger file."""
_NO_END = 1 << 40
"""Frames: sound is then copied up to the last one, and not to the source's end."""


_UPRIGHT: dict[str, Any] = {
    "sample_aspect_ratio": None,
    "rotation_degrees": 0,
    "mirrored": False,
    "light": None,
    "sphere": None,
    "stereo": None,
    "interlaced": False,
}
"""Of a window's pixels."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What is asked for."""

    target: Path
    encoding: Encoding
    overwrite: bool = False
    sound: Source | None = None
    """Whose sound, and all beside its video, comes along; its times are kept then."""
    view: bool = False
    """What the window shows, words and all, instead of the enhanced picture."""


def live_encoding(target: Path, encoding: Encoding | None = None) -> Encoding:
    """The encoding for a target, fast unless the user chose one. Raises UsageError."""
    container = container_for(target)
    if encoding is None:
        encoding = Encoding(container_named(container).default_codec)
    if encoding.codec == "libx264" and encoding.preset is None:
        return replace(encoding, preset=_FAST)
    return encoding


class Recorder:
    """A file that is being recorded; `close` completes it.

    Raises OutputError or UsageError at once if the target cannot be.
    """

    def __init__(self, recording: Recording, info: VideoInfo) -> None:
        """`info` is of the source."""
        played = recording.sound.path if recording.sound else None
        check_target(recording.target, played, overwrite=recording.overwrite)
        self.target, self.records_view = recording.target, recording.view
        self.frames = 0
        """Given to the encoder, or soon."""
        self.left_out = 0
        """For want of time."""
        self.notices: tuple[str, ...] = ()
        """What the file does not hold: what is known soon after the first frame, and
        what comes up on the way."""
        self._recording, self._info = recording, info
        self._ticker = Ticker()
        self._outbox = Outbox(self._written, _QUEUE_BYTES, "recorder")

    @property
    def is_running(self) -> bool:
        """False once the file is complete, or has failed; `close` tells."""
        return self._outbox.is_running

    def offer(self, capture: CapturedFrame, frame: Frame) -> None:
        """Records the frame that a capture became, if there is time."""
        if self._recording.sound is None:
            frame = self._timed(frame, capture.captured)
        if self._outbox.offer(frame):
            self.frames += 1
        else:
            self.left_out += 1

    def end(self) -> None:
        """Takes no more; `close` need not wait once `is_running` is over."""
        self._outbox.end()

    def close(self) -> None:
        """Completes the file under its name, if there was a frame.

        Raises OutputError if it cannot be completed.
        """
        self._outbox.close()

    def _timed(self, frame: Frame, captured: float) -> Frame:
        """By the clock of the capture, from the first frame."""
        pts = self._ticker(captured)
        return replace(frame, pts=pts, time_base=TICKS, duration=0)

    def _written(self, frames: Iterator[Frame]) -> None:
        # What is left out, or late, is bridged by the frame before it.
        frames = until_next(frames)
        first = next(frames, None)
        if first is None:
            return
        info, source = replace(self._info, layout=first.layout, tags=first.tags), None
        recording = self._recording
        if recording.sound is None:
            info = replace(info, time_base=TICKS, start_seconds=Fraction(0))
        else:
            place = float(first.pts * first.time_base - info.start_seconds)
            span = Span(max(place, 0.0), None, _NO_END)
            source = replace(recording.sound, span=span)
        info = replace(info, duration_seconds=None, frames=None)
        if recording.view:
            info = replace(info, **_UPRIGHT)
        with VideoWriter(
            recording.target,
            info,
            first.size,
            recording.encoding,
            source,
            recording.overwrite,
        ) as writer:
            self.notices = writer.notices
            fit = _Fit(first.size)
            for frame in chain([first], frames):
                writer.write(fit(frame))
        self.notices += tuple(writer.later_notices)


@dataclass(slots=True)
class _Fit:
    """Brings frames of another size into that of the first, on black."""

    size: Size
    _rescaler: Rescaler | None = None

    def __call__(self, frame: Frame) -> Frame:
        if frame.size == self.size:
            return frame
        if self._rescaler is None or self._rescaler.target.source != frame.size:
            self._rescaler = Rescaler(self._target(frame.size))
        return self._rescaler(frame)

    def _target(self, size: Size) -> Target:
        place = fitted(size, Fraction(1), room=Region.of(self.size)).place
        x, y, width, height = (
            side // 2 * 2 for side in (place.x, place.y, place.width, place.height)
        )
        inner = Region(x, y, max(width, 2), max(height, 2))
        return Target(size, 1, Region.of(size), inner, self.size, None)
