"""What a folder holds to convert: videos, pictures, and numbered pictures as one input.

Looks at names, sizes and times; no file is opened but the first of numbered pictures.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import translate
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from videnhance.errors import reading
from videnhance.media.picture_formats import PICTURES, STILLS
from videnhance.media.stills.picture_tags import tags_of_file
from videnhance.media.stills.series import natural_order, series_of

__all__ = ["Choosing", "Found", "Input", "Kind", "Sequences", "found_in", "is_media"]

# fmt: off
_VIDEOS = frozenset((
    ".3g2", ".3gp", ".264", ".265", ".asf", ".av1", ".avi", ".divx", ".dv", ".f4v",
    ".flv", ".gxf", ".h264", ".h265", ".hevc", ".ivf", ".m2t", ".m2ts", ".m2v",
    ".m4v", ".mj2", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg",
    ".mts", ".mxf", ".nut", ".obu", ".ogv", ".qt", ".rm", ".rmvb", ".swf", ".ts",
    ".vob", ".webm", ".wmv", ".wtv", ".y4m",
))
# fmt: on
_NUMBERED = re.compile(r"(.*?)([0-9]{3,18})(\.[^.]+)", re.DOTALL)
_FEWEST_PICTURES = 10
"""Of a sequence that nobody called one: fewer are as well made one by one."""
_DEEPEST = 64
"""Folders in folders; more are meant to do harm."""
_LARGEST_LOOKED_AT = 256 << 20
"""Bytes of a picture that is opened here; a larger one is none of a sequence."""


class Kind(Enum):
    """What an input is, by its name."""

    VIDEO = "video"
    PICTURE = "picture"
    """Animated ones among them."""
    SEQUENCE = "sequence"


class Sequences(Enum):
    """When numbered pictures are one input."""

    AUTO = "auto"
    """Ten or more of one size, without a gap and without a camera's EXIF."""
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Input:
    """One thing to convert."""

    path: Path
    """The file, or the name that stands for numbered pictures."""
    relative: str
    """The same below the folder, with slashes."""
    kind: Kind
    bytes: int
    mtime_ns: int
    """The latest, where there are many files."""

    @property
    def version(self) -> tuple[int, int]:
        """Differs when the input has changed, as far as size and time tell."""
        return self.bytes, self.mtime_ns


@dataclass(slots=True)
class Found:
    """What a look at the folder gives."""

    inputs: list[Input] = field(default_factory=list)
    """By name."""
    others: int = 0
    """Files of other kinds, or excluded."""
    links: int = 0
    """Links that are not followed."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Folders and files that cannot be looked at, and why."""


@dataclass(frozen=True)
class Choosing:
    """What of a folder is wanted."""

    include: tuple[str, ...] = ()
    """Patterns; one without a slash is for names, one with it for the whole path below
    the folder. None: all files with the suffix of a video or picture."""
    exclude: tuple[str, ...] = ()
    """Patterns of files and of whole folders."""
    follow_links: bool = False
    sequences: Sequences = Sequences.AUTO

    @cached_property
    def _patterns(self) -> tuple[tuple[re.Pattern[str], ...], ...]:
        groups = self.include, self.exclude
        return tuple(
            tuple(re.compile(translate(p), re.IGNORECASE) for p in group)
            for group in groups
        )

    def wants(self, relative: str) -> bool:
        """Whether a file is to be converted."""
        included, _ = self._patterns
        if self.excludes(relative):
            return False
        if included:
            return _matches(included, self.include, relative=relative)
        return is_media(relative)

    def excludes(self, relative: str) -> bool:
        """Whether a file or folder is left out."""
        _, excluded = self._patterns
        return _matches(excluded, self.exclude, relative=relative)


def is_media(name: str) -> bool:
    """Whether a file of this name is a video or a picture."""
    suffix = os.path.splitext(name)[1].lower()
    return suffix in _VIDEOS or suffix in PICTURES


def _matches(
    patterns: Sequence[re.Pattern[str]], words: Sequence[str], *, relative: str
) -> bool:
    name = relative.rpartition("/")[2]
    return any(
        pattern.match(relative if "/" in word else name)
        for pattern, word in zip(patterns, words, strict=True)
    )


def found_in(folder: Path, choosing: Choosing, *, without: Path) -> Found:
    """All inputs below a folder, in the order of their names; hidden files are not.

    `without` is a folder that is left out, such as that of the outputs. Raises
    InputError if the folder cannot be read.
    """
    found = Found()
    with reading(folder, "; name a folder"):
        list(os.scandir(folder))
    walk = _Walk(choosing, found)
    if without.is_dir():
        walk.seen.add(_place(without.stat()))
    files = list(walk.files(folder, "", 0))
    found.inputs = sorted(
        _grouped(files, choosing.sequences), key=lambda one: natural_order(one.relative)
    )
    return found


