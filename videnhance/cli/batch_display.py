"""What a batch shows: a bar for all files and one for each that is being made, lines
where nobody looks, or JSON for programs; and the keys that it hears.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from videnhance.cli.keys import Keys
from videnhance.errors import printable

if TYPE_CHECKING:
    from videnhance.batch.events import Event, Item
    from videnhance.batch.outcome import Outcome, Summary

__all__ = ["BatchDisplay"]

_NAME_WIDTH = 32
_JSON_SECONDS = 1.0
"""Between two lines that only tell the time."""


class BatchDisplay:
    """Shows a running batch; a `with` block on the main thread."""

    def __init__(
        self,
        options: dict[str, Any],
        hold: Callable[[bool], None],
        paused: Callable[[float], None],
    ) -> None:
        """`hold` lets the work stand still, or go on; `paused` is told for how long it
        did."""
        self._quiet, self._progress = options["quiet"], options["progress"]
        self._paused = paused
        self._keys = Keys(self._say, hold)
        self._said: set[str] = set()
        self._last_tick = 0.0
        self._bars: _Bars | None = None
        if self._progress == "bar" and not self._quiet and _is_watched():
            self._bars = _Bars(options["jobs"])

    def __enter__(self) -> "BatchDisplay":
        self._keys.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._keys.__exit__(kind, error, trace)
        if self._bars is not None:
            self._bars.close()

    def watches(self, folder: Path, hears: bool) -> None:
        """Says that the run goes on until it is ended."""
        how = "" if hears else " every few seconds (watchdog would tell at once)"
        if not self._quiet:
            self._say(f"watches {printable(folder)}{how}; Ctrl+C ends")

    def tell(self, event: "Event", summary: "Summary") -> None:
        """Takes an event in, shows it, and adds outcomes to the summary.

        Raises KeyboardInterrupt on the key q.
        """
        from videnhance.batch.events import Finished, Looked, Moved, PutBack, Ticked

        if self._progress == "json":
            self._as_json(event)
        if isinstance(event, Looked):
            summary.notices += event.notices
            self._notice(*event.notices)
            if event.found.links:
                self._notice(f"{event.found.links} links are not followed")
        elif isinstance(event, Moved) and self._bars is not None:
            self._bars.move(event.item)
        elif isinstance(event, PutBack) and self._bars is not None:
            self._bars.drop(event.item.one.relative)
        elif isinstance(event, Finished):
            summary.add(event.outcome)
            self._finished(event.outcome, len(summary.outcomes))
        elif isinstance(event, Ticked):
            if event.unsettled and not event.running and not event.waiting:
                self._notice("waits for inputs that are still being copied")
            if self._bars is not None:
                self._bars.tick(event, len(summary.outcomes))
            stood = self._keys.poll()
            if stood:
                self._paused(stood)

    def _finished(self, outcome: "Outcome", count: int) -> None:
        if self._bars is not None:
            self._bars.drop(outcome.source)
        self._notice(*outcome.notices)
        failed, skipped = (outcome.status.value == s for s in ("failed", "skipped"))
        # Where bars tell of success, and many are skipped, a line for each hides more.
        if self._quiet or skipped or (self._bars is not None and not failed):
            return
        why = f": {printable(outcome.reason)}" if outcome.reason else ""
        took = f" ({outcome.seconds:.1f} s)" if outcome.seconds else ""
        name = printable(outcome.source)
        self._say(f"{count}: {outcome.status.value} {name}{took}{why}")

    def _notice(self, *notices: str) -> None:
        """Says what was not said of another file already."""
        for words in notices:
            if not self._quiet and words not in self._said:
                self._said.add(words)
                self._say(printable(words))

    def _say(self, words: str) -> None:
        if self._bars is None:
            click.echo(f"videnhance: {words}", err=True)
        else:
            self._bars.say(f"videnhance: {words}")

    def _as_json(self, event: "Event") -> None:
        plain = _plain(event)
        if plain["event"] == "ticked":
            now = time.monotonic()
            if now - self._last_tick < _JSON_SECONDS:
                return
            self._last_tick = now
        click.echo(json.dumps(plain))


def _is_watched() -> bool:
    """Whether somebody sees the standard error; it may be closed."""
    return sys.stderr is not None and sys.stderr.isatty()


def _plain(event: "Event") -> dict[str, Any]:
    from videnhance.batch.events import Finished, Looked, Moved, PutBack

    if isinstance(event, Looked):
        found = event.found
        return {
            "event": "looked",
            "inputs": len(found.inputs),
            "others": found.others,
            "links": found.links,
        }
    if isinstance(event, PutBack):
        return {"event": "put back", "source": event.item.one.relative}
    if isinstance(event, Moved):
        item = event.item
        return {
            "event": "advanced",
            "source": item.one.relative,
            "target": item.name,
            "frames": item.made,
            "of": item.frames,
        }
    if isinstance(event, Finished):
        plain = event.outcome.as_json()
        del plain["report"]
        return {"event": "finished", **plain}
    return {
        "event": "ticked",
        "waiting": event.waiting,
        "running": event.running,
        "unsettled": event.unsettled,
        "seconds_left": event.seconds_left,
    }


class _Bars:
    """A bar of files above a bar for each file under way."""

    def __init__(self, jobs: int) -> None:
        from tqdm import tqdm

        tqdm.monitor_interval = 0
        self._tqdm = tqdm
        form = "{n_fmt} of {total_fmt} files |{bar}| {desc}"
        self._files = tqdm(total=0, position=0, bar_format=form, dynamic_ncols=True)
        self._free = list(range(jobs, 0, -1))
        self._bars: dict[str, tuple[int, Any]] = {}

    def move(self, item: "Item") -> None:
        name = item.one.relative
        if name not in self._bars and not self._free:
            return
        if name not in self._bars:
            place = self._free.pop()
            short = printable(name)
            if len(short) > _NAME_WIDTH:
                short = f"...{short[3 - _NAME_WIDTH :]}"
            bar = self._tqdm(
                desc=short,
                unit="frame",
                position=place,
                leave=False,
                dynamic_ncols=True,
                mininterval=0.25,
            )
            self._bars[name] = place, bar
        bar = self._bars[name][1]
        if bar.total is None and item.frames:
            bar.reset(item.frames)
            bar.initial = bar.n = item.made
        bar.update(item.made - bar.n)

    def drop(self, name: str) -> None:
        if name in self._bars:
            place, bar = self._bars.pop(name)
            bar.close()
            self._free.append(place)

    def tick(self, event: Any, done: int) -> None:
        left = event.seconds_left
        words = [] if left is None else [f"{_clock(left)} left"]
        if event.unsettled:
            words.append(f"{event.unsettled} still being copied")
        self._files.total = done + event.waiting + event.running + event.unsettled
        self._files.n = done
        self._files.set_description_str(", ".join(words))

    def say(self, words: str) -> None:
        self._tqdm.write(words, file=sys.stderr)

    def close(self) -> None:
        for _, bar in self._bars.values():
            bar.close()
        self._files.close()


def _clock(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
