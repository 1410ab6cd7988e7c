"""The loop on the main thread: newest picture in, window drawn, keys obeyed."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from videnhance.frame import Pixels, VideoInfo
from videnhance.live.actions import Actions, help_of
from videnhance.live.budget import shape_of
from videnhance.live.captured import Trouble
from videnhance.live.engine import Result
from videnhance.live.outputs import Outputs
from videnhance.live.overlay import Facts, Overlay, Words, painted
from videnhance.live.pipeline import LivePipeline
from videnhance.live.stats import Measured, Stats
from videnhance.live.views import Pair
from videnhance.live.window import Window
from videnhance.media.display import Displayer
from videnhance.pipeline.plan import Fill

__all__ = ["Session"]

_WAIT_SECONDS = 0.01
"""For a picture, before the keys are looked at again."""
_MESSAGE_SECONDS = 3.0
_FIGURES_SECONDS = 0.4
"""Between two looks at the stats: numbers that change faster cannot be read."""
_STALE_SECONDS = 1.0
"""A picture that is older is not shown as if it were live."""


class Session:
    """A running window, or none (headless); `run` returns when the user is done."""

    def __init__(
        self,
        pipeline: LivePipeline,
        window: Window | None,
        outputs: Outputs,
        overlay: Overlay,
        say: Callable[[str], None],
        *,
        seconds: float | None = None,
    ) -> None:
        """`say` is given lines for the terminal; after `seconds` the session ends."""
        self.stats = Stats()
        self._pipeline, self._window, self._outputs = pipeline, window, outputs
        self._overlay, self._say = overlay, say
        self._actions = Actions(pipeline, window, outputs, overlay, say)
        self._until = None if seconds is None else time.monotonic() + seconds
        self._displayer: Displayer | None = None
        self._last: Result | None = None
        self._pair: Pair | None = None
        self._trouble, self._message, self._message_until = "", "", 0.0
        self._seen = self._changed = time.monotonic()
        """When a picture came last, and when it was last another one."""
        self._figures: tuple[Measured, Facts] | None = None
        self._settings = ""
        """As the figures tell them."""
        self._read = 0.0

    def run(self) -> None:
        """Until quit, the window's closing, or the end of the time.

        Raises what the source or an output raises.
        """
        while not self._is_done():
            item = self._pipeline.results.take(_WAIT_SECONDS)
            result = item if isinstance(item, Result) else None
            if isinstance(item, Trouble):
                self._hear(item)
            picture = None if result is None else self._take(result)
            view = self._refresh(result is not None)
            if result is not None:
                self.stats.note(result)
                info = self._info(result)
                self._outputs.take(result, info, picture, view)
                self._pipeline.engine.enlargement.grows = not self._outputs.has_size

    def _is_done(self) -> bool:
        window = self._window
        if self._actions.quits or (window is not None and not window.is_open):
            return True
        if self._until is not None and time.monotonic() > self._until:
            return True
        return self._pipeline.results.ended and (window is None or self._last is None)

    def _hear(self, trouble: Trouble) -> None:
        if trouble.words != self._trouble:
            self._say(trouble.words)
        self._trouble = trouble.words
        self._actions.changed = True
        self.stats.pause()

    # A picture has come.

    def _take(self, result: Result) -> Pixels | None:
        """Makes ready what is seen; the enhanced picture, B G R, if anyone sees it."""
        now = time.monotonic()
        if self._last is None or not _is_same(self._last, result):
            self._changed = now
        self._last, self._trouble, self._seen = result, "", now
        info = self._actions.info = self._info(result)
        self._actions.result = result
        if self._window is None and self._outputs.camera is None:
            return None
        return self._displayed(result, info)

    def _info(self, result: Result) -> VideoInfo:
        info = self._pipeline.source.info
        assert info is not None  # known with the first picture
        frame = result.capture.frame
        return replace(info, size=frame.size, layout=frame.layout, tags=frame.tags)

    def _displayed(self, result: Result, info: VideoInfo) -> Pixels:
        if self._displayer is None:
            self._displayer = Displayer(info.rotation_degrees, info.mirrored)
        shape = shape_of(info)
        if info.rotation_degrees % 180 == 90:
            shape = 1 / shape
        after = self._displayer(result.after)
        before = after if result.before is None else self._displayer(result.before)
        self._pair = Pair(before, after, shape)
        return after

    def as_json(self) -> dict[str, Any]:
        """What was measured, of which pictures, and by which model last."""
        measured, result = self.stats.as_json(), self._last
        if result is not None:
            size = result.capture.frame.size
            native = self._pipeline.native_size(size)
            measured |= {
                "source": self._pipeline.source.name,
                "source_size": str(native),
                "worked_on": str(size),
                "output_size": str(result.after.size),
                "output_size_because": result.size_words,
                "model": result.model,
            }
        return measured

    # What is drawn.

    def _refresh(self, fresh: bool) -> Pixels | None:
        """Draws if anything has changed, and obeys what came; what was drawn."""
        now = time.monotonic()
        for words in self._outputs.take_notices():
            self._say(words)
            self._show(words)
        if self._window is None:
            return None
        late = now - self._read > _FIGURES_SECONDS
        if late and self._pipeline.models.is_loading:
            self._pipeline.redo()  # where no other picture comes, nothing else asks
        canvas = self._canvas(now) if fresh or late or self._actions.changed else None
        self._actions.changed = False
        for event in self._window.show(canvas):
            if words := self._actions.obey(event):
                self._show(words)
        if self._actions.jumped:
            self._actions.jumped = False
            self.stats.pause()
        return canvas

    def _show(self, words: str) -> None:
        self._message = words
        self._message_until = time.monotonic() + _MESSAGE_SECONDS
        self._actions.changed = True

    def _canvas(self, now: float) -> Pixels:
        assert self._window is not None
        self._read_stats(now)
        wrong = self._wrong(now)
        message = wrong or (self._message if now < self._message_until else "")
        if not message and self._pipeline.paused:
            message = "paused"
        elif not message and self._pipeline.at_end:
            message = "the end"
        words = Words(
            figures=self._figures,
            message=message,
            warns=bool(wrong),
            timeline=self._timeline(),
            help=help_of(self._pipeline.in_order) if self._overlay.help else None,
        )
        size = self._window.size
        return painted(self._pair, self._overlay, words=words, window=size)

    def _read_stats(self, now: float) -> None:
        """Takes new figures now and then: to letter them costs as much as a frame."""
        settings = self._actions.settings_words
        fresh = now - self._read <= _FIGURES_SECONDS and settings == self._settings
        if fresh and self._figures is not None:
            return
        self._read, self._settings = now, settings
        if self._last is not None:
            self._figures = self.stats.reading(), self._facts(self._last)

    def _wrong(self, now: float) -> str:
        """Why what is on the window is not live; empty if it is."""
        pipeline = self._pipeline
        if pipeline.models.fault:
            return pipeline.models.fault
        if pipeline.paused or pipeline.at_end:
            return ""
        if self._trouble:
            return self._trouble
        if pipeline.in_order:
            return ""
        if self._last is None:
            return "" if now - self._seen < _STALE_SECONDS else "waiting for a picture"
        if now - self._seen > _STALE_SECONDS:
            return f"no picture for {now - self._seen:.0f} s"
        if pipeline.player is None and now - self._changed > _STALE_SECONDS:
            return f"the same picture for {now - self._changed:.0f} s"
        return ""

    def _timeline(self) -> tuple[float, float] | None:
        info = self._pipeline.source.info
        if not self._pipeline.in_order or info is None or self._last is None:
            return None
        return self._last.capture.seconds, info.duration_seconds or 0.0

    def _facts(self, result: Result) -> Facts:
        pipeline, size = self._pipeline, result.capture.frame.size
        info = pipeline.source.info
        return Facts(
            source=pipeline.source.name,
            size=size,
            native=pipeline.native_size(size),
            output=result.after.size,
            output_words=result.size_words,
            model="loading another" if pipeline.models.is_loading else result.model,
            planner=planner_words(result, pipeline.settings.skip),
            settings=self._settings,
            rate=float(info.rate) if pipeline.in_order and info else 0.0,
            work_ms=1000 * sum(done.seconds for done in result.passes),
            in_order=pipeline.in_order,
            recording=self._outputs.recording_words,
        )


def planner_words(result: Result, skip: int) -> str:
    """What the planner chose for this frame."""
    cells, seen = result.passes[0].fills.size, result.passes[0].count(Fill.NETWORK)
    if result.ration is None:
        return f"sees {seen} of {cells} parts; every {_nth(skip)}frame"
    moves = "" if result.ration.moves else "; no time to follow what moves"
    time = min(result.ration.cells, cells)
    return f"sees {seen} of {cells} parts, has time for {time}{moves}"


def _nth(skip: int) -> str:
    return {2: "2nd ", 3: "3rd "}.get(skip, f"{skip}th ") if skip > 1 else ""


def _is_same(last: Result, result: Result) -> bool:
    old, new = last.capture.frame.planes[0], result.capture.frame.planes[0]
    return old is new or (old.shape == new.shape and np.array_equal(old, new))
