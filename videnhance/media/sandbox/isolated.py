"""A video decoded in a child process: what it does to its decoder cannot reach here.

The child opens and decodes under limits of memory and time; planes come over shared
memory (through the pipe where the system has none that can be sealed), everything else
as JSON. The file can kill the child, or make it send anything: so every number is
checked before it is used.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from videnhance.errors import (
    DecoderCrashError,
    InputError,
    UsageError,
    VidenhanceError,
    counted,
    printable,
)
from videnhance.frame import Frame, Plane, VideoInfo
from videnhance.media.protocols import OpenReader
from videnhance.media.sandbox.ipc import (
    Child,
    ChildError,
    ChildLostError,
    EndedError,
    SilentError,
)
from videnhance.media.sandbox.messages import (
    Failed,
    Found,
    Go,
    Next,
    Opened,
    OpenFile,
    OtherStreams,
    Ready,
    Tried,
    check_info,
    check_moment,
)
from videnhance.media.sandbox.serialize import SerializeError
from videnhance.media.sandbox.shared_memory import SharedMemory, planes_in
from videnhance.media.source import Reading, ResumePoint, Span, check_readable
from videnhance.media.times.timeline import Timeline, timeline_of
from videnhance.system.limits import Limits, check_pixels

__all__ = ["IsolatedReader", "probed_safely"]

_LONGEST_WORDS = 2000
_SEARCH_SECONDS = 3600.0
"""A file without an index is decoded from its start to find a place again."""


@dataclass(frozen=True, slots=True)
class _Beside:
    """What else is done while a file is opened."""

    others: OtherStreams | None = None
    """By the child: what a conversion does with the other streams is tried."""
    meanwhile: Callable[[], object] = lambda: None
    """Here, before the child's answer is waited for."""


