"""What a batch tells people and scripts: events, and what became of each input."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from videnhance.batch.inputs import Found, Input
from videnhance.batch.outputs import State
from videnhance.batch.records import Identity
from videnhance.errors import printable

__all__ = [
    "Event",
    "Finished",
    "Item",
    "Looked",
    "Moved",
    "Outcome",
    "PutBack",
    "Status",
    "Summary",
    "Ticked",
]

_MOST_NAMES = 20


class Status(Enum):
    """How it ended for one input."""

    DONE = "done"
    SKIPPED = "skipped"
    """Its output was there, whole and current."""
    FAILED = "failed"
    LEFT = "not reached"
    """The run ended before."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one input."""

    source: str
    """Below the folder of inputs, as `target` is below that of outputs."""
    target: str
    status: Status
    reason: str = ""
    """Why it failed, was skipped, or had to be made anew."""
    seconds: float = 0.0
    report: Mapping[str, Any] = field(default_factory=dict)
    """The conversion's own report; empty where there was none."""

    @property
    def frames(self) -> int | None:
        """Frames of the output, those of earlier runs among them; None: not known."""
        return self.report.get("frames_written")

    @property
    def damaged(self) -> bool:
        """Whether not all of the input could be read."""
        names = ("damaged_packets", "damaged_frames", "dropped_packets")
        counts = any(self.report.get(name) for name in names)
        return bool(counts or self.report.get("decoder_crashed"))

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user must hear of it."""
        report = self.report
        return (*report.get("notices", ()), *report.get("later_notices", ()))

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "source": self.source,
            "target": self.target,
            "status": self.status.value,
            "reason": self.reason,
            "seconds": round(self.seconds, 3),
            "frames": self.frames,
            "damaged": self.damaged,
            "report": dict(self.report),
        }


@dataclass(slots=True)
class Summary:
    """All outcomes of a run; of an input that came twice, the last."""

    source: str
    target: str
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    seconds: float = 0.0
    notices: list[str] = field(default_factory=list)
    """Of the run as a whole."""

    def add(self, outcome: Outcome) -> None:
        """Takes an outcome in."""
        self.outcomes[outcome.source] = outcome

    def count(self, status: Status) -> int:
        """Inputs with this outcome."""
        return len(self.of(status))

    def of(self, status: Status) -> list[Outcome]:
        """The outcomes of one kind."""
        return [o for o in self.outcomes.values() if o.status is status]

    @property
    def damaged(self) -> int:
        """Inputs that were converted, but not all of them could be read."""
        return sum(outcome.damaged for outcome in self.of(Status.DONE))

    @property
    def all_failed(self) -> bool:
        """Whether there were inputs, and none has an output."""
        return bool(self.outcomes) and self.count(Status.FAILED) == len(self.outcomes)

    def lines(self, verbose: bool = False) -> Iterator[str]:
        """The end for people: names of what has no output; all of it if `verbose`."""
        rows = [o for o in self.outcomes.values() if verbose]
        width = max((len(printable(row.source)) for row in rows), default=0)
        for row in sorted(rows, key=lambda row: row.source):
            name = printable(row.source).ljust(min(width, 50))
            yield f"{row.status.value:8} {name}  {printable(row.reason)}".rstrip()
        for status in () if verbose else (Status.FAILED, Status.LEFT):
            # The reasons were said when they were known.
            if names := [printable(outcome.source) for outcome in self.of(status)]:
                yield f"{status.value}: {_few(names)}"
        said = Counter(w for o in self.outcomes.values() for w in set(o.notices))
        for words, count in said.items():
            if count > 1:
                yield f"{count} files: {printable(words)}"
        counts = ", ".join(
            f"{count} {s.value}"
            for s in Status
            if (count := self.count(s)) or s is not Status.LEFT
        )
        damage = f" ({self.damaged} of damaged inputs)" if self.damaged else ""
        yield f"{counts}{damage} in {self.seconds:.1f} s: {printable(self.target)}"

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "source": self.source,
            "target": self.target,
            "seconds": self.seconds,
            "notices": self.notices,
            "counts": {s.value: self.count(s) for s in Status},
            "files": [outcome.as_json() for outcome in self.outcomes.values()],
        }

    def as_text(self) -> str:
        """The same as JSON."""
        return json.dumps(self.as_json(), indent=2) + "\n"

    def as_csv(self) -> str:
        """A line for each input, after a line of names."""
        text = io.StringIO()
        names = ["source", "target", "status", "reason", "frames", "seconds", "damaged"]
        writer = csv.DictWriter(text, [*names, "notices"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(_rows(self.outcomes.values(), names))
        return text.getvalue()


def _few(names: list[str]) -> str:
    rest = len(names) - _MOST_NAMES
    words = ", ".join(names[:_MOST_NAMES])
    return f"{words} and {rest} more" if rest > 0 else words


def _rows(outcomes: Iterable[Outcome], names: list[str]) -> Iterator[dict[str, Any]]:
    for outcome in outcomes:
        plain = outcome.as_json()
        row = {name: plain[name] for name in names}
        row["notices"] = " | ".join(outcome.notices)
        # Programs that show a table obey what steers a terminal.
        yield {k: printable(v) if isinstance(v, str) else v for k, v in row.items()}


@dataclass(slots=True)
class Item:
    """An input that is to be converted."""

    one: Input
    name: str
    """Of its output, below the folder of outputs."""
    state: State
    wishes: str
    source: Identity | None = None
    """When its conversion began."""
    precision: str = ""
    frames: int | None = None
    made: int = 0
    """Frames written so far."""

    @property
    def share(self) -> float:
        """How much of it is made, 0 to 1, as far as it is known."""
        return min(self.made / self.frames, 1.0) if self.frames else 0.0


@dataclass(frozen=True, slots=True)
class Looked:
    """The folder was looked at."""

    found: Found
    notices: tuple[str, ...]
    """New ones."""


@dataclass(frozen=True, slots=True)
class Moved:
    """An item was begun, or some more of its frames are made."""

    item: Item


@dataclass(frozen=True, slots=True)
class PutBack:
    """Its input has changed meanwhile: it waits again."""

    item: Item


@dataclass(frozen=True, slots=True)
class Finished:
    """It is known what became of an input."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Ticked:
    """Some time has passed."""

    waiting: int
    """Inputs that are to be converted, and are not begun."""
    running: int
    unsettled: int
    """Inputs that are not whole yet."""
    seconds_left: float | None


Event = Looked | Moved | PutBack | Finished | Ticked
