"""A row of the queue: one file or folder, what is wanted of it, and how far it is."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from videnhance.options import ConvertOptions, FolderOptions
from videnhance.options.words import joined, words_of
from videnhance.web.app.choices import merged

__all__ = ["OPEN", "Row", "State"]

State = Literal[
    "looking", "ready", "refused", "waiting", "running", "paused", "done", "failed"
]
OPEN = ("looking", "ready", "waiting", "running", "paused")
"""States of rows that something may still be made of."""
_PASSING = ("seen", "progress")
"""What holds only while the app runs."""


@dataclass(slots=True)
class Row:
    """One input and its output; changed by the queue alone."""

    id: str
    kind: Literal["file", "folder"]
    source: str
    target: str
    options: dict[str, Any] = field(default_factory=dict)
    """What differs from the defaults, by the fields of ConvertOptions, or, for a
    folder, of FolderOptions."""
    preset: str | None = None
    state: State = "looking"
    info: dict[str, Any] | None = None
    plan: dict[str, Any] | None = None
    progress: dict[str, Any] | None = None
    error: str | None = None
    notices: list[str] = field(default_factory=list)
    keep_watching: bool = False
    seen: bool = False
    """Whether info and plan are those of these options."""

    @property
    def chosen(self) -> ConvertOptions:
        """Its options. Raises UsageError for some that cannot be together."""
        if self.kind == "folder":
            return FolderOptions(**self.options, watch=self.keep_watching)
        return ConvertOptions(**self._own)

    @property
    def is_known(self) -> bool:
        """Whether it is known what it is."""
        return self.kind == "folder" or self.info is not None

    @property
    def is_made(self) -> bool:
        """Whether an output is there, of a file whose conversion has begun: it would
        not have begun if there was one.
        """
        overwrites = self.options.get("overwrite", False)
        return self.kind == "file" and not overwrites and Path(self.target).exists()

    @property
    def _own(self) -> dict[str, Any]:
        """Its options without those that its target's name tells."""
        if self.kind == "folder":
            return self.options
        return {name: value for name, value in self.options.items() if name != "to"}

    def with_options(self, changes: Mapping[str, Any]) -> "Row":
        """A copy with some options changed. Raises UsageError."""
        return replace(self, options=merged(self.options, changes))

    @property
    def command(self) -> str:
        """The command line that does the same, quoted for a shell."""
        command = ["videnhance", *["batch"] * (self.kind == "folder")]
        own = (words_of(name, value) for name, value in self._own.items())
        words = [*chain.from_iterable(own), *["--watch"] * self.keep_watching]
        return joined(command, self.source, self.target, words)

    def as_json(self) -> dict[str, Any]:
        """All that a page shows of it."""
        shown = {**asdict(self), "name": Path(self.source).name}
        del shown["seen"]
        return {**shown, "command": self.command}

    def kept(self) -> dict[str, Any]:
        """What lasts when the app ends, as plain values."""
        return {k: v for k, v in asdict(self).items() if k not in _PASSING}

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "Row":
        """The row that was kept; what another version knew is left out.

        Raises TypeError or ValueError for something else.
        """
        known = {f.name for f in fields(cls)} - {*_PASSING}
        row = cls(**{name: value for name, value in kept.items() if name in known})
        _ = row.chosen  # raises for options that cannot be
        if row.state == "running":
            # It goes on where it was, if it did not come to its end by itself.
            row.state = "done" if row.is_made else "waiting"
        return row
