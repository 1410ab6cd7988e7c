"""A window without a screen, and a source that is all ready."""

from collections.abc import Callable, Iterator, Sequence

from videnhance.frame import Frame, Pixels, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.live.captured import CapturedFrame, Trouble, live_info
from videnhance.live.window import Mouse, Pressed
from videnhance.system.latest import Wait

__all__ = ["FakeWindow", "ReadySource"]

Event = Pressed | Mouse


class FakeWindow:
    """Keeps what it is shown; `script` says what the user does at each showing.

    It closes as soon as `until` is true, which is asked at each turn of the loop.
    """

    def __init__(
        self, script: Sequence[Sequence[Event]] = (), size: Size | None = None
    ) -> None:
        self.shown: list[Pixels] = []
        self.until: Callable[[], bool] = lambda: False
        self.size = size or Size(320, 200)
        self.is_open = True
        self.full = False
        self.script = list(map(list, script))

    def show(self, canvas: Pixels | None) -> list[Event]:
        """Keeps the pixels; the script goes on when there are new ones."""
        self.is_open = self.is_open and not self.until()
        if canvas is None:
            return []
        self.shown.append(canvas)
        return self.script.pop(0) if self.script else []

    def toggle_full_screen(self) -> None:
        """Notes it."""
        self.full = not self.full


class ReadySource:
    """A live source of these frames, each when it is asked for; then it stays."""

    def __init__(
        self,
        frames: Sequence[Frame | Trouble],
        clock: Callable[[], float],
        ends: bool = False,
    ) -> None:
        self.name = "ready"
        first = next(f for f in frames if isinstance(f, Frame))
        self.info: VideoInfo | None = live_info(first.size, first.time_base * 0)
        self._frames, self._clock, self._ends = frames, clock, ends

    def captures(self, wait: Wait) -> Iterator[CapturedFrame | Trouble]:
        """One every 20 ms."""
        for number, frame in enumerate(self._frames):
            if isinstance(frame, Trouble):
                yield frame
            else:
                yield CapturedFrame(frame, self._clock(), number)
            if wait(0.02):
                return
        while not self._ends and not wait(0.02):
            pass
