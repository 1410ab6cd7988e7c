"""Spreads the segments of one video over the workers of a cluster.

This process reads the source once, ahead of the workers, and so knows where each
segment begins; it alone writes the journal, in order.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from videnhance.cluster.client import Call, Cluster
from videnhance.cluster.compat import pickled_call
from videnhance.cluster.messages import (
    Outcome,
    SegmentOrder,
    SegmentResult,
    SourceMissing,
    TaskContext,
    WorkerProgress,
)
from videnhance.cluster.worker import make_segment
from videnhance.conversion.journal import Segment
from videnhance.conversion.segments import ResumePoints, SegmentedWriter
from videnhance.errors import (
    ClusterError,
    InputError,
    VidenhanceError,
    printable,
    reading,
)
from videnhance.frame import Frame
from videnhance.media.encoder.video_encoder import ticks_of
from videnhance.media.output.output_file import write_failure
from videnhance.media.source import ResumePoint
from videnhance.media.stills.series import is_series
from videnhance.system.disk import sync

__all__ = ["LARGEST_SENT", "Beginning", "Coordinator", "SourceUpload"]

LARGEST_SENT = 256 << 20
"""Bytes. A larger source needs storage that all machines share."""
_MOST_LOSSES = 4
"""Times that the cluster may lose a task, each with the worker that had it."""

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 0.03


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where the work begins, and how the output counts time."""

    mark: ResumePoint
    last_pts: int | None
    """The time of the frame before, in ticks of the output."""
    time_base: Fraction
    """Of the output, in seconds."""
    zero: Fraction
    """The time of the source, in seconds, that becomes 0."""


@dataclass(frozen=True, slots=True)
class _End:
    """How a segment ends, as this process has read it."""

    frames: int
    tail: tuple[tuple[int, int], ...]
    counts: Mapping[str, int]


@dataclass(slots=True)
class _Asked:
    """A segment that was asked for."""

    order: SegmentOrder
    call: Call
    losses: int = 0
    made: SegmentResult | None = None
    failure: InputError | None = None
    end: _End | None = None

    @property
    def is_done(self) -> bool:
        return self.made is not None or self.failure is not None


