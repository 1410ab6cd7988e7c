"""What a running conversion shows: notices, a bar or JSON lines, and the last line."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from videnhance.errors import UsageError, printable

if TYPE_CHECKING:
    from videnhance.convert import Watcher
    from videnhance.frame import VideoInfo
    from videnhance.report import Report

__all__ = ["conclude", "watcher_of", "written"]


def watcher_of(options: dict[str, Any]) -> "tuple[Watcher, Callable[[], None]]":
    """Who tells the user, and what to call at the end."""
    from videnhance.convert import Watcher

    bar: Any = None

    def started(info: "VideoInfo", report: "Report") -> None:
        nonlocal bar
        if options["verbose"]:
            click.echo(f"videnhance: model {report.engine}", err=True)
        if not options["quiet"]:
            for notice in report.notices:
                click.echo(f"videnhance: {printable(notice)}", err=True)
            if options["progress"] == "bar":
                bar = _bar(info.frames)

    def advanced(report: "Report") -> None:
        if bar is not None:
            bar.set_postfix(_shares(report), refresh=False)
            bar.update()
        elif options["progress"] == "json":
            click.echo(json.dumps(_progress(report)))

    return Watcher(started, advanced), lambda: bar.close() if bar is not None else None


def _bar(frames: int | None) -> Any:
    from tqdm import tqdm

    # Its watching thread would outlive the bar; frames come often enough without it.
    tqdm.monitor_interval = 0
    return tqdm(total=frames, unit="frame", dynamic_ncols=True, mininterval=0.25)


def _shares(report: "Report") -> dict[str, str]:
    total = sum(report.cells.values()) or 1
    return {name: f"{n / total:.0%}" for name, n in report.cells.items() if n}


def _progress(report: "Report") -> dict[str, Any]:
    return {
        "frames": report.frames_written,
        "read": report.frames_in,
        "cells": report.cells,
    }


def conclude(report: "Report", options: dict[str, Any]) -> None:
    """Writes the report that was asked for and says what was done."""
    if options["report"]:
        text = json.dumps(report.as_json(), indent=2) + "\n"
        written(options["report"], text)
    if options["quiet"]:
        return
    for words in (*report.later_notices, *_damage(report)):
        click.echo(f"videnhance: {printable(words)}", err=True)
    seconds = report.seconds["total"]
    waited = f", waited most for the {report.slowest}" if report.slowest else ""
    click.echo(
        f"videnhance: {report.frames_out} frames in {seconds:.1f} s "
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


def written(path: Path, text: str, option: str = "--report") -> None:
    """Writes a report. Raises UsageError, which names the option, if it cannot."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{option} {printable(path)}: {error.strerror}; choose another file"
        ) from error
