"""Names that stand for many pictures: `frames/%06d.png` and `frames/*.png`."""

import re
from dataclasses import dataclass
from pathlib import Path

from videnhance.errors import InputError, UsageError, counted, printable, reading
from videnhance.media.picture_formats import STILLS

__all__ = [
    "NumberedName",
    "Series",
    "is_series",
    "natural_order",
    "numbered_name",
    "series_of",
]

_NUMBER = re.compile(r"%(?:0(\d{1,2}))?d")
_DIGITS = re.compile(r"(\d+)")
_MOST_DIGITS = 18
_LONG = 4000
"""Digits that Python refuses to make a number of."""


@dataclass(frozen=True, slots=True)
class NumberedName:
    """A name with a number in it, `%d` or filled up with zeros as `%06d`."""

    place: Path
    before: str
    after: str
    digits: int

    def file(self, number: int) -> Path:
        """The name of the picture with this number."""
        return self.place.parent / f"{self.before}{number:0{self.digits}d}{self.after}"

    def number(self, name: str) -> int | None:
        """The number in a file's name; None if it is no name of this kind."""
        if not name.startswith(self.before) or not name.endswith(self.after):
            return None
        digits = name[len(self.before) : len(name) - len(self.after)]
        if not digits.isdecimal() or not digits.isascii():
            return None
        number = int(digits) if len(digits) <= _MOST_DIGITS else None
        # What `%06d` makes of a number: 42 and 000042 are not both it.
        same = number is not None and f"{number:0{self.digits}d}" == digits
        return number if same else None


@dataclass(frozen=True, slots=True)
class Series:
    """The pictures that a name stands for, in order; at least one."""

    files: tuple[Path, ...]
    numbers: tuple[int, ...] = ()
    """The number of each; empty if the name has none in it."""

    @property
    def gap(self) -> str | None:
        """Which numbers are missing between the first and the last, in words."""
        pairs = zip(self.numbers, self.numbers[1:], strict=False)
        holes = [(a + 1, b - 1) for a, b in pairs if b - a > 1]
        if not holes:
            return None
        count = sum(last - first + 1 for first, last in holes)
        first, last = holes[0]
        where = f"{first}" if first == last else f"{first} to {last}"
        more = " and others" if len(holes) > 1 else ""
        lost = counted(count, "picture is", "pictures are")
        return f"{lost} missing ({where}{more}): the rest close up"


def is_series(place: Path) -> bool:
    """Whether the name stands for many files; one that exists so named does not."""
    name = place.name
    return (_NUMBER.search(name) is not None or "*" in name) and not place.exists()


def numbered_name(place: Path) -> NumberedName:
    """The name taken apart. Raises UsageError unless it has one number in it."""
    found = list(_NUMBER.finditer(place.name))
    if len(found) != 1:
        raise UsageError(
            f"{printable(place)} has {len(found)} numbers in it: write one, as %06d.png"
        )
    number = found[0]
    digits = int(number[1] or 1)
    if digits > _MOST_DIGITS:
        raise UsageError(f"{printable(number[0])} is too many digits: write %06d")
    name = place.name
    return NumberedName(place, name[: number.start()], name[number.end() :], digits)


def series_of(place: Path) -> Series:
    """The pictures that exist under such a name.

    Raises InputError if there is none, or the folder cannot be read.
    """
    folder = place.parent
    with reading(folder, "; check the name"):
        names = sorted((p.name for p in folder.iterdir()), key=natural_order)
    if "*" in place.name:
        wanted = re.compile(".*".join(map(re.escape, place.name.split("*"))), re.DOTALL)
        kept = [n for n in names if wanted.fullmatch(n) and not n.startswith(".")]
        series = Series(
            tuple(folder / n for n in kept if Path(n).suffix.lower() in STILLS)
        )
    else:
        name = numbered_name(place)
        numbers = sorted(n for n in map(name.number, names) if n is not None)
        series = Series(tuple(map(name.file, numbers)), tuple(numbers))
    if not series.files:
        raise InputError(f"there are no pictures {printable(place)}: check the name")
    return series


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """A key that puts 2 before 10, and equal numbers by their zeros."""
    return [
        (1, int(part), part) if part.isdecimal() and len(part) < _LONG else (0, 0, part)
        for part in _DIGITS.split(name)
    ]
