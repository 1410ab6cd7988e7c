"""What a running conversion shows: notices, how far it is, and the last line."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from videnhance.cli.keys import Keys
from videnhance.cli.log_progress import Course
from videnhance.cli.signals import held
from videnhance.errors import OutputError, UsageError, counted, printable

if TYPE_CHECKING:
    from videnhance.conversion.run import Watcher
    from videnhance.frame import VideoInfo
    from videnhance.report import Report

__all__ = [
    "Display",
    "conclude",
    "frame_counts",
    "is_watched",
    "later_words",
    "tell_program",
    "written",
]

_PIPE = Path("-")


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
        self._course: Course | None = None
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
        from videnhance.conversion.run import Watcher

        return Watcher(self._started, self._advanced, self._waits)

    def ended(self, status: str, code: int, reason: str, **more: object) -> None:
        """Tells programs how it ended; nothing comes after it."""
        frames = {} if self._course is None else frame_counts(self._course)
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
        self._course = course = Course(info.frames, report.frames_kept)
        self._tell(
            {
                "event": "started",
                "source": report.source,
                "target": report.target,
                "width": info.size.width,
                "height": info.size.height,
                "engine": report.engine,
                "notices": report.notices,
                **frame_counts(course),
            }
        )
        if self._options["verbose"]:
            self._say(f"model {report.engine}")
        if self._quiet:
            return
        for notice in report.notices:
            self._say(printable(notice))
        if report.frames_kept:
            self._say(
                f"goes on after frame {report.frames_kept}: those before it were "
                "finished by an earlier run"
            )
        if self._is_log:
            count = (
                "" if course.total is None else f", {counted(course.total, 'frame')}"
            )
            self._say(f"begins with {printable(report.source)}, {info.size}{count}")
        elif self._options["progress"] == "bar":
            self._bar = _bar(info.frames, report.frames_kept)

    def _advanced(self, report: "Report") -> None:
        course = self._course
        assert course
        course.frames = report.frames_written
        if self._bar is not None:
            self._bar.set_postfix(_shares(report), refresh=False)
            self._bar.update()
        elif self._as_json:
            values = {"read": report.frames_in, "cells": report.cells}
            self._tell({"event": "advanced", **frame_counts(course), **values})
        elif self._is_log and course.wants_line():
            self._say(course.words)
        paused = self._keys.poll()
        course.stood(paused)
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


def _bar(frames: int | None, kept: int) -> Any:
    from tqdm import tqdm

    # Its watching thread would outlive the bar; frames come often enough without it.
    tqdm.monitor_interval = 0
    return tqdm(
        total=frames,
        initial=kept,
        unit="frame",
        dynamic_ncols=True,
        mininterval=0.25,
    )


def _shares(report: "Report") -> dict[str, str]:
    total = sum(report.cells.values()) or 1
    return {name: f"{n / total:.0%}" for name, n in report.cells.items() if n}


def frame_counts(course: Course) -> dict[str, Any]:
    """Where it is, for programs."""
    left = course.seconds_left
    return {
        "frames": course.frames,
        "kept": course.kept,
        "total": course.total,
        "share": course.share,
        "seconds": round(course.seconds, 3),
        "seconds_left": None if left is None else round(left, 1),
    }


def conclude(report: "Report", options: dict[str, Any]) -> None:
    """Writes the report that was asked for and says what was done."""
    if options["report"]:
        text = json.dumps(report.as_json(), indent=2) + "\n"
        written(options["report"], text)
    if options["quiet"]:
        return
    for words in (*later_words(report), *_shared(report)):
        click.echo(f"videnhance: {printable(words)}", err=True)
    seconds = report.seconds["total"]
    kept = f" and {report.frames_kept} kept" if report.frames_kept else ""
    waited = f", waited most for the {report.slowest}" if report.slowest else ""
    click.echo(
        f"videnhance: {counted(report.frames_out, 'frame')}{kept} in {seconds:.1f} s "
        f"({report.frames_out / seconds:.1f} a second){waited}: "
        f"{printable(report.target)}",
        err=True,
    )


def later_words(report: "Report") -> Iterator[str]:
    """What was found on the way."""
    yield from report.later_notices
    if report.damaged_packets or report.damaged_frames:
        yield (
            f"the input is damaged: {counted(report.damaged_packets, 'packet')} and "
            f"{counted(report.damaged_frames, 'frame')}; the rest is converted"
        )
    if report.dropped_packets:
        packets = counted(report.dropped_packets, "packet")
        verb = "is" if report.dropped_packets == 1 else "are"
        yield f"{packets} of sound or subtitles {verb} damaged and left out"


def _shared(report: "Report") -> Iterator[str]:
    if report.workers:
        parts = (
            f"{name} ({share.segments or 'all'})"
            for name, share in sorted(report.workers.items())
        )
        anew = f"; {report.retries} begun anew" if report.retries else ""
        yield f"segments by worker: {', '.join(parts)}{anew}"


def written(path: Path, text: str, option: str = "--report") -> None:
    """Writes a report. Raises UsageError, which names the option, if it cannot."""
    try:
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise UsageError(
            f"{option} {printable(path)}: {error.strerror}; choose another file"
        ) from error
