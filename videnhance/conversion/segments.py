"""Writes frames as closed segments on disk, and joins them to one file at the end.

A segment is a fixed number of frames, and its encoder makes no other. What is closed
and in the journal is never made again: the same work goes on after it, and gives the
same frames. Joining copies packets; nothing is encoded twice.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from videnhance.conversion.journal import Journal, Segment
from videnhance.errors import OutputError, counted, printable
from videnhance.frame import Frame
from videnhance.frame.geometry import Size
from videnhance.media.output.header import MemoryOutput, OutputPlan
from videnhance.media.output.muxer import Muxer
from videnhance.media.output.output_file import (
    WRITE_ERRORS,
    Committed,
    check_target,
    write_failure,
)
from videnhance.media.output.packets import PacketFile, packet_times, read_packets
from videnhance.media.output.trial_encode import other_bytes_a_second
from videnhance.media.reader.seeking import LONGEST_TAIL, frame_checksum
from videnhance.media.source import AnyPacket
from videnhance.media.streams.actions import StreamPlan
from videnhance.system.disk import free_bytes
from videnhance.system.memory import give_back_freed_memory

__all__ = [
    "ResumePoints",
    "SegmentEncoder",
    "SegmentedWriter",
    "nothing_chosen",
    "segment_length",
]

_WORK = 1500 * 640 * 360
"""Input pixels of a segment: what two cores do in a minute."""
_LONGEST, _SHORTEST = 250, 100
"""Frames. The longest is the distance at which x264 puts key frames by itself; a joint
is one, and many of them make a file larger and a still picture pulse."""

_ROUNDING = 1.1
"""What containers add to the packets, and estimates miss."""
_MARGIN = 1 << 18
"""Bytes for headers and indexes of short files."""


def segment_length(size: Size) -> int:
    """Frames of a segment for a video of this size, before enlargement."""
    return min(max(_WORK // size.area, _SHORTEST), _LONGEST)


def nothing_chosen(index: int) -> Mapping[str, float]:
    """Of a segment that no time budget has anything to do with."""
    del index
    return {}


class ResumePoints:
    """Notes the last source frames of each segment as they pass."""

    def __init__(self, length: int, counts: Callable[[], Mapping[str, int]]) -> None:
        self._length, self._counts = length, counts
        self._marks: dict[int, tuple[int, int]] = {}
        self._damage: dict[int, Mapping[str, int]] = {}

    def noted(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """The same frames."""
        for frame in frames:
            # Which frame is the last of all is known only at the end.
            self._marks[frame.index] = frame.pts, frame_checksum(frame)
            self._forget(frame.index - LONGEST_TAIL)
            if (frame.index + 1) % self._length == 0:
                self._damage[frame.index] = dict(self._counts())
            yield frame

    def _forget(self, index: int) -> None:
        """Drops a mark unless a full segment ends soon after it.

        Those stay until they are asked for: thousands of tiny frames may be under way.
        """
        if index % self._length < self._length - LONGEST_TAIL:
            self._marks.pop(index, None)

    def until(self, index: int, frames: int) -> tuple[tuple[int, int], ...]:
        """Of the segment of this many frames that ends with this one; gives them up."""
        first = index - min(LONGEST_TAIL, frames) + 1
        return tuple(self._marks.pop(n) for n in range(first, index + 1))

    def counts(self, index: int) -> Mapping[str, int]:
        """Damage met until this frame, or until now if it ends no full segment."""
        return self._damage.pop(index, None) or dict(self._counts())


class SegmentEncoder:
    """Encodes a segment to a packet file; what is not `closed` leaves nothing behind.

    `last_pts` is the time of the frame before its first one, in ticks of the output;
    None if there is none. Raises as the encoder and the disk do.
    """

    def __init__(self, plan: OutputPlan, path: Path, last_pts: int | None) -> None:
        # Alone in its trial, the video needs no second look at the source.
        self._trial = MemoryOutput(replace(plan, source=None))
        try:
            self._file = PacketFile(path)
        except BaseException:
            self._trial.close()
            raise
        self._coder = self._trial.coder
        self._coder.last_pts = last_pts

    def __enter__(self) -> "SegmentEncoder":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self._trial.close()
        else:
            self.drop()

    @property
    def path(self) -> Path:
        """The file of the packets."""
        return self._file.path

    @property
    def frames(self) -> int:
        """Frames given to the encoder."""
        return self._coder.frames

    def write(self, frame: Frame) -> None:
        """Encodes a frame. Raises OutputError for one of another size."""
        self._file.write(self._coder.packets(frame))

    def closed(
        self, tail: tuple[tuple[int, int], ...], counts: Mapping[str, int]
    ) -> Segment:
        """Ends the encoder, syncs the file, and gives what the journal says of it."""
        coder, path = self._coder, self.path
        with self._file:
            self._file.write(coder.flush())
        return Segment(
            frames=coder.frames,
            bytes=path.stat().st_size,
            first_pts=coder.first_pts or 0,
            last_pts=coder.last_pts or 0,
            end_pts=coder.end_pts,
            delay=_delay(packet_times(path)),
            tail=tail,
            counts=counts,
        )

    def drop(self) -> None:
        """Leaves nothing of it."""
        self._trial.close()
        self._file.drop()


def _delay(times: list[int]) -> int:
    """Packets that a decoder must be ahead so that none is shown before it is there."""
    rank = {pts: n for n, pts in enumerate(sorted(times))}
    return max((n - rank[pts] for n, pts in enumerate(times)), default=0)


class SegmentedWriter(Committed):
    """An output that is being made in segments; leaving the `with` block without an
    error joins them under its name, and with an error keeps the closed ones.

    Raises UsageError or OutputError at once for what cannot be written.
    """

    def __init__(
        self,
        plan: OutputPlan,
        journal: Journal,
        points: ResumePoints,
        length: int,
        overwrite: bool = False,
        full_check: bool = False,
    ) -> None:
        check_target(
            plan.target, plan.source.path if plan.source else None, overwrite=overwrite
        )
        self.notices = plan.notices
        self.streams: tuple[StreamPlan, ...] = plan.streams
        self.dropped_packets = 0
        self.later_notices: list[str] = []
        self.checks: tuple[str, ...] = ()
        """What was found right in the finished file."""
        self.frames_written = journal.frames
        """Frames given to an encoder, those of earlier runs among them."""
        self.plan, self.journal, self.points = plan, journal, points
        self._length, self._overwrite, self._full = length, overwrite, full_check
        self.chosen: Callable[[int], Mapping[str, float]] = nothing_chosen
        """What was chosen for the segment that ends with a frame."""
        self._open: SegmentEncoder | None = None

    def write(self, frame: Frame) -> None:
        """Encodes a frame. Raises OutputError for another size, or a full disk."""
        try:
            encoder = self._open or self._begun()
            encoder.write(frame)
            self.frames_written += 1
            if (frame.index + 1) % self._length == 0:
                self._close_segment(frame.index)
        except WRITE_ERRORS as error:
            raise write_failure(self.plan.target, error) from error

    def add(self, part: Path, segment: Segment) -> None:
        """Takes the next segment, made elsewhere; its file lies in the same folder.

        Raises OutputError if the disk refuses.
        """
        try:
            self.journal.close_segment(part, segment)
        except OSError as error:
            raise write_failure(self.plan.target, error) from error
        self.frames_written += segment.frames

    def commit(self) -> None:
        """Closes the last segment and joins all of them.

        Raises OutputError if that fails; the segments are kept then.
        """
        try:
            if self._open:
                self._close_segment(self.frames_written - 1)
            if not self.journal.segments:
                name = printable(self.plan.target)
                raise OutputError(f"{name}: there is no frame to write")
            if not self.journal.complete:
                self.journal.close_last()
        except WRITE_ERRORS as error:
            raise write_failure(self.plan.target, error) from error
        finally:
            self.abort()
        try:
            self._join()
        except OSError as error:  # of the segments; a muxer tells its own
            raise write_failure(self.plan.target, error) from error
        self.journal.remove()

    def abort(self) -> None:
        """Drops the segment that is not closed."""
        encoder, self._open = self._open, None
        if encoder is not None:
            encoder.drop()

    def _begun(self) -> SegmentEncoder:
        closed = self.journal.segments
        last_pts = closed[-1].last_pts if closed else None
        self._open = SegmentEncoder(self.plan, self.journal.unfinished(), last_pts)
        return self._open

    def _close_segment(self, index: int) -> None:
        encoder = self._open
        assert encoder
        with encoder:
            tail = self.points.until(index, encoder.frames)
            segment = encoder.closed(tail, self.points.counts(index))
            segment = replace(segment, chosen=self.chosen(index))
            self.journal.close_segment(encoder.path, segment)
        self._open = None

    def _join(self) -> None:
        plan, journal = self.plan, self.journal
        segments = journal.segments
        # A muxer's index of all packets fits in no gap that frames have left.
        give_back_freed_memory()
        journal.clear_parts()
        frugal = self._is_frugal()
        muxer = Muxer(plan, self._overwrite, journal.folder, journal.publishes)
        try:
            base = muxer.coder().time_base
            for packet in self._packets(base, frugal):
                muxer.mux([packet])
            end = segments[-1].end_pts * base
            muxer.complete(self.journal.frames, end, self._full)
            self.checks = muxer.checks
            self.dropped_packets = muxer.dropped_packets
            self.later_notices = muxer.later_notices
        finally:
            muxer.abort()

    def _packets(self, time_base: Fraction, frugal: bool) -> Iterator[AnyPacket]:
        """All packets in order, with decode times that follow from those of display.

        The encoders' own would run back at a joint, where one starts before the other
        has ended. `frugal` removes each segment when it is copied.
        """
        journal = self.journal
        delay = max(segment.delay for segment in journal.segments)
        first = journal.segments[0]
        times = sorted(packet_times(journal.path(0)))
        # By the least distance: demuxers of mp4 trip over a lead as long as a pause.
        steps = [b - a for a, b in pairwise(times)] or [first.end_pts - first.first_pts]
        lead = delay * max(min(steps), 1)
        decoded = deque(
            first.first_pts - lead * n // delay for n in range(delay, 0, -1)
        )
        for number in range(len(journal.segments)):
            path = journal.path(number)
            decoded.extend(sorted(packet_times(path)))
            for packet in read_packets(path, time_base):
                packet.dts = decoded.popleft()
                yield packet
            if frugal:
                path.unlink()

    def _is_frugal(self) -> bool:
        """Whether each segment must go when it is copied, for want of room beside them.

        A crash in these seconds costs its work. Raises OutputError, and removes
        nothing, if there is not even room to copy one.
        """
        sizes = [segment.bytes for segment in self.journal.segments]
        seconds = self.plan.info.duration_seconds or 0.0
        others = round(other_bytes_a_second(self.plan) * seconds)
        free = free_bytes(self.journal.folder)
        if free is None or free >= (sum(sizes) + others) * _ROUNDING + _MARGIN:
            return False
        needed = round((max(sizes) + others) * _ROUNDING) + _MARGIN
        if free < needed:
            raise OutputError(
                f"{printable(self.plan.target)}: no space left to join what is done "
                f"({counted(free, 'byte')} free, {needed} needed): make room, and "
                "repeat the command"
            )
        return True
