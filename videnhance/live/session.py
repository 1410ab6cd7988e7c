"""The loop on the main thread: newest picture in, window drawn, keys obeyed."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from videnhance.frame import Pixels, VideoInfo
from videnhance.live.actions import Actions
from videnhance.live.captured import Trouble
from videnhance.live.engine import Result
from videnhance.live.outputs import Outputs
from videnhance.live.overlay import Face, Words, painted
from videnhance.live.panels import Facts
from videnhance.live.pipeline import Stage
from videnhance.live.stats import Gauge, Reading
from videnhance.live.views import Pair
from videnhance.live.window import Window
from videnhance.live.work_size import shape_of
from videnhance.media.display import Displayer
from videnhance.pipeline.plan import Fill

__all__ = ["Session"]

_WAIT_SECONDS = 0.01
"""For a picture, before the keys are looked at again."""
_MESSAGE_SECONDS = 3.0
_FIGURES_SECONDS = 0.4
"""Between two looks at the gauge: numbers that change faster cannot be read."""
_STALE_SECONDS = 1.0
"""A picture that is older is not shown as if it were live."""


class Session:
    """A running window, or none (headless); `run` returns when the user is done."""

    def __init__(
        self,
        stage: Stage,
        window: Window | None,
        outputs: Outputs,
        face: Face,
        say: Callable[[str], None],
        seconds: float | None = None,
    ) -> None:
        """`say` is told lines for the terminal; after `seconds` the session ends."""
        self.gauge = Gauge()
        self._stage, self._window, self._outputs = stage, window, outputs
        self._face, self._say = face, say
        self._actions = Actions(stage, window, outputs, face, say)
        self._until = None if seconds is None else time.monotonic() + seconds
        self._displayer: Displayer | None = None
        self._last: Result | None = None
        self._pair: Pair | None = None
        self._trouble, self._message, self._message_until = "", "", 0.0
        self._seen = self._changed = time.monotonic()
        """When a picture came last, and when it was last another one."""
        self._figures: tuple[Reading, Facts] | None = None
        self._settings = ""
        """As the figures tell them."""
        self._read = 0.0

    def run(self) -> None:
        """Until quit, the window's closing, or the end of the time.

        Raises what the source or an output raises.
        """
        while not self._is_done():
            item = self._stage.results.take(_WAIT_SECONDS)
            result = item if isinstance(item, Result) else None
            if isinstance(item, Trouble):
                self._hear(item)
            picture = None if result is None else self._take(result)
            view = self._refresh(result is not None)
            if result is not None:
                self.gauge.note(result)
                info = self._info(result)
                self._outputs.take(result, info, picture, view)

    def _is_done(self) -> bool:
        window = self._window
        if self._actions.quits or (window is not None and not window.is_open):
            return True
        if self._until is not None and time.monotonic() > self._until:
            return True
        return self._stage.results.ended and (window is None or self._last is None)

    def _hear(self, trouble: Trouble) -> None:
        if trouble.words != self._trouble:
            self._say(trouble.words)
        self._trouble = trouble.words
        self._actions.changed = True
        self.gauge.pause()

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
        info = self._stage.source.info
        assert info is not None  # known with the first picture
        frame = result.shot.frame
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
        measured, result = self.gauge.as_json(), self._last
        if result is not None:
            size = result.shot.frame.size
            native = self._stage.native_size(size)
            measured |= {
                "source": self._stage.source.name,
                "source_size": str(native),
                "worked_on": str(size),
                "output_size": str(result.after.size),
                "model": result.model,
            }
        return measured

    # What is drawn.

    def _refresh(self, fresh: bool) -> Pixels | None:
        """Draws if anything has changed, and obeys what came; what was drawn."""
        now = time.monotonic()
        for words in self._outputs.told():
            self._say(words)
            self._show(words)
        if self._window is None:
            return None
        late = now - self._read > _FIGURES_SECONDS
        if late and self._stage.models.is_loading:
            self._stage.redo()  # where no other picture comes, nothing else asks
        canvas = self._canvas(now) if fresh or late or self._actions.changed else None
        self._actions.changed = False
        for event in self._window.show(canvas):
            words = self._actions.obey(event)
            if words:
                self._show(words)
        if self._actions.jumped:
            self._actions.jumped = False
            self.gauge.pause()
        return canvas

    def _show(self, words: str) -> None:
        self._message = words
        self._message_until = time.monotonic() + _MESSAGE_SECONDS
        self._actions.changed = True

    def _canvas(self, now: float) -> Pixels:
        assert self._window is not None
        self._read_gauge(now)
        wrong = self._wrong(now)
        message = wrong or (self._message if now < self._message_until else "")
        if not message and self._stage.paused:
            message = "paused"
        elif not message and self._stage.at_end:
            message = "the end"
        words = Words(
            figures=self._figures,
            message=message,
            warns=bool(wrong),
            timeline=self._timeline(),
        )
        size = self._window.size
        return painted(self._pair, self._face, words, size, self._stage.in_order)

    def _read_gauge(self, now: float) -> None:
        """Takes new figures now and then: to letter them costs as much as a frame."""
        settings = self._actions.settings_words
        fresh = now - self._read <= _FIGURES_SECONDS and settings == self._settings
        if fresh and self._figures is not None:
            return
        self._read, self._settings = now, settings
        if self._last is not None:
            self._figures = self.gauge.reading(), self._facts(self._last)

    def _wrong(self, now: float) -> str:
        """Why what is on the window is not live; empty if it is."""
        stage = self._stage
        if stage.models.fault:
            return stage.models.fault
        if stage.paused or stage.at_end:
            return ""
        if self._trouble:
            return self._trouble
        if stage.in_order:
            return ""
        if self._last is None:
            return "" if now - self._seen < _STALE_SECONDS else "waiting for a picture"
        if now - self._seen > _STALE_SECONDS:
            return f"no picture for {now - self._seen:.0f} s"
        if stage.player is None and now - self._changed > _STALE_SECONDS:
            return f"the same picture for {now - self._changed:.0f} s"
        return ""

    def _timeline(self) -> tuple[float, float] | None:
        info = self._stage.source.info
        if not self._stage.in_order or info is None or self._last is None:
            return None
        return self._last.shot.seconds, info.duration_seconds or 0.0

    def _facts(self, result: Result) -> Facts:
        stage, size = self._stage, result.shot.frame.size
        model = "loading another" if stage.models.is_loading else result.model
        timed = stage.in_order
        return Facts(
            source=stage.source.name,
            size=size,
            native=stage.native_size(size),
            output=result.after.size,
            model=model,
            planner=planner_words(result, stage.look.skip),
            settings=self._settings,
            rate=float(stage.source.info.rate) if timed and stage.source.info else 0.0,
            work_ms=1000 * sum(done.cost.seconds for done in result.passes),
            in_order=stage.in_order,
            recording=self._outputs.recording_words,
        )


def planner_words(result: Result, skip: int) -> str:
    """What the planner chose for this frame."""
    cells = result.passes[0].fills.size
    seen = int(np.count_nonzero(result.passes[0].fills == Fill.NETWORK))
    if result.ration is None:
        return f"sees {seen} of {cells} parts; every {_nth(skip)}frame"
    moves = "" if result.ration.moves else "; no time to follow what moves"
    time = min(result.ration.cells, cells)
    return f"sees {seen} of {cells} parts, has time for {time}{moves}"


def _nth(skip: int) -> str:
    return {2: "2nd ", 3: "3rd "}.get(skip, f"{skip}th ") if skip > 1 else ""


def _is_same(last: Result, result: Result) -> bool:
    old, new = last.shot.frame.planes[0], result.shot.frame.planes[0]
    return old is new or (old.shape == new.shape and np.array_equal(old, new))
