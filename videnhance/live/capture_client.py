"""A camera or a stream, captured by a child process and taken up again when it is lost.

A capture that blocks, crashes or repeats itself is the child's affair: here every wait
has an end. What the child says is checked before it is used.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from videnhance.errors import InputError, printable
from videnhance.frame import Frame, Plane, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.live.captured import (
    ENDED,
    TICKS,
    YUV420,
    CapturedFrame,
    CaptureKind,
    CaptureOrder,
    Picture,
    Ticker,
    Trouble,
    live_info,
)
from videnhance.media.sandbox.ipc import (
    Child,
    ChildError,
    ChildLostError,
    SilentError,
    child_command,
)
from videnhance.system.latest import Wait
from videnhance.system.limits import LIMIT_PIXELS

__all__ = ["CAPTURE", "CaptureClient", "Patience"]

CAPTURE = tuple(child_command("videnhance.live.capture"))
"""The command that starts a capturing child."""
_MORE = 1.5
"""Times the patience of the attempt before: a camera that needs long gets it."""
_STEP_SECONDS = 0.1
"""How often a wait looks whether it is still wanted."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a source may take, in seconds."""

    opening: float = 12.0
    """To its first picture of all."""
    reopening: float = 2.0
    """To its first picture after a loss; more with each attempt, up to `opening`."""
    stalling: float = 1.5
    """Between two pictures."""
    retrying: float = 0.5
    """Before the next attempt."""

    def for_attempt(self, number: int) -> float:
        """To the first picture; attempt 0 is the first opening of all."""
        if not number:
            return self.opening
        return min(self.reopening * _MORE ** (number - 1), self.opening)


class _Closing(Exception):
    """Nobody wants any more."""


class _Ended(Exception):
    """A stream with an end has come to it."""


class _Lost(Exception):
    """The capture gives no more pictures; in words."""


class CaptureClient:
    """A LiveSource: a camera or a stream, from as many children as it takes.

    The first opening must succeed, or InputError is raised; later losses are Troubles.
    """

    def __init__(
        self,
        order: CaptureOrder,
        name: str,
        patience: Patience | None = None,
        loop: bool = False,
        command: Callable[[], list[str]] = lambda: list(CAPTURE),
    ) -> None:
        self.name = printable(name)
        self.info: VideoInfo | None = None
        self.order, self._command, self._loop = order, command, loop
        self._patience = patience or Patience()
        self._number = self._attempt = self._run = 0
        self._ticker = Ticker()

    def captures(self, wait: Wait) -> Iterator[CapturedFrame | Trouble]:
        """The pictures as they come."""
        try:
            while True:
                try:
                    with self._child() as link:
                        yield from self._captured(link, wait)
                except _Lost as error:
                    if self.info is None:
                        raise InputError(f"{self.name} {error}") from None
                    words = f"{self.name} {error}; trying again"
                    yield Trouble(words)
                    if wait(self._patience.retrying):
                        return
                except _Ended:
                    if not self._loop:
                        return
        except _Closing:
            return

    @contextmanager
    def _child(self) -> Iterator[Child]:
        with ExitStack() as stack:
            lifeline, ours = os.pipe()
            stack.callback(os.close, ours)
            try:
                link = Child([lifeline], self._command())
            finally:
                os.close(lifeline)
            stack.callback(link.close)
            number = lifeline if os.name == "posix" else -1
            link.say(replace(self.order, lifeline=number))
            yield link

    def _captured(self, link: Child, wait: Wait) -> Iterator[CapturedFrame]:
        patience = self._patience.for_attempt(self._attempt)
        self._attempt, self._run = self._attempt + 1, self._run + 1
        while True:
            picture = self._heard(link, wait, seconds=patience)
            size = self._checked(picture)
            read = _Bytes(link, wait, self._patience.stalling)
            planes = read.planes(size)
            self.info = self.info or live_info(
                size, picture.rate, tags=picture.tags, aspect=picture.aspect
            )
            yield self._capture(picture, planes)
            patience, self._attempt = self._patience.stalling, 1

    def _heard(self, link: Child, wait: Wait, *, seconds: float) -> Picture:
        """The next picture's head, waited for in steps."""
        until = time.monotonic() + seconds
        while True:
            if wait(0):
                raise _Closing
            try:
                return link.hear(_STEP_SECONDS, Picture)
            except ChildError as error:
                if error.failed.kind == ENDED:
                    raise _Ended from None
                raise _Lost(printable(error.failed.words)[:300]) from None
            except SilentError:
                if time.monotonic() > until:
                    raise _Lost(self._silence(seconds)) from None
            except ChildLostError as error:
                raise _Lost(f"cannot be read: its process {error}") from None

    def _silence(self, seconds: float) -> str:
        place = self.order.place
        if place.isdecimal():
            place = f"/dev/video{place}" if os.name == "posix" else ""
        is_camera = self.order.kind is CaptureKind.CAMERA
        if is_camera and place.startswith("/dev/") and not Path(place).exists():
            return "is unplugged"
        return f"has given no picture for {seconds:g} s"

    def _checked(self, picture: Picture) -> Size:
        width, height = picture.width, picture.height
        if min(width, height) < 1 or width * height > LIMIT_PIXELS:
            raise _Lost(f"gives pictures of an impossible size, {width}x{height}")
        return Size(width, height)

    def _capture(self, picture: Picture, planes: tuple[Plane, ...]) -> CapturedFrame:
        # No picture comes from the future, whatever the child says.
        captured = min(picture.captured, time.monotonic())
        number, self._number = self._number, self._number + 1
        frame = Frame(
            index=number,
            pts=self._ticker(captured),
            time_base=TICKS,
            layout=YUV420,
            tags=picture.tags,
            planes=planes,
        )
        return CapturedFrame(frame, captured, number, run=self._run)


@dataclass(frozen=True, slots=True)
class _Bytes:
    """The planes that follow a picture's head."""

    link: Child
    wait: Wait
    seconds: float

    def planes(self, size: Size) -> tuple[Plane, ...]:
        sizes = YUV420.plane_sizes(size)
        data = self._taken(sum(s.area for s in sizes))
        planes, start = [], 0
        for part in sizes:
            flat = np.frombuffer(data, np.uint8, part.area, start)
            planes.append(flat.reshape(part.height, part.width))
            start += part.area
        return tuple(planes)

    def _taken(self, count: int) -> bytes:
        until = time.monotonic() + self.seconds
        while True:
            try:
                return self.link.hear_bytes(_STEP_SECONDS, count)
            except SilentError:
                if self.wait(0):
                    raise _Closing from None
                if time.monotonic() > until:
                    raise _Lost("has stopped in the middle of a picture") from None
            except ChildLostError as error:
                raise _Lost(f"cannot be read: its process {error}") from None
