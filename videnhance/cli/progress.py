"""What a running conversion shows: notices, how far it is and how long it will take."""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from videnhance.cli.keys import Keys
from videnhance.cli.process import held
from videnhance.errors import OutputError, counted, printable
from videnhance.pipeline.report import Progress

if TYPE_CHECKING:
    from videnhance.conversion.executor import Watcher
    from videnhance.frame import VideoInfo
    from videnhance.pipeline.report import Report

__all__ = [
    "Display",
    "FrameBar",
    "Tracker",
    "clock_words",
    "is_watched",
    "progress_bar",
    "tell_program",
]

_PIPE = Path("-")
_LINE_SECONDS = 10.0
_STEP = 0.05
"""Of the work, or of the time so far: a day's log has fewer than 150 lines."""


@dataclass(slots=True)
class Tracker:
    """Follows work from its first frame on; takes its time from `clock`."""

    total: int | None
    """Frames in all; None if nobody knows."""
    kept: int = 0
    """Of these, what earlier runs had made."""
    clock: Callable[[], float] = time.monotonic
    frames: int = 0
    """Made by now, `kept` among them."""
    _began: float = field(init=False)
    _line: tuple[float, float] = (0.0, 0.0)
    """Seconds and share at the last line of the log."""

    def __post_init__(self) -> None:
        self._began, self.frames = self.clock(), self.kept
        self._line = 0.0, self.progress.share or 0.0

    def stood(self, seconds: float) -> None:
        """The work stood still for so long."""
        self._began += seconds

    @property
    def seconds(self) -> float:
        """Worked so far."""
        return self.clock() - self._began

    @property
    def progress(self) -> Progress:
        """Where it is now."""
        return Progress(self.frames, self.kept, self.total, self.seconds)

    @property
    def counts(self) -> dict[str, Any]:
        """Where it is, for programs."""
        now = self.progress
        left = now.seconds_left
        return {
            "frames": now.frames,
            "kept": now.kept,
            "total": now.total,
            "share": now.share,
            "seconds": round(now.seconds, 3),
            "seconds_left": None if left is None else round(left, 1),
        }

    @property
    def words(self) -> str:
        """Where it is, for a log."""
        now, done = self.progress, counted(self.frames, "frame")
        if self.total:
            done = f"{now.share:.0%}, {self.frames} of {counted(self.total, 'frame')}"
        left = now.seconds_left
        rest = "" if left is None else f", {clock_words(left)} left"
        return f"{done}, {now.frames_per_second:.3g} a second{rest}"

    def wants_line(self) -> bool:
        """Whether a log is to have a line now; then it counts as written.

        Every 10 s at first, and later as soon as a twentieth more is done or passed.
        """
        seconds, share = self.seconds, self.progress.share or 0.0
        passed = seconds - self._line[0]
        grown = share - self._line[1] >= _STEP or passed >= _STEP * seconds
        if passed < _LINE_SECONDS or not grown:
            return False
        self._line = seconds, share
        return True


