"""What a batch shows: a bar for all files and one for each that is being made, lines
where nobody looks, or JSON for programs; and the keys that it hears.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from videnhance.cli.keys import Keys
from videnhance.cli.progress import (
    Tracker,
    clock_words,
    is_watched,
    progress_bar,
    tell_program,
)
from videnhance.errors import counted, printable

if TYPE_CHECKING:
    from videnhance.batch.outcome import Event, Item, Outcome, Summary, Ticked

__all__ = ["BatchDisplay", "tell_end"]

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
        self._total = 0
        """Inputs, as far as they were found."""
        self._trackers: dict[str, Tracker] = {}
        """Of what is being made, by name."""
        self._whole = Tracker(None)
        self._bars: _Bars | None = None
        if self._progress == "bar" and not self._quiet and is_watched():
            self._bars = _Bars(options["jobs"])

    def __enter__(self) -> "BatchDisplay":
        self._keys.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._keys.__exit__(*error)
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
        from videnhance.batch.outcome import Finished, Looked, Moved, PutBack, Ticked

        if isinstance(event, Finished):
            # First of all: a signal may come while it is told.
            summary.add(event.outcome)
        if isinstance(event, Moved):
            self._follow(event.item)
        elif isinstance(event, Finished):
            summary.add(event.outcome)
        if self._progress == "json":
            self._as_json(event)
        if isinstance(event, Looked):
            self._total = len(event.found.inputs) + len(event.found.unreadable)
            summary.notices += event.notices
            self._notice(*event.notices)
            if event.found.links:
                links = counted(event.found.links, "link is", "links are")
                self._notice(f"{links} not followed")
        elif isinstance(event, PutBack):
            self._drop(event.item.one.relative)
        elif isinstance(event, Finished):
            self._finished(event.outcome, len(summary.outcomes))
        elif isinstance(event, Ticked):
            if event.unsettled and not event.running and not event.waiting:
                self._notice("waits for inputs that are still being copied")
            self._tick(event, len(summary.outcomes))
            stood = self._keys.poll()
            if stood:
                self._paused(stood)
                for tracker in (self._whole, *self._trackers.values()):
                    tracker.stood(stood)

    def _follow(self, item: "Item") -> None:
        name, tracker = item.one.relative, self._trackers.get(item.one.relative)
        if tracker is None or tracker.total != item.frames:
            tracker = self._trackers[name] = Tracker(item.frames, item.made)
        tracker.frames = item.made
        if self._bars is not None:
            self._bars.move(item)

    def _drop(self, name: str) -> None:
        self._trackers.pop(name, None)
        if self._bars is not None:
            self._bars.drop(name)

    def _tick(self, event: "Ticked", done: int) -> None:
        if self._bars is not None:
            self._bars.tick(event, done)
        elif self._progress == "bar" and not self._quiet and self._whole.wants_line():
            total = done + event.waiting + event.running + event.unsettled
            words = [f"{done} of {counted(total, 'file')}"]
            for name, tracker in self._trackers.items():
                far = counted(tracker.frames, "frame")
                if tracker.progress.share is not None:
                    far = f"{tracker.progress.share:.0%}"
                words.append(f"{printable(name)} {far if tracker.frames else 'begins'}")
            if event.seconds_left is not None:
                words.append(f"{clock_words(event.seconds_left)} left")
            self._say(", ".join(words))

    def _finished(self, outcome: "Outcome", count: int) -> None:
        self._drop(outcome.source)
        self._notice(*outcome.notices, source=outcome.source)
        failed, skipped = (outcome.status.value == s for s in ("failed", "skipped"))
        # Where bars tell of success, and many are skipped, a line for each hides more.
        if self._quiet or skipped or (self._bars is not None and not failed):
            return
        why = f": {printable(outcome.reason)}" if outcome.reason else ""
        took = f" ({outcome.seconds:.1f} s)" if outcome.seconds else ""
        name = printable(outcome.source)
        total = max(count, self._total)
        self._say(f"{count} of {total}: {outcome.status.value} {name}{took}{why}")

    def _notice(self, *notices: str, source: str = "") -> None:
        """Says what was not said of another file already, and of which file it is."""
        for words in notices:
            if not self._quiet and words not in self._said:
                self._said.add(words)
                self._say(printable(f"{source}: {words}" if source else words))

    def _say(self, words: str) -> None:
        if self._bars is None:
            click.echo(f"videnhance: {words}", err=True)
        else:
            self._bars.say(f"videnhance: {words}")

    def _as_json(self, event: "Event") -> None:
        plain = _plain(event, self._trackers)
        if plain["event"] == "ticked":
            now = time.monotonic()
            if now - self._last_tick < _JSON_SECONDS:
                return
            self._last_tick = now
        tell_program(plain, say=self._say)


def tell_end(summary: "Summary", reason: str, *, code: int) -> None:
    """Tells programs how all of it ended; nothing comes after it.

    `reason` says what ended it early, if anything did.
    """
    plain = {"event": "ended", "exit_code": code, "reason": reason}
    plain |= summary.as_json()
    del plain["files"]
    tell_program(plain, say=lambda words: click.echo(f"videnhance: {words}", err=True))


def _plain(event: "Event", trackers: dict[str, Tracker]) -> dict[str, Any]:
    from videnhance.batch.outcome import Finished, Looked, Moved, PutBack

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
        tracker = trackers[item.one.relative]
        return {
            "event": "advanced",
            "source": item.one.relative,
            "target": item.name,
            "of": item.frames,
            **tracker.counts,
        }
    if isinstance(event, Finished):
        plain = event.outcome.as_json()
        del plain["report"]
        notices = list(event.outcome.notices)
        return {"event": "finished", **plain, "notices": notices}
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
        form = "{n_fmt} of {total_fmt} files |{bar}| {desc}"
        self._files = progress_bar(total=0, position=0, bar_format=form)
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
            bar = progress_bar(desc=short, unit="frame", position=place, leave=False)
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
        words = [] if left is None else [f"{clock_words(left)} left"]
        if event.unsettled:
            words.append(f"{event.unsettled} still being copied")
        self._files.total = done + event.waiting + event.running + event.unsettled
        self._files.n = done
        self._files.set_description_str(", ".join(words))

    def say(self, words: str) -> None:
        self._files.write(words, file=sys.stderr)

    def close(self) -> None:
        for _, bar in self._bars.values():
            bar.close()
        self._files.close()
