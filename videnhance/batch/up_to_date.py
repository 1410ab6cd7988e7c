"""What is done already: whether an output is whole, and of this input and these wishes.

Complete and current, not merely present: only such an output is left as it is. And only
one that is certainly ours is replaced without being asked.
"""

import json
import os
import stat
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from videnhance.batch.inputs import Input, Kind
from videnhance.batch.records import Identity, Made, Records, identity_of, start_of
from videnhance.conversion.fingerprint import option_key
from videnhance.conversion.job import Job
from videnhance.conversion.resolve import NOT_IN_THE_PICTURE
from videnhance.errors import InputError, OutputError, printable
from videnhance.media.output.provenance import digest_of, has_place, stamp_in, stamp_of
from videnhance.media.reader.file_notices import cut_notice
from videnhance.media.sandbox.serialize import to_plain
from videnhance.media.stills.series import series_of
from videnhance.models.card import find_card
from videnhance.models.imported import with_card

__all__ = ["Case", "Judge", "State", "options_digest"]

_MATROSKA = (".mkv", ".webm")


class State(Enum):
    """How an output stands."""

    ABSENT = "there is none yet"
    CURRENT = "whole, and made of this input with these wishes"
    BEGUN = "an earlier run did not complete it"
    OTHER_INPUT = "the input has changed"
    OTHER_WISHES = "it was made with other options, another model or input"
    CUT_OFF = "it is shorter than it was made"
    WANTED = "to be made anew"
    ALTERED = "it was changed since it was made"
    FOREIGN = "it was not made by this program"
    OTHER_FOLDER = "it was made of another folder's input"
    NO_FILE = "it is a folder, a link or no regular file"

    @property
    def is_ours(self) -> bool:
        """Whether the output may be replaced without being asked."""
        return self not in _NOT_OURS


_NOT_OURS = (State.ALTERED, State.FOREIGN, State.OTHER_FOLDER, State.NO_FILE)


@dataclass(frozen=True, slots=True)
class Case:
    """An input, the output that it is to have, and what the user wishes."""

    one: Input
    name: str
    """Of the output, below the folder of outputs."""
    target: Path
    wishes: str
    """A digest."""
    root: str = ""
    """A digest of where the folder of inputs is."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Compares outputs with what is recorded of them, and with what they say."""

    records: Records
    recheck: bool = False
    """Look at contents also where size and time are as they were."""
    again: bool = False
    """Take no output of ours for current."""

    def state(self, case: Case) -> State:
        """How an output stands; one that only its stamp tells of is recorded.

        Raises InputError or OutputError if something cannot be read.
        """
        try:
            state = self._state(case)
        except OSError as error:
            raise OutputError(
                f"{printable(case.target)} cannot be looked at: {error.strerror}; "
                "name another folder for the outputs"
            ) from error
        return State.WANTED if self.again and state is State.CURRENT else state

    def source_of(self, one: Input, known: Identity | None = None) -> Identity:
        """The identity of an input. Raises InputError."""
        return identity_of(one.path, None if self.recheck else known)

    def _state(self, case: Case) -> State:
        series = case.one.kind is Kind.SEQUENCE
        if not series and _is_no_file(case.target):
            return State.NO_FILE
        files = _files(case.target) if series else (case.target,)
        if not files or not os.path.lexists(files[0]):
            return State.ABSENT
        made = self.records.made(case.name)
        if made is not None and self._is_as_made(made, case.target):
            return self._source_state(made, case)
        if self.records.is_open(case.name) and (series or not has_place(case.target)):
            return State.BEGUN
        stamps = {stamp_in(file) for file in (files[0], files[-1])}
        if None not in stamps:
            return self._stamped_state(case, made, stamps=stamps, count=len(files))
        if made is None:
            return State.FOREIGN
        return State.CUT_OFF if _is_cut(made, files) else State.ALTERED

    def _is_as_made(self, made: Made, target: Path) -> bool:
        known = None if self.recheck else made.result
        return (
            identity_of(target, known, count=made.frames).digest == made.result.digest
        )

    def _source_state(self, made: Made, case: Case) -> State:
        source = self.source_of(case.one, made.source)
        if source.digest != made.source.digest:
            # Two folders into one: what the first has made is not the second's.
            apart = made.root and case.root and made.root != case.root
            return State.OTHER_FOLDER if apart else State.OTHER_INPUT
        return State.CURRENT if made.wishes == case.wishes else State.OTHER_WISHES

    def _stamped_state(
        self, case: Case, made: Made | None, *, stamps: set[str | None], count: int
    ) -> State:
        """Of an output that says of itself that it is ours."""
        source = self.source_of(case.one)
        if stamps != {stamp_of(source.digest, case.wishes)}:
            return State.OTHER_WISHES
        series = case.one.kind is Kind.SEQUENCE
        if series and (made is None or made.frames != count):
            return State.BEGUN
        # Elsewhere the stamp stands at the end, and is lost with it.
        matroska = case.target.suffix.lower() in _MATROSKA
        if matroska and cut_notice(case.target, "matroska"):
            return State.CUT_OFF
        frames = count if series else 0
        result = identity_of(case.target, count=frames)
        if series and made is not None and result.bytes != made.result.bytes:
            return State.CUT_OFF
        self.records.complete(
            Made(
                output=case.name,
                input=case.one.relative,
                wishes=case.wishes,
                source=source,
                result=result,
                frames=frames,
                start=start_of(case.target),
                root=case.root,
            )
        )
        return State.CURRENT


def _is_no_file(target: Path) -> bool:
    """Whether something stands under the name that is no regular file."""
    try:
        return not stat.S_ISREG(os.lstat(target).st_mode)
    except FileNotFoundError:
        return False


def _files(target: Path) -> tuple[Path, ...]:
    try:
        return series_of(target).files
    except InputError:
        return ()


def _is_cut(made: Made, files: tuple[Path, ...]) -> bool:
    """Whether what is there is the beginning of what was made."""
    if made.frames:
        return sum(file.stat().st_size for file in files) < made.result.bytes
    shorter = files[0].stat().st_size < made.result.bytes
    return shorter and made.start.startswith(start_of(files[0]))


def options_digest(job: Job) -> str:
    """What a user chose; equal for jobs whose outputs differ by their inputs alone.

    Versions of libraries are not in it: an update is no reason to make thousands of
    outputs anew. Raises ModelError if there is no such model.
    """
    wishes: dict[str, Any] = {
        **option_key(job.settings, NOT_IN_THE_PICTURE),
        **option_key(job.encoding, ("stamp",)),
        **option_key(job.span),
        **option_key(job.reading, ("limit_pixels",)),
        "box": to_plain(job.box),
        "rate": to_plain(job.rate),
        **({} if job.budget is None else {"time budget": True}),
    }
    if job.settings.strength:
        card = find_card(with_card(job.choice).model)
        wishes["model"] = sorted(sha256 for _, sha256 in card.files.values())
        wishes["precision"] = job.choice.precision
    return digest_of(json.dumps(wishes, sort_keys=True))
