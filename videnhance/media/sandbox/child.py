"""The program of the child that opens and decodes a file for `isolated`.

It says what it finds in lines of JSON on its standard output, puts the planes into
memory that it shares with the parent, and reads its orders from standard input.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

import av
import numpy as np

import videnhance
from videnhance.errors import UsageError, VidenhanceError
from videnhance.frame import Frame
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.sandbox.confine import (
    confine,
    end_with_parent,
    limit_memory,
    only_reading,
)
from videnhance.media.sandbox.messages import (
    LONGEST_LINE,
    Failed,
    Found,
    Go,
    Moment,
    Next,
    Opened,
    OpenFile,
    Ready,
    Tried,
    decoded,
    encoded,
)
from videnhance.media.sandbox.shared_memory import SlotWriter
from videnhance.media.source import Source
from videnhance.media.streams.other_streams import try_copies

__all__ = ["main", "serve", "speak"]

M = TypeVar("M")

# PyAV imports parts of itself when they are first needed.
_LIBRARIES = (
    Path(os.__file__).parent,
    Path(av.__file__).parent.parent,
    Path(np.__file__).parent.parent,
    Path(videnhance.__file__).parent,
)


class _Dismissed(Exception):
    """The parent wants no more."""


class _Talk:
    """The child's two pipes, and what of the reader's findings is told already."""

    def __init__(self, orders: BinaryIO, out: BinaryIO) -> None:
        self._orders = orders
        self._out = out
        self._told = 0
        self._taken = 0

    def say(self, message: object, *planes: bytes) -> None:
        for part in (encoded(message), *planes):
            self._out.write(part)
        self._out.flush()

    def hear(self, kind: type[M]) -> M:
        line = self._orders.readline(LONGEST_LINE)
        if not line:
            raise _Dismissed
        message = decoded(line, kind)
        assert not isinstance(message, Failed)
        return message

    def found(self, reader: VideoReader) -> Found:
        new = reader.notices[self._told :]
        self._told += len(new)
        return Found(tuple(new), reader.damaged_packets, reader.damaged_frames)

    def wait_for_slot(self, slots: int) -> None:
        """The parent copies a picture before it answers: none is overwritten."""
        while self._taken >= slots:
            credits = os.read(self._orders.fileno(), slots)
            if not credits:
                raise _Dismissed
            self._taken -= len(credits)
        self._taken += 1


def serve(orders: BinaryIO, out: BinaryIO) -> None:
    """Opens what the first line orders and delivers its frames until told to stop.

    `orders` must not be buffered.
    """
    talk = _Talk(orders, out)
    try:
        order = talk.hear(OpenFile)
        if order.lifeline >= 0:
            end_with_parent(order.lifeline)
        confine(order.memory_bytes)
        _deliver(order, talk)
    except MemoryError:
        talk.say(Failed("MemoryError", "it needs more memory than it may take"))
    except VidenhanceError as error:
        kind = "UsageError" if isinstance(error, UsageError) else "InputError"
        talk.say(Failed(kind, str(error), error.cause_stays))
    except (BrokenPipeError, _Dismissed):
        return
    except Exception as error:  # told, or the parent knows only that the child ended
        talk.say(Failed("Exception", f"{type(error).__name__}: {error}"))


def _deliver(order: OpenFile, talk: _Talk) -> None:
    path = Path(os.fsdecode(bytes.fromhex(order.path)))
    only_reading(path, _LIBRARIES)
    with VideoReader(path, order.span, order.reading, order.timeline) as reader:
        talk.say(Opened(reader.info, talk.found(reader)))
        if order.others is not None:
            source = Source(path, order.span, order.reading.video_track)
            try_copies(source, order.others.container, audio=order.others.audio)
            talk.say(Tried())
        go = talk.hear(Go)
        limit_memory(go.memory_bytes)
        shared = None
        if order.shared >= 0:
            shared = SlotWriter(order.shared, go.slots, go.slot_bytes)
        if go.mark is not None:
            reader.resume_after(go.mark)
        talk.say(Ready(talk.found(reader)))
        for frame in reader:
            talk.wait_for_slot(go.slots)
            planes = [] if shared else _bytes_of(frame)
            if shared:
                shared.put(frame.planes)
            talk.say(Next(Moment.of(frame), talk.found(reader)), *planes)
        talk.say(Next(None, talk.found(reader)))


def _bytes_of(frame: Frame) -> list[bytes]:
    return [np.ascontiguousarray(plane).tobytes() for plane in frame.planes]


def main() -> None:
    """The program."""
    speak(serve)


def speak(serves: Callable[[BinaryIO, BinaryIO], None]) -> None:
    """Serves on what was standard output; nothing else may be printed there.

    Takes orders from standard input, and ends the process.
    """
    out = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    with (
        suppress(BrokenPipeError),
        os.fdopen(out, "wb") as words,
        os.fdopen(0, "rb", buffering=0) as orders,
    ):
        serves(orders, words)
    # What a library does at its end has crashed before, and all is said.
    os._exit(0)