@dataclass(slots=True)
class _Walk:
    choosing: Choosing
    found: Found
    seen: set[tuple[int, int]] = field(default_factory=set)
    """Folders, so that links make no loop."""

    def files(self, folder: Path, below: str, depth: int) -> Iterator[Input]:
        if depth > _DEEPEST:
            self.found.unreadable[below] = "this folder lies too deep"
            return
        try:
            place = _place(folder.stat())
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            words = f"this folder cannot be read: {error.strerror}"
            self.found.unreadable[below] = words
            return
        if place in self.seen:
            return
        self.seen.add(place)
        for entry in entries:
            if not entry.name.startswith("."):
                yield from self._entry(entry, f"{below}{entry.name}", depth=depth)

    def _entry(
        self, entry: os.DirEntry[str], relative: str, *, depth: int
    ) -> Iterator[Input]:
        link = entry.is_symlink()
        if link and not self.choosing.follow_links:
            self.found.links += 1
            return
        try:
            status = entry.stat()
        except OSError as error:
            if link:  # one that leads nowhere
                self.found.links += 1
            elif self.choosing.wants(relative):
                words = f"it cannot be looked at: {error.strerror}"
                self.found.unreadable[relative] = words
            return
        path = Path(entry.path)
        if stat.S_ISDIR(status.st_mode):
            if not self.choosing.excludes(relative):
                yield from self.files(path, f"{relative}/", depth + 1)
        elif stat.S_ISREG(status.st_mode) and self.choosing.wants(relative):
            kind = _kind(relative)
            yield Input(path, relative, kind, status.st_size, status.st_mtime_ns)
        else:
            self.found.others += 1


def _place(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _kind(name: str) -> Kind:
    suffix = os.path.splitext(name)[1].lower()
    return Kind.PICTURE if suffix in PICTURES else Kind.VIDEO


def _grouped(files: Iterable[Input], sequences: Sequences) -> Iterator[Input]:
    """Makes one input of numbered pictures; passes on the others."""
    groups: dict[tuple[str, str, str], list[Input]] = {}
    for file in files:
        key = None if sequences is Sequences.OFF else _series_key(file)
        if key is None:
            yield file
        else:
            groups.setdefault(key, []).append(file)
    for (folder, before, suffix), members in groups.items():
        digits = min(len(_digits(member)) for member in members)
        # Numbers that have outgrown their zeros go on with the others.
        numbered = [m for m in members if _digits(m) == f"{int(_digits(m)):0{digits}d}"]
        name = f"{before}%0{digits}d{suffix}"
        place = members[0].path.with_name(name)
        if not _is_sequence(place, numbered, sequences=sequences):
            yield from members
            continue
        yield from (member for member in members if member not in numbered)
        yield Input(
            path=place,
            relative=f"{folder}{name}",
            kind=Kind.SEQUENCE,
            bytes=sum(member.bytes for member in numbered),
            mtime_ns=max(member.mtime_ns for member in numbered),
        )


def _series_key(file: Input) -> tuple[str, str, str] | None:
    """Folder, name before the number, and suffix; None if it is no numbered picture."""
    folder, slash, name = file.relative.rpartition("/")
    parts = _NUMBERED.fullmatch(name)
    if parts is None or parts[3].lower() not in STILLS or set("%*") & set(name):
        return None
    return folder + slash, parts[1], parts[3]


def _digits(file: Input) -> str:
    parts = _NUMBERED.fullmatch(file.path.name)
    assert parts  # grouped by it
    return parts[2]


def _is_sequence(
    place: Path, members: Sequence[Input], *, sequences: Sequences
) -> bool:
    """Whether pictures that are named alike, in order, belong together."""
    members = sorted(members, key=lambda member: int(_digits(member)))
    numbers = [int(_digits(member)) for member in members]
    few = len(numbers) < (2 if sequences is Sequences.ON else _FEWEST_PICTURES)
    if few or any(b - a != 1 for a, b in pairwise(numbers)):
        return False
    # What the name stands for may be more: what is excluded, links.
    if series_of(place).files != tuple(member.path for member in members):
        return False
    return sequences is Sequences.ON or _look_alike(members)


def _look_alike(members: Sequence[Input]) -> bool:
    """Whether pictures are of one size, and none is a camera's."""
    some = [members[n] for n in (0, len(members) // 2, -1)]
    if max(member.bytes for member in some) > _LARGEST_LOOKED_AT:
        return False
    looks = [tags_of_file(member.path) for member in some]
    sizes = {None if look is None else look.size for look in looks}
    return len(sizes) == 1 and not any(look is None or look.exif for look in looks)
