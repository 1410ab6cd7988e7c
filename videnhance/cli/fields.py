"""Options of the command line from fields of ConvertOptions, and fields from options.

Types and defaults stand once, in ConvertOptions and FolderOptions: an option takes them
from the field that it is called as.
"""

from collections.abc import Callable
from dataclasses import MISSING, fields
from math import isfinite
from pathlib import Path
from types import NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import click

from videnhance.cli.help import Decorator, in_section
from videnhance.options import ConvertOptions, FolderOptions

__all__ = ["FILE", "TIME", "field_option", "options_from", "pairs"]

Options = TypeVar("Options", bound=ConvertOptions)

FILE = click.Path(path_type=Path)
_FIELDS = {field.name: field for field in fields(FolderOptions)}
_HINTS = get_type_hints(FolderOptions)


def field_option(section: str) -> Callable[..., Decorator]:
    """What makes the options of a section, each as the field that it is called as."""
    make = in_section(section)

    def make_field(words: str, effect: str, **named: Any) -> Decorator:
        flags = [word.partition("/")[0] for word in words.split() if word[0] == "-"]
        name = named.get("name") or max(flags, key=len).lstrip("-").replace("-", "_")
        of_field = _of_field(name, "/" in words) if name in _FIELDS else {}
        return make(words, effect, **{**of_field, **named})

    return make_field


def _of_field(name: str, has_opposite: bool) -> dict[str, Any]:
    """What click is told of a field's kind and default."""
    hint, default = _HINTS[name], _FIELDS[name].default
    # 0 is a default, though it equals False.
    is_none = default is False or default in (MISSING, None, ())
    named = {} if is_none else {"default": default}
    if get_origin(hint) is Literal:
        return {**named, "type": click.Choice(get_args(hint))}
    if hint is bool:
        return named if has_opposite else {"is_flag": True}
    if get_origin(hint) is tuple:
        return {"multiple": True}
    kinds = [kind for kind in get_args(hint) or (hint,) if kind is not NoneType]
    return {**named, "type": kinds[0]} if kinds in ([int], [float]) else named


def options_from(words: dict[str, Any], kind: type[Options]) -> Options:
    """What a command's words choose; those that it lacks keep their defaults.

    Raises UsageError.
    """
    chosen = {f.name: words[f.name] for f in fields(kind) if f.name in words}
    if "no_audio" in words:
        chosen["audio"] = not words["no_audio"]
    if "extra" in words:
        chosen["encoder_options"] = words["extra"]
    chosen["start"] = words.get("start") or 0.0
    return kind(**chosen)


def _seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
    """Seconds from `90`, `1:30` or `0:01:30.5`."""
    del ctx
    if value is None:
        return None
    try:
        parts = [float(part) for part in value.split(":")]
        if not all(map(isfinite, parts)) or (len(parts) > 1 and "-" in value):
            raise ValueError(value)
        seconds = sum(part * 60**n for n, part in enumerate(reversed(parts)))
    except ValueError as error:
        raise click.BadParameter(
            f"{value!r} is no time; write seconds, M:SS or H:MM:SS", param=param
        ) from error
    return seconds


def pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> Any:
    """A dictionary of what is given as KEY=VALUE."""
    del ctx
    for value in values:
        if "=" not in value[1:]:
            raise click.BadParameter(f"{value!r} is not key=value", param=param)
    return dict(value.split("=", 1) for value in values)


TIME: dict[str, Any] = {"type": str, "default": None, "callback": _seconds}
"""A time, as click is told of it."""
