"""The settings that a sample page compares, their names and what they would write."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from videnhance.conversion.estimate import Estimate, bytes_words, seconds_words
from videnhance.errors import UsageError
from videnhance.media.containers import CONTAINERS
from videnhance.models.looks import shipped_looks
from videnhance.options import DEFAULT_LOOK, ConvertOptions
from videnhance.options.bounds import check_names, option_name
from videnhance.options.words import command_line

__all__ = ["PLAIN", "Column", "Tried", "columns_of"]

PLAIN = "plain"
"""The name of the source, enlarged without a network."""
_USUAL = ("faithful", "natural", "crisp")
_NETWORKS = ("look", "model", "clean")
_MOST = 6
"""Columns: their pairs are compared, too."""


@dataclass(frozen=True, slots=True)
class Column:
    """One way to convert the source."""

    name: str
    options: ConvertOptions
    source: Path
    target: Path
    """What the command would write."""

    @property
    def command(self) -> str:
        """The command line that converts the whole so, quoted for a shell."""
        return command_line(self.source, self.target, self.options)


@dataclass(frozen=True, slots=True)
class Tried:
    """One way to convert, and what it takes."""

    name: str
    options: ConvertOptions
    command: str
    """The command line that converts the whole so."""
    estimate: Estimate
    what: str
    """What is made, by which network."""
    notices: tuple[str, ...]

    @property
    def takes(self) -> str:
        """Time and size, in words."""
        guess = self.estimate
        if guess.seconds is None or guess.bytes is None:
            return f"{guess.frames_per_second:.3g} frames a second"
        return f"about {seconds_words(guess.seconds)}, {bytes_words(guess.bytes)}"


def columns_of(
    source: Path,
    options: ConvertOptions,
    tries: Iterable[Mapping[str, Any]],
    *,
    suits: str = DEFAULT_LOOK,
) -> list[Column]:
    """A column for each of `tries`, which are changes of the options.

    Without any: the options as they are, if they name a network, else three looks, the
    one that `suits` first.
    Raises UsageError.
    """
    changes = list(tries) or _usual(options, suits)
    if len(changes) > _MOST:
        raise UsageError(f"{len(changes)} ways are too many to compare: {_MOST} fit")
    columns: list[Column] = []
    for change in changes:
        check_names(ConvertOptions, change)
        chosen = replace(_without_rivals(options, change), **change)
        name = _name(chosen, change, taken={column.name for column in columns})
        suffix = source.suffix if source.suffix.lower() in CONTAINERS else ".mp4"
        words = "-".join("".join(c if c.isalnum() else " " for c in name).split())
        target = source.with_name(f"{source.stem}-{words}{suffix}")
        columns.append(Column(name, chosen, source, target))
    return columns


def _usual(options: ConvertOptions, suits: str) -> list[Mapping[str, Any]]:
    plain = ConvertOptions()
    if any(getattr(options, name) != getattr(plain, name) for name in _NETWORKS):
        return [{}]
    there = shipped_looks()
    looks = [look for look in dict.fromkeys((suits, *_USUAL)) if look in there]
    return [{"look": look} for look in looks[: len(_USUAL)]] or [{}]


def _without_rivals(
    options: ConvertOptions, change: Mapping[str, Any]
) -> ConvertOptions:
    """The options without what says the same as the change."""
    rivals: dict[str, Any] = {}
    if set(_NETWORKS) & change.keys():
        rivals |= {"look": DEFAULT_LOOK, "model": None, "clean": None}
    if {"scale", "size"} & change.keys():
        rivals |= {"scale": None, "size": None, "fit": "inside"}
    return replace(options, **rivals)


def _name(
    options: ConvertOptions, change: Mapping[str, Any], *, taken: set[str]
) -> str:
    """What a column is called: its network, and what else it tries."""
    words = [options.look if options.model is None else Path(options.model).stem]
    if options.clean is not None:
        words = [f"clean {options.clean:g}"]
    for name, value in change.items():
        if name in _NETWORKS or value is None or value is False:
            continue
        word = option_name(name).lstrip("-").replace("-", " ")
        words.append(word if value is True else f"{word} {value}")
    called, number = ", ".join(words), 2
    while called in taken or called == PLAIN:
        called, number = f"{', '.join(words)} ({number})", number + 1
    return called
