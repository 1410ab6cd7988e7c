"""Options as words of a command line."""

import shlex
from collections.abc import Iterable
from dataclasses import fields
from os import PathLike, fspath
from typing import Any

from videnhance.options import ConvertOptions
from videnhance.options.bounds import option_name

__all__ = ["command_line", "joined", "option_words", "words_of"]


def command_line(
    source: str | PathLike[str], target: str | PathLike[str], options: ConvertOptions
) -> str:
    """The command that converts with these options, quoted for a shell."""
    return joined(["videnhance"], source, target, option_words(options))


def joined(
    command: list[str],
    source: str | PathLike[str],
    target: str | PathLike[str],
    words: Iterable[str],
) -> str:
    """A command with its files and the words of its options, quoted for a shell."""
    files = [_as_file(fspath(source)), _as_file(fspath(target))]
    return shlex.join([*command, *files, *words])


def option_words(options: ConvertOptions) -> list[str]:
    """What differs from the defaults, as words of a command line."""
    words: list[str] = []
    for field in fields(options):
        value = getattr(options, field.name)
        if field.name == "encoder_options":
            for pair in value.items():
                words += ["-e", "=".join(pair)]
        elif value != field.default:
            words += words_of(field.name, value)
    return words


def words_of(name: str, value: Any) -> list[str]:  # noqa: ANN401
    """What the command line takes for a field of the options."""
    option = option_name(name)
    if option == "--no-audio":
        return [option] * (not value)
    if isinstance(value, bool):
        return [option] * value
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    if isinstance(value, float) and float(shown) != value:
        shown = str(value)  # 23.976024 has more digits than are shown otherwise
    # A value that begins with a dash would be taken for an option.
    return [f"{option}={shown}"] if shown.startswith("-") else [option, shown]


def _as_file(name: str) -> str:
    """A name that is not taken for an option."""
    return f"./{name}" if name.startswith("-") else name
