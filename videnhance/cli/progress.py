"""What a running conversion shows: notices, a bar or JSON lines, and the last line."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from videnhance.cli.keys import Keys
from videnhance.errors import UsageError, printable

if TYPE_CHECKING:
    from videnhance.convert import Watcher
    from videnhance.frame import VideoInfo
    from videnhance.report import Report

__all__ = ["Display", "conclude", "kept_words", "written"]


class Display:
    """What a running conversion shows, and the keys that it hears; a `with` block."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._quiet = options["quiet"]
        self._bar: Any = None
        self._keys = Keys(self._say)

    def __enter__(self) -> "Display":
        self._keys.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._keys.__exit__(kind, error, trace)
        if self._bar is not None:
            self._bar.close()

    @property
    def watcher(self) -> "Watcher":
        """Who tells this display."""
        from videnhance.convert import Watcher

        return Watcher(self._started, self._advanced)

    def _say(self, words: str) -> None:
        if self._bar is None:
            click.echo(f"videnhance: {words}", err=True)
        else:
            self._bar.write(f"videnhance: {words}", file=sys.stderr)

    def _started(self, info: "VideoInfo", report: "Report") -> None:
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
        if self._options["progress"] == "bar":
            self._bar = _bar(info.frames, report.frames_kept)

    def _advanced(self, report: "Report") -> None:
        if self._bar is not None:
            self._bar.set_postfix(_shares(report), refresh=False)
            self._bar.update()
        elif self._options["progress"] == "json":
            # Standard output may be the video itself.
            click.echo(json.dumps(_progress(report)), err=report.target == "-")
        paused = self._keys.poll()
        if paused and self._bar is not None:
            self._bar.start_t += paused
            self._bar.last_print_t += paused


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


def _progress(report: "Report") -> dict[str, Any]:
    return {
        "frames": report.frames_written,
        "read": report.frames_in,
        "cells": report.cells,
    }


def kept_words(target: Path) -> str:
    """What a run that did not end leaves, and how to go on; empty if it leaves nothing.

    The journal is read anew: what it names is there.
    """
    from videnhance.unfinished import kept_frames

    frames = kept_frames(target)
    if not frames:
        return ""
    return (
        f"{frames} frames are kept: the same command goes on after them, --discard "
        "starts over"
    )


def conclude(report: "Report", options: dict[str, Any]) -> None:
    """Writes the report that was asked for and says what was done."""
    if options["report"]:
        text = json.dumps(report.as_json(), indent=2) + "\n"
        written(options["report"], text)
    if options["quiet"]:
        return
    for words in (*report.later_notices, *_damage(report), *_shared(report)):
        click.echo(f"videnhance: {printable(words)}", err=True)
    seconds = report.seconds["total"]
    kept = f" and {report.frames_kept} kept" if report.frames_kept else ""
    waited = f", waited most for the {report.slowest}" if report.slowest else ""
    click.echo(
        f"videnhance: {report.frames_out} frames{kept} in {seconds:.1f} s "
        f"({report.frames_out / seconds:.1f} a second){waited}: "
        f"{printable(report.target)}",
        err=True,
    )


def _damage(report: "Report") -> Iterator[str]:
    if report.damaged_packets or report.damaged_frames:
        yield (
            f"the input is damaged: {report.damaged_packets} packets and "
            f"{report.damaged_frames} frames; the rest is converted"
        )
    if report.dropped_packets:
        yield (
            f"{report.dropped_packets} packets of sound or subtitles are damaged and "
            "left out"
        )


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