class IsolatedReader(OpenReader):
    """VideoReader's face; opening and decoding happen in a child process.

    Raises what VideoReader raises, and DecoderCrashError if the child dies or hangs: in
    the midst of the frames too, after those that were whole.
    """

    def __init__(
        self,
        path: Path,
        span: Span | None = None,
        reading: Reading | None = None,
        limits: Limits | None = None,
        timeline: Timeline | None = None,
        beside: _Beside | None = None,
    ) -> None:
        self.path = path
        self.notices: list[str] = []
        self.damaged_packets = 0
        self.damaged_frames = 0
        self._reading = reading or Reading()
        self._limits = limits or Limits()
        self._spent = False
        self._done = 0
        self._begun = False
        check_readable(path)
        self._timeline = timeline_of(path) if timeline is None else timeline
        with ExitStack() as stack:
            self._shared = SharedMemory()
            stack.callback(self._shared.close)
            lifeline, ours = os.pipe()
            stack.callback(os.close, ours)
            try:
                self._child = Child([lifeline, self._shared.descriptor])
            finally:
                os.close(lifeline)
            stack.callback(self._child.close)
            beside = beside or _Beside()
            self.info = self._opened(span or Span(), lifeline, beside=beside)
            if beside.others is not None:
                self._try(beside.others)
            self._open = stack.pop_all()

    def close(self) -> None:
        """Ends the child; frames already delivered stay valid."""
        self._open.close()

    def _opened(self, span: Span, lifeline: int, *, beside: _Beside) -> VideoInfo:
        order = OpenFile(
            path=os.fsencode(self.path).hex(),
            span=span,
            reading=self._reading,
            timeline=self._timeline,
            memory_bytes=self._limits.memory_bytes,
            shared=self._shared.descriptor,
            lifeline=lifeline if sys.platform != "win32" else -1,
            others=beside.others,
        )
        # Where there is no index, the way to the start is decoded.
        longest = max(self._limits.open_seconds, self._limits.stall_seconds)
        seconds = longest if span.start_seconds else self._limits.open_seconds
        try:
            self._child.say(order)
            beside.meanwhile()
            answer = self._child.hear(seconds, Opened)
            check_info(answer.info)
        except ChildError as error:
            raise self._failure(error.failed) from None
        except (ChildLostError, SerializeError) as error:
            raise DecoderCrashError(
                f"{printable(self.path)} cannot be opened: the process that opens it "
                f"{printable(error)}; the file is damaged, made to do harm, or needs "
                f"more than {self._limits.memory_bytes >> 20} MB"
            ) from error
        if self._reading.limit_pixels is not None:
            check_pixels(self.path, answer.info.size, limit=self._reading.limit_pixels)
        self._take(answer.found)
        return answer.info

    def _try(self, others: OtherStreams) -> None:
        """Waits until the child has done with the other streams what is done here.

        Raises SilentError if that takes too long, which is no harm.
        """
        try:
            self._child.hear(self._limits.open_seconds, Tried)
        except SilentError:
            raise
        except ChildError as error:
            raise self._failure(error.failed) from None
        except (ChildLostError, SerializeError) as error:
            sound = ", first without the sound (--no-audio)" if others.audio else ""
            raise DecoderCrashError(
                f"{printable(self.path)}: the process that tried to copy its sound and "
                f"other streams to {others.container} {printable(error)}; they are "
                f"damaged or made to do harm: try another container{sound}"
            ) from error

    def resume_after(self, mark: ResumePoint) -> None:
        """Lets the iteration begin after the mark, its frames as they would have been.

        Raises InputError if the frames before the mark are not the ones it remembers.
        """
        self._begin(mark)
        self._done = mark.frames

    def __iter__(self) -> Iterator[Frame]:
        if self._spent:
            raise RuntimeError("a reader is iterated once: open the file again")
        self._spent = True
        if not self._begun:
            self._begin(None)
        try:
            for frame in self._delivered():
                self._done = frame.index + 1
                yield frame
        except ChildError as error:
            raise self._failure(error.failed) from None
        except (ChildLostError, SerializeError) as error:
            raise self._crash(error) from error

    def _begin(self, mark: ResumePoint | None) -> None:
        self._begun = True
        sizes = self.info.layout.plane_sizes(self.info.size)
        deep = 1 if self.info.layout.depth == 8 else 2
        self._frame_bytes = deep * sum(size.area for size in sizes)
        try:
            self._shared.open(self._frame_bytes)
            slots, slot_bytes = self._shared.slots, self._shared.slot_bytes
            memory = self._limits.memory_for(self._frame_bytes, slots)
            self._child.say(Go(mark, memory, slots, slot_bytes))
            self._take(self._child.hear(_SEARCH_SECONDS, Ready).found)
        except ChildError as error:
            raise self._failure(error.failed) from None
        except (ChildLostError, OSError) as error:
            raise self._crash(error) from error

    def _delivered(self) -> Iterator[Frame]:
        first, last = self._done, None
        while True:
            answer = self._child.hear(self._limits.stall_seconds, Next)
            self._take(answer.found)
            if answer.moment is None:
                return
            index = self._done
            check_moment(answer.moment, index, last=last)
            frame = Frame(
                index=index,
                pts=answer.moment.pts,
                time_base=self.info.time_base,
                layout=self.info.layout,
                tags=answer.moment.tags,
                planes=self._planes(index - first),
                duration=answer.moment.duration,
                user_data=answer.moment.user_data,
            )
            self._child.give_back()
            last = answer.moment.pts
            yield frame

    def _planes(self, slot: int) -> tuple[Plane, ...]:
        memory = self._shared.slot(slot)
        if memory is None:
            seconds = self._limits.stall_seconds
            memory = memoryview(self._child.hear_bytes(seconds, self._frame_bytes))
        return planes_in(memory, self.info.layout, size=self.info.size)

    def _take(self, found: Found) -> None:
        for words in found.notices:
            if words not in self.notices:
                self.notices.append(printable(words)[:_LONGEST_WORDS])
        self.damaged_packets = found.damaged_packets
        self.damaged_frames = found.damaged_frames

    def _failure(self, failed: Failed) -> VidenhanceError:
        """The child's own error, made here."""
        words = printable(failed.words)[:_LONGEST_WORDS]
        if failed.kind == "UsageError":
            return UsageError(words)
        if failed.kind == "InputError":
            return InputError(words, cause_stays=failed.cause_stays)
        name, limit = printable(self.path), self._limits.memory_bytes >> 20
        if failed.kind == "MemoryError":
            return InputError(
                f"{name} needs more memory to decode than the {limit} MB it may take; "
                "do not open this file, or decode it without --isolate",
                cause_stays=True,
            )
        return DecoderCrashError(
            f"{name} cannot be decoded ({words})", cause_stays=True
        )

    def _crash(self, error: Exception) -> DecoderCrashError:
        crash = DecoderCrashError(
            f"{printable(self.path)}: the process that decodes it {printable(error)} "
            f"after {counted(self._done, 'frame')}; the file is damaged there or made "
            "to do harm"
        )
        crash.after_frames = self._done
        crash.by_the_file = not isinstance(error, EndedError)
        crash.cause_stays = crash.by_the_file
        return crash


def probed_safely(
    path: Path,
    reading: Reading | None = None,
    timeline: Timeline | None = None,
    others: OtherStreams | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> VideoInfo:
    """What is known of a file after its first frame, decoded in a child process.

    Without a `timeline`, times are as the file has them. With `others`, the child tries
    what a conversion does with the other streams; `meanwhile` is called while it works.
    Raises InputError if it is no video, and DecoderCrashError if it kills its decoder.
    """
    plain, beside = timeline or Timeline(), _Beside(others, meanwhile)
    with IsolatedReader(path, None, reading, None, plain, beside) as reader:
        return reader.info
