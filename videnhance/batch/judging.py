"""What is done already: whether an output is whole, and of this input and these wishes.

Complete and current, not merely present: only such an output is left as it is.
"""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from videnhance.batch.finding import Input
from videnhance.batch.records import Identity, Made, Records, identity_of
from videnhance.errors import InputError
from videnhance.video.making.stamp import stamp_in, stamp_of
from videnhance.video.pictures.series import is_series, series_of
from videnhance.video.reading.cut import cut_notice

__all__ = ["Judge", "State"]

_MATROSKA = (".mkv", ".webm")


class State(Enum):
    """How an output stands."""

    ABSENT = "there is none yet"
    CURRENT = "whole, and made of this input with these wishes"
    BEGUN = "an earlier run did not complete it"
    OTHER_INPUT = "the input has changed"
    OTHER_WISHES = "it was made with other options or another model"
    CUT_OFF = "it is shorter than it was made"
    WANTED = "to be made anew"
    ALTERED = "it was changed since it was made"
    FOREIGN = "it was not made by this program"

    @property
    def is_ours(self) -> bool:
        """Whether the output may be replaced without being asked."""
        return self not in (State.ALTERED, State.FOREIGN)


@dataclass(frozen=True, slots=True)
class Judge:
    """Compares outputs with what is recorded of them."""

    records: Records
    recheck: bool = False
    """Look at contents also where size and time are as they were."""
    again: bool = False
    """Take no output of ours for current."""

    def state(self, one: Input, name: str, target: Path, wishes: str) -> State:
        """How the output `name` of this input stands; `target` is its path.

        `wishes` is a digest. An output that only its stamp tells of is recorded anew.
        Raises InputError if the input cannot be read.
        """
        if not _exists(target):
            return State.ABSENT
        made = self.records.made(name)
        if made is None:
            state = self._unrecorded(one, name, target, wishes)
        else:
            state = self._result_state(made, target)
            if state is State.CURRENT:
                state = self._source_state(made, one, wishes)
        return State.WANTED if self.again and state is State.CURRENT else state

    def _result_state(self, made: Made, target: Path) -> State:
        known = None if self.recheck else made.result
        found = identity_of(target, known, made.frames)
        if found.digest == made.result.digest:
            return State.CURRENT
        shorter = found.bytes < made.result.bytes
        return State.CUT_OFF if shorter else State.ALTERED

    def _source_state(self, made: Made, one: Input, wishes: str) -> State:
        source = self.source_of(one, made.source)
        if source.digest != made.source.digest:
            return State.OTHER_INPUT
        return State.CURRENT if made.wishes == wishes else State.OTHER_WISHES

    def source_of(self, one: Input, known: Identity | None = None) -> Identity:
        """The identity of an input. Raises InputError."""
        return identity_of(one.path, None if self.recheck else known)

    def _unrecorded(self, one: Input, name: str, target: Path, wishes: str) -> State:
        stamp = None if is_series(target) else stamp_in(target)
        if stamp is None:
            begun = self.records.was_begun(name)
            return State.BEGUN if begun else State.FOREIGN
        source = self.source_of(one)
        if stamp != stamp_of(source.digest, wishes):
            return State.OTHER_WISHES
        # Elsewhere the stamp stands at the end, and is lost with it.
        if target.suffix.lower() in _MATROSKA and cut_notice(target, "matroska"):
            return State.CUT_OFF
        result = identity_of(target)
        made = Made(name, one.relative, wishes, source, result, frames=0)
        self.records.complete(made)
        return State.CURRENT


def _exists(target: Path) -> bool:
    if not is_series(target):
        return target.exists()
    try:
        return bool(series_of(target).files)
    except InputError:
        return False