class Display:
    """What a running conversion shows, and the keys that it hears; a `with` block.

    A bar for a terminal, lines for a log, or JSON for programs.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._quiet, self._as_json = options["quiet"], options["progress"] == "json"
        shows = options["progress"] == "bar" and not options["quiet"]
        self._is_log = shows and not is_watched()
        self._bar: Any = None
        self._tracker: Tracker | None = None
        self._keys = Keys(self._say)

    def __enter__(self) -> "Display":
        self._keys.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._keys.__exit__(*error)
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    @property
    def watcher(self) -> "Watcher":
        """Who tells this display."""
        from videnhance.conversion.executor import Watcher

        return Watcher(self._started, self._advanced, self._waits)

    def ended(self, status: str, code: int, reason: str, **more: object) -> None:
        """Tells programs how it ended; nothing comes after it."""
        frames = {} if self._tracker is None else self._tracker.counts
        values = {"status": status, "exit_code": code, "reason": reason}
        self._tell({"event": "finished", **values, **frames, **more})

    def _say(self, words: str) -> None:
        if self._bar is None:
            click.echo(f"videnhance: {words}", err=True)
        else:
            self._bar.write(f"videnhance: {words}", file=sys.stderr)

    def _waits(self, words: str) -> None:
        if not self._quiet:
            self._say(words)

    def _tell(self, values: dict[str, Any]) -> None:
        if self._as_json:
            # Standard output may be the video itself.
            files = self._options["target"], *self._options["files"][-1:]
            tell_program(values, err=_PIPE in files, say=self._say)

    def _started(self, info: "VideoInfo", report: "Report") -> None:
        self._tracker = tracker = Tracker(info.frames, report.frames_kept)
        self._tell(
            {
                "event": "started",
                "source": report.source,
                "target": report.target,
                "width": info.size.width,
                "height": info.size.height,
                "engine": report.engine,
                "notices": report.notices,
                "budget": report.budget,
                **tracker.counts,
            }
        )
        if self._options["verbose"]:
            self._say(f"model {report.engine}")
        if self._quiet:
            return
        for notice in report.notices:
            self._say(printable(notice))
        if report.budget:
            self._say("{asked}: {chosen}".format(**report.budget))
        if report.frames_kept:
            self._say(
                f"goes on after frame {report.frames_kept}: those before it were "
                "finished by an earlier run"
            )
        if self._is_log:
            total = tracker.total
            count = "" if total is None else f", {counted(total, 'frame')}"
            self._say(f"begins with {printable(report.source)}, {info.size}{count}")
        elif self._options["progress"] == "bar":
            self._bar = progress_bar(
                total=info.frames, initial=report.frames_kept, unit="frame"
            )

    def _advanced(self, report: "Report") -> None:
        tracker = self._tracker
        assert tracker
        tracker.frames = report.frames_written
        if self._bar is not None:
            self._bar.set_postfix(_shares(report), refresh=False)
            self._bar.update()
        elif self._as_json:
            values = {"read": report.frames_in, "cells": report.cells}
            self._tell({"event": "advanced", **tracker.counts, **values})
        elif self._is_log and tracker.wants_line():
            self._say(tracker.words)
        paused = self._keys.poll()
        tracker.stood(paused)
        if paused and self._bar is not None:
            self._bar.start_t += paused
            self._bar.last_print_t += paused


def is_watched() -> bool:
    """Whether somebody sees the standard error; it may be closed."""
    return sys.stderr is not None and sys.stderr.isatty()


def tell_program(
    values: dict[str, Any], *, err: bool = False, say: Callable[[str], None]
) -> None:
    """Writes a line of JSON; `say` is told once if nobody can take it."""
    try:
        with held():
            click.echo(json.dumps(values), err=err)
    except (OSError, OutputError) as error:
        words = getattr(error, "strerror", None) or error
        say(f"progress is told no more: {words}")


def progress_bar(**shown: Any) -> Any:
    """A bar of tqdm, as all commands show it."""
    from tqdm import tqdm

    # Its watching thread would outlive the bar; frames come often enough without it.
    tqdm.monitor_interval = 0
    return tqdm(dynamic_ncols=True, mininterval=0.25, **shown)


class FrameBar:
    """A bar of frames from the first on; a `with` block."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._bar: Any = None

    def __enter__(self) -> "FrameBar":
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def advanced(self, done: int, total: int | None) -> None:
        """So many frames are done."""
        if self._shown:
            self._bar = self._bar or progress_bar(total=total, unit="frame")
            self._bar.update(done - self._bar.n)


def _shares(report: "Report") -> dict[str, str]:
    total = sum(report.cells.values()) or 1
    return {name: f"{n / total:.0%}" for name, n in report.cells.items() if n}


def clock_words(seconds: float) -> str:
    """A time as a clock shows it: 2:05, or 1:00:00."""
    hours, rest = divmod(round(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