class Coordinator:
    """Segments asked for, and entered as they come back."""

    def __init__(
        self,
        cluster: Cluster,
        context: TaskContext,
        writer: SegmentedWriter,
        progress: WorkerProgress,
    ) -> None:
        self._cluster, self._context = cluster, context
        self._writer, self._progress = writer, progress
        self._length = context.job.settings.segment_frames
        self._upload = SourceUpload(cluster, context.job.source)
        self._asked: dict[int, _Asked] = {}
        """By number; those that are entered are gone."""
        self._looked = 0.0

    def run(
        self, frames: Iterator[Frame], points: ResumePoints, beginning: Beginning
    ) -> None:
        """Has all segments made of these frames, and enters them.

        Raises ClusterError, and what reading and making raise: after an error of the
        source, what was read whole is made first.
        """
        try:
            try:
                self._ask_for_all(frames, points, beginning=beginning)
            except InputError:
                ended = [n for n, asked in self._asked.items() if asked.end]
                self._wait_while(lambda: any(n in self._asked for n in ended))
                raise
            self._wait_while(lambda: bool(self._asked))
        finally:
            # While the folder that they write into is still there.
            self._cluster.call_off()

    def _ask_for_all(
        self, frames: Iterator[Frame], points: ResumePoints, *, beginning: Beginning
    ) -> None:
        mark, last_pts, count = beginning.mark, beginning.last_pts, 0
        base, zero = beginning.time_base, beginning.zero
        index = mark.frames - 1
        for frame in points.noted(frames):
            index, count = frame.index, frame.index % self._length + 1
            if count == 1:
                self._wait_while(self._is_full)
                self._ask(SegmentOrder(index // self._length, mark, last_pts))
            last_pts = ticks_of(frame, base, zero=zero, last_pts=last_pts)
            if count == self._length:
                mark = self._ended(index, count, points)
            self._look()
        if 0 < count < self._length:
            self._ended(index, count, points)

    def _ended(self, index: int, count: int, points: ResumePoints) -> ResumePoint:
        """Notes how a segment of so many frames ends; gives where the next begins."""
        end = _End(count, points.until(index, count), points.counts(index))
        self._asked[index // self._length].end = end
        return ResumePoint(index + 1, end.tail)

    def _ask(self, order: SegmentOrder) -> None:
        self._asked[order.number] = _Asked(order, self._call(order, 0))

    def _call(self, order: SegmentOrder, again: int) -> Call:
        context, number = self._context, order.number
        return self._cluster.submit(
            pickled_call(make_segment, context, order),
            self._upload.sent,
            key=f"videnhance_segment-{context.run}-{number:06d}-{again}",
            # The journal takes them in order.
            priority=-number,
        )

    def _is_full(self) -> bool:
        """Whether enough is asked for to keep every worker busy."""
        slots = self._cluster.slots()
        waiting = sum(not asked.is_done for asked in self._asked.values())
        return waiting >= slots + max(slots // 2, 2)

    def _wait_while(self, condition: Callable[[], bool]) -> None:
        while condition():
            self._cluster.slots()  # says if nobody is left to wait for
            self._look()
            time.sleep(_LOOK_SECONDS)

    def _look(self) -> None:
        """Takes what has come since; costs nothing if it was just done."""
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        for words in self._cluster.told():
            self._progress.heard(words)
        for asked in list(self._asked.values()):
            if not asked.is_done and asked.call.done():
                self._take(asked)
            while self._asked and self._entered(next(iter(self._asked))):
                pass

    def _take(self, asked: _Asked) -> None:
        """Looks at what a task gave; asks again for what was lost or not seen."""
        outcome = self._cluster.result(asked.call)
        if isinstance(outcome, SegmentResult):
            asked.made = replace(outcome, file=self._stored(outcome, asked.order))
            self._progress.made(asked.order.number, outcome)
            return
        if isinstance(outcome, InputError):
            asked.failure = outcome  # what comes before it is entered first
            return
        asked.losses += 1
        self._upload.answer(outcome, asked.losses)
        asked.call = self._call(asked.order, asked.losses)

    def _stored(self, outcome: SegmentResult, order: SegmentOrder) -> Path:
        """The file of the packets in the folder of unfinished work."""
        if isinstance(outcome.file, Path):
            return outcome.file
        path = self._context.token.with_name(f"{order.number:06d}-came.part")
        try:
            path.write_bytes(outcome.file)
            with path.open("rb+") as file:
                sync(file.fileno())
        except OSError as error:
            raise write_failure(self._context.job.target, error) from error
        return path

    def _entered(self, number: int) -> bool:
        """Enters a segment in the journal, if it is there and known to be right."""
        asked = self._asked[number]
        if asked.failure is not None:
            raise asked.failure
        if asked.made is None or asked.end is None:
            return False
        assert isinstance(asked.made.file, Path)
        segment = _agreed(asked.made, asked.end, source=self._context.job.source)
        self._writer.add(asked.made.file, segment)
        del self._asked[number]
        return True


def _agreed(made: SegmentResult, end: _End, *, source: Path) -> Segment:
    """The segment as the journal takes it. Raises ClusterError if the worker has read
    other frames than this process.
    """
    found = made.segment
    same = found.tail == end.tail
    if not same and any(end.counts.values()):
        # What a decoder puts in place of damage is not the same every time.
        same = [pts for pts, _ in found.tail] == [pts for pts, _ in end.tail]
    if found.frames != end.frames or not same:
        raise ClusterError(
            f"the worker {made.worker} reads other frames of {printable(source)} than "
            "this machine: leave it out, or convert without --cluster"
        )
    return replace(found, tail=end.tail, counts=end.counts)


class SourceUpload:
    """A source that is sent as soon as a worker turns out not to see it."""

    def __init__(self, cluster: Cluster, source: Path) -> None:
        self.sent: Call | None = None
        """What goes with each task; None as long as nobody needs it."""
        self._cluster, self._source = cluster, source

    def answer(self, outcome: Outcome | None, losses: int) -> None:
        """Makes ready for asking again, after what a task gave, or that it was lost.

        Raises what the task failed with, and ClusterError if it cannot be done here.
        """
        if isinstance(outcome, VidenhanceError):
            raise outcome
        if isinstance(outcome, SourceMissing):
            self._load(outcome.worker)
        elif losses > _MOST_LOSSES:
            raise ClusterError(
                f"{printable(self._source)}: a part of the work was lost {losses} "
                "times with the worker that had it: look into the workers' logs"
            )
        elif self.sent is not None and self.sent.status != "finished":
            self.sent = None
            self._load("that was lost")

    def _load(self, worker: str) -> None:
        """Sends the source, unless it is under way already, for this worker needs it.

        Raises ClusterError if it is too large for that, or no single file.
        """
        if self.sent is not None:
            return
        name = f"{printable(self._source)}: the worker {worker} does not see it"
        advice = "put it where all machines have it under this name"
        if is_series(self._source):
            raise ClusterError(f"{name}, and many pictures are not sent; {advice}")
        with reading(self._source):
            size = self._source.stat().st_size
            if size > LARGEST_SENT:
                raise ClusterError(
                    f"{name}, and of more than {LARGEST_SENT >> 20} MB nothing is sent "
                    f"({size >> 20} MB); {advice}"
                )
            self.sent = self._cluster.sent(self._source.read_bytes())
        _LOG.info("%s: it is sent through the cluster (%d bytes)", name, size)
