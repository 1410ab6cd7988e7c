"""What each output is called, and how it stands: whole, of this input and these wishes?

Outputs lie in the same tree, a name for each input, none shared. A name once given
stays: which of two inputs has it does not depend on what is added.

Complete and current, not merely present: only such an output is left as it is. And only
one that is certainly ours is replaced without being asked.
"""

import os
import stat
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from videnhance.batch.batch_options import Naming
from videnhance.batch.inputs import Input, Kind
from videnhance.batch.records import Identity, Made, Records, identity_of, start_of
from videnhance.errors import InputError, OutputError, printable
from videnhance.media.output.provenance import has_place, stamp_in, stamp_of
from videnhance.media.picture_formats import STILLS
from videnhance.media.reader.file_notices import cut_notice
from videnhance.media.stills.series import (
    NumberedName,
    is_series,
    numbered_name,
    series_of,
)

__all__ = ["Case", "Judge", "Names", "State", "folder_made"]

_MATROSKA = (".mkv", ".webm")


class Names:
    """Which output each input has, below the folder of outputs."""

    def __init__(self, naming: Naming, owners: Mapping[str, str]) -> None:
        """`owners` are the inputs of all outputs of earlier runs, the latest last."""
        self._naming = naming
        self._given = {source: name for name, source in owners.items()}
        self._owners = {_folded(name): source for name, source in owners.items()}
        self._series: dict[str, list[NumberedName]] = {}
        """Sequences that are outputs, by folder."""
        for name in owners:
            self._note_series(name)
        self.notices: list[str] = []
        """Names that are not what one would expect, in words."""

    def name_of(self, one: Input) -> str:
        """The output's name, with slashes; the same whenever it is asked for."""
        folder = one.relative.rpartition("/")[0]
        stem, suffix = self._naming.name_for(one)
        wanted = f"{folder}/{stem}" if folder else stem
        before = self._given.get(one.relative)
        if before is not None and self._fits(before, wanted, suffix=suffix, one=one):
            return before
        name, number = f"{wanted}{suffix}", 1
        while not self._is_free(name, one):
            number += 1
            name = f"{wanted}-{number}{suffix}"
        self._owners[_folded(name)] = one.relative
        self._given[one.relative] = name
        if one.kind is Kind.SEQUENCE:
            self._note_series(name)
        asked = self._naming.picture_suffix
        if one.kind is Kind.PICTURE and asked and suffix != asked:
            self.notices.append(
                f"{printable(one.relative)} holds more than one picture, which "
                f"{asked} does not: its output is {printable(name)}"
            )
        if number > 1:
            self.notices.append(
                f"{printable(one.relative)} and another input share a name: its output "
                f"is {printable(name)}"
            )
        return name

    def _is_free(self, name: str, one: Input) -> bool:
        """Whether no other input has the name, or one of the names it stands for."""
        if self._owners.get(_folded(name), one.relative) != one.relative:
            return False
        folder, _, last = name.rpartition("/")
        if one.kind is not Kind.SEQUENCE:
            series = self._series.get(_folded(folder), ())
            return all(numbered.number(_folded(last)) is None for numbered in series)
        numbered = numbered_name(Path(_folded(last)))
        others = (other.rpartition("/") for other in self._owners)
        singles = (name for place, _, name in others if place == _folded(folder))
        return all(numbered.number(single) is None for single in singles)

    def _note_series(self, name: str) -> None:
        folder, _, last = name.rpartition("/")
        is_one = Path(last).suffix.lower() in STILLS and is_series(Path(last))
        if is_one and "*" not in last:
            numbered = numbered_name(Path(_folded(last)))
            self._series.setdefault(_folded(folder), []).append(numbered)

    def _fits(self, name: str, wanted: str, *, suffix: str, one: Input) -> bool:
        """Whether a name of an earlier run is what these wishes would make, too."""
        if name == f"{wanted}{suffix}":
            return True
        number = name.removeprefix(f"{wanted}-").removesuffix(suffix)
        numbered = number.isdecimal() and name == f"{wanted}-{number}{suffix}"
        # With a name that is free, the number was the user's own.
        return numbered and not self._is_free(f"{wanted}{suffix}", one)


def _folded(name: str) -> str:
    """Equal for names that some file system takes for one."""
    return unicodedata.normalize("NFC", name).casefold()


def folder_made(root: Path, name: str) -> Path:
    """The output's path, with its folder made; no link on the way leads elsewhere.

    Raises OutputError.
    """
    place = root
    try:
        for part in name.split("/")[:-1]:
            place /= part
            if place.is_symlink():
                raise OutputError(
                    f"{printable(place)} is a link, and outputs go into no linked "
                    "folder: remove it, or name another folder for the outputs"
                )
            place.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{printable(place)} cannot be made: {error.strerror}; name another folder"
        ) from error
    return place / name.rpartition("/")[2]


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
