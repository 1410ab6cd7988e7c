"""A batch on its way: look at the folder, judge each input, convert what is not done.

Everything that happens is an event; who takes them decides what is shown. Closing the
iterator ends the processes in order, and what they have closed is kept.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path

from videnhance.batch.batch_options import BatchOptions, foretold, options_digest
from videnhance.batch.inputs import Found, Input, Kind, found_in
from videnhance.batch.outcome import (
    Event,
    Finished,
    Item,
    Looked,
    Moved,
    Outcome,
    PutBack,
    Status,
    Ticked,
)
from videnhance.batch.outputs import Case, Judge, Names, State, folder_made
from videnhance.batch.pool import Advanced, Began, Ended, Failed, Said, WorkerPool
from videnhance.batch.records import Made, Records, identity_of, start_of
from videnhance.batch.timing import GONE, Eta, Settling, version_of
from videnhance.conversion.job import Job
from videnhance.errors import InputError, VidenhanceError, printable
from videnhance.media.output.provenance import digest_of, stamp_of
from videnhance.media.stills.series import series_of
from videnhance.models.card import find_card
from videnhance.models.choice import Choice
from videnhance.models.imported import with_card
from videnhance.models.runtime import load

__all__ = ["Batch", "rehearsed"]

_TICK_SECONDS = 0.2
_TRIES = 3
"""Of an input that changes while it is converted."""


class Batch:
    """One run over a folder; take its events once, within the pool's `with` block."""

    def __init__(
        self,
        order: BatchOptions,
        records: Records,
        pool: WorkerPool,
        look_again: Callable[[], bool] | None = None,
    ) -> None:
        """`look_again` tells, now and then, whether files may have come; with it the
        run has no end of its own."""
        self.eta = Eta(pool.jobs)
        self._order, self._records, self._pool = order, records, pool
        self._look_again = look_again
        self._judge = Judge(records, order.options.recheck, order.options.again)
        self._names = Names(order.naming, records.owners)
        self._names.notices += records.notices
        self._root = digest_of(str(order.source.resolve()))
        self._settling = Settling(order.options.settle)
        self._decided: dict[str, tuple[int, int]] = {}
        """The version of each input for which it is known what became of it."""
        self.ready: deque[Item] = deque()
        self._running: dict[int, Item] = {}
        self._tries: dict[str, int] = {}
        self._wishes: dict[tuple[Kind, str], str] = {}
        self._choice: Choice | None = None
        self._number = 0
        self._unreadable: set[str] = set()
        self._ticked = 0.0

    def events(self) -> Generator[Event]:
        """All that happens, to the end.

        Raises what holds for every input: InputError for a folder that cannot be read,
        UsageError and ModelError, and OutputError if nothing can be noted any more.
        """
        yield from self._look()
        while True:
            while self.ready and self._pool.free:
                yield from self._begin(self.ready.popleft())
            if not (self._running or self._settling.waiting or self._look_again):
                return
            heard = self._pool.hear(_TICK_SECONDS) if self._running else []
            for said in heard:
                yield from self._take(said)
            if not self._running and not self.ready:
                time.sleep(_TICK_SECONDS)
            if time.monotonic() - self._ticked >= _TICK_SECONDS:
                yield self._tick()
            came = self._look_again is not None and self._look_again()
            if came or self._settling.due:
                yield from self._look()

    def left(self) -> Iterator[Outcome]:
        """The inputs that were found, and have no outcome."""
        for words, items in (("begun", self._running.values()), ("", self.ready)):
            for item in items:
                yield Outcome(item.one.relative, item.name, Status.LEFT, words)

    def _tick(self) -> Ticked:
        self._ticked = time.monotonic()
        waiting = [item.one for item in self.ready]
        return Ticked(
            waiting=len(waiting),
            running=len(self._running),
            unsettled=self._settling.waiting,
            seconds_left=self.eta.seconds_left(waiting),
        )

    def _look(self) -> Iterator[Event]:
        order = self._order
        try:
            found = found_in(order.source, order.choosing, without=order.target)
        except InputError as error:
            if self._look_again is None:
                raise
            yield Looked(Found(), (str(error),))  # a share that is away for a while
            return
        under_way = {
            item.one.relative for item in (*self.ready, *self._running.values())
        }
        new = [
            one
            for one in found.inputs
            if one.relative not in under_way
            and self._decided.get(one.relative) != one.version
        ]
        outcomes = [
            outcome
            for one in self._settling.settled(new)
            if (outcome := self.decided_on(one)) is not None
        ]
        if order.options.order == "shortest":
            self.ready = deque(sorted(self.ready, key=lambda item: item.one.bytes))
        outcomes += [
            Outcome(name, name, Status.FAILED, reason)
            for name, reason in found.unreadable.items()
            if name not in self._unreadable
        ]
        self._unreadable = set(found.unreadable)
        notices, self._names.notices = tuple(self._names.notices), []
        yield Looked(found, notices)
        for outcome in outcomes:
            yield Finished(outcome)

    def decided_on(self, one: Input) -> Outcome | None:
        """What became of an input already; None: it is to be converted."""
        name = self._names.name_of(one)
        target = self._order.target / name
        wishes = self._wishes_for(one, target)
        try:
            state = self._judge.state(Case(one, name, target, wishes, self._root))
        except VidenhanceError as error:
            return self._failed(one, name, reason=str(error))
        if state is State.CURRENT:
            self._decided[one.relative] = one.version
            return Outcome(one.relative, name, Status.SKIPPED, state.value)
        if state is State.NO_FILE or not (
            state.is_ours or self._order.options.overwrite
        ):
            hint = "remove it" if state is State.NO_FILE else "-y replaces it"
            words = f"{printable(name)} is in the way: {state.value}; {hint}"
            return self._failed(one, name, reason=words)
        self.ready.append(Item(one, name, state, wishes))
        return None

    def _wishes_for(self, one: Input, target: Path) -> str:
        """The same for all inputs of a kind whose outputs are of a kind."""
        key = one.kind, target.suffix.lower()
        if key not in self._wishes:
            self._wishes[key] = options_digest(
                self._order.job_for(one.path, target, one.kind)
            )
        return self._wishes[key]

    def _failed(self, one: Input, name: str, *, reason: str) -> Outcome:
        self._decided[one.relative] = one.version
        return Outcome(one.relative, name, Status.FAILED, reason)

    def _begin(self, item: Item) -> Iterator[Event]:
        one, order = item.one, self._order
        if version_of(one) != one.version:  # while it waited for its turn
            yield self._put_back(item)
            return
        job = order.job_for(one.path, order.target / item.name, one.kind)
        if job.settings.strength:
            choice = self._pinned(job.choice)
            job, item.precision = replace(job, choice=choice), choice.precision
        try:
            job = self._prepared(job, item)
        except VidenhanceError as error:
            yield Finished(self._failed(one, item.name, reason=str(error)))
            return
        self._records.begin(item.name, one.relative)
        self._number += 1
        self._running[self._number] = item
        self._pool.start(self._number, self._timed(job, one))
        self.eta.began(one)
        yield Moved(item)

    def _timed(self, job: Job, one: Input) -> Job:
        """The job with its share of the time that is left for all."""
        until = self._order.until
        if until is None or job.budget is None:
            return job
        now, waiting = time.time(), [item.one for item in self.ready]
        seconds = max(until - now, 0.0) * self.eta.share_of(one, waiting)
        budget = replace(job.budget, seconds=None, until=now + seconds)
        return replace(job, budget=budget)

    def _put_back(self, item: Item) -> Event:
        """Lets an input that has changed wait; one that is gone has failed."""
        one = item.one
        if version_of(one) == GONE:
            return Finished(self._failed(one, item.name, reason="the input is gone"))
        self._settling.wait_for(one)
        return PutBack(item)

    def _prepared(self, job: Job, item: Item) -> Job:
        """The job with its stamp, its folder made."""
        item.source = self._judge.source_of(item.one)
        folder_made(self._order.target, item.name)
        stamp = stamp_of(item.source.digest, item.wishes)
        options = replace(job.options, overwrite=item.state is not State.ABSENT)
        return replace(
            job, encoding=replace(job.encoding, stamp=stamp), options=options
        )

    def _pinned(self, choice: Choice) -> Choice:
        """The model as all inputs have it: what measures faster differs by the moment.

        A folder goes on with the precision that it was begun with.
        """
        if self._choice is None:
            before, choice = self._records.precision, with_card(choice)
            if choice.precision == "auto" and before in find_card(choice.model).files:
                choice = replace(choice, precision=before)
            network = load(choice)
            device = "cuda" if network.engine == "cuda" else "cpu"
            self._choice = replace(choice, precision=network.precision, device=device)
        return self._choice

    def _take(self, said: Said) -> Iterator[Event]:
        item, words = self._running[said.number], said.words
        if isinstance(words, Began | Advanced):
            self._advance(item, words)
            yield Moved(item)
            return
        del self._running[said.number]
        seconds = self.eta.ended(item.one, isinstance(words, Ended))
        if self._has_changed(item) and self._may_try(item.one):
            yield self._put_back(item)
            return
        yield Finished(replace(self._outcome(item, words), seconds=seconds))

    def _has_changed(self, item: Item) -> bool:
        """Whether the input is another one than when its conversion began.

        One that is gone has not: what was made of it is whole.
        """
        assert item.source is not None
        if version_of(item.one) in (item.one.version, GONE):
            return False
        try:
            return self._judge.source_of(item.one).digest != item.source.digest
        except InputError:
            return False

    def _advance(self, item: Item, words: Began | Advanced) -> None:
        kept = 0.0
        if isinstance(words, Began):
            item.frames, item.made = words.frames, words.kept
            kept = item.share
        else:
            item.made = words.frames
        self.eta.advanced(item.one, item.share, kept)

    def _may_try(self, one: Input) -> bool:
        """Whether an input that changed under the work is tried once more."""
        self._tries[one.relative] = self._tries.get(one.relative, 0) + 1
        return self._tries[one.relative] < _TRIES

    def _outcome(self, item: Item, words: Ended | Failed) -> Outcome:
        one, name = item.one, item.name
        if isinstance(words, Failed):
            self._records.give_up(name)
            gone = version_of(one) == GONE
            return self._failed(
                one, name, reason="the input is gone" if gone else words.reason
            )
        if self._has_changed(item):
            return self._failed(
                one, name, reason="it keeps changing: run again when it rests"
            )
        try:
            self._complete(item, words.report.frames_written)
        except (InputError, OSError):
            return self._failed(one, name, reason="its output was there and is gone")
        self._decided[one.relative] = one.version
        reason = "" if item.state is State.ABSENT else item.state.value
        report = words.report.as_json()
        return Outcome(one.relative, name, Status.DONE, reason, report=report)

    def _complete(self, item: Item, frames: int) -> None:
        """Enters a finished output. Raises InputError or OSError if it is gone."""
        assert item.source is not None
        target, before = self._order.target / item.name, self._records.made(item.name)
        count = frames if item.one.kind is Kind.SEQUENCE else 0
        if count and before is not None:
            for file in series_of(target).files[count : before.frames]:
                file.unlink()  # of a sequence that was longer
        self._records.complete(
            Made(
                output=item.name,
                input=item.one.relative,
                wishes=item.wishes,
                source=item.source,
                result=identity_of(target, count=count),
                frames=count,
                precision=item.precision,
                start=start_of(target),
                root=self._root,
            )
        )


def rehearsed(order: BatchOptions, records: Records) -> Iterator[str]:
    """Each input with its output, and what would be done, time and size at the end.

    Does nothing. Raises InputError for a folder that cannot be read.
    """
    batch = Batch(order, records, WorkerPool(1))
    for one in found_in(order.source, order.choosing, without=order.target).inputs:
        outcome = batch.decided_on(one)
        if outcome is not None:
            names = f"{printable(one.relative)} -> {printable(outcome.target)}"
            yield f"{names}: {outcome.status.value}: {printable(outcome.reason)}"
    for item in batch.ready:
        names = f"{printable(item.one.relative)} -> {printable(item.name)}"
        yield f"{names}: to be made: {item.state.value}"
    yield from foretold([item.one for item in batch.ready], order)
