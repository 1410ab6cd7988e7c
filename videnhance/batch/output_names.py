"""Where each output goes: the same tree, a name for each input, none shared.

A name once given stays: which of two inputs has it does not depend on what is added.
"""

import os
import re
import sys
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from videnhance.batch.inputs import Input, Kind
from videnhance.errors import OutputError, UsageError, printable
from videnhance.media.containers import CONTAINERS
from videnhance.media.picture_formats import PICTURES, STILLS, animation_suffix
from videnhance.media.stills.picture_tags import tags_of_file
from videnhance.media.stills.series import NumberedName, is_series, numbered_name

__all__ = ["Names", "Naming", "folder_made"]

_LONGEST_NAME = 255
"""Bytes, in nearly all file systems."""
_NUMBER_BYTES = 8
"""Kept free for the number of a name that is shared."""
_MANY = re.compile(r"%(?=\d*d)|\*")
"""What would make the name of a picture stand for many."""


@dataclass(frozen=True, slots=True)
class Naming:
    """How outputs are called."""

    pattern: str = "{stem}"
    """The name without its suffix; {stem} is the input's."""
    video_suffix: str | None = None
    """None: the input's, if such a container can be written, else .mkv."""
    picture_suffix: str | None = None
    """None: the input's. Animations keep theirs where the format holds none."""

    def __post_init__(self) -> None:
        rest = self.pattern.replace("{stem}", "", 1)
        if rest == self.pattern or set("{}/\\\0") & set(rest):
            raise UsageError(
                f"--name {printable(self.pattern)} is not possible: write {{stem}} "
                "once, and no slashes or braces, for example {stem}-x2"
            )
        _check("--to", self.video_suffix, known=CONTAINERS)
        _check("--pictures-to", self.picture_suffix, known=PICTURES)

    def name_for(self, one: Input) -> tuple[str, str]:
        """Stem and suffix of the output; they fit into a file system together."""
        stem, suffix = os.path.splitext(one.relative.rpartition("/")[2])
        stem = self.pattern.replace("{stem}", stem)
        suffix = self._suffix(one, suffix)
        if one.kind is Kind.SEQUENCE:
            return stem, suffix  # shortened, it would lose its number
        if suffix.lower() in STILLS:
            stem = _MANY.sub("_", stem)
        return _cut(stem, _LONGEST_NAME - len(os.fsencode(suffix))), suffix

    def _suffix(self, one: Input, suffix: str) -> str:
        if one.kind is Kind.VIDEO:
            known = suffix.lower() in CONTAINERS
            return self.video_suffix or (suffix if known else ".mkv")
        wanted = (self.picture_suffix or suffix).lower()
        moving = animation_suffix(wanted)
        if wanted in (moving, suffix.lower()) or not _moves(one):
            return self.picture_suffix or suffix
        # What moves does not fit into a single picture.
        return moving or suffix


def _moves(one: Input) -> bool:
    if one.kind is Kind.SEQUENCE:
        return False
    tags = tags_of_file(one.path)
    return tags is not None and tags.pictures > 1


def _check(option: str, suffix: str | None, *, known: Mapping[str, object]) -> None:
    if suffix is not None and suffix.lower() not in known:
        raise UsageError(
            f"{option} {printable(suffix)} cannot be written; choose one of "
            f"{', '.join(sorted(known))}"
        )


def _cut(stem: str, most: int) -> str:
    """The stem in at most so many bytes; one that is cut ends in a part of its hash."""
    data = os.fsencode(stem)
    if len(data) <= most - _NUMBER_BYTES:
        return stem
    mark = f"~{sha256(data).hexdigest()[:8]}"
    kept = data[: most - _NUMBER_BYTES - len(mark)]
    return kept.decode(sys.getfilesystemencoding(), "ignore") + mark


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
