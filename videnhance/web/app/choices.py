"""The options that the app offers.

Left out is what reaches beyond a conversion: programs given as models, addresses of
other machines, and options of encoders, some of which write files.
"""

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from videnhance.errors import UsageError, printable
from videnhance.models.card import card_names
from videnhance.models.looks import shipped_looks
from videnhance.options import FolderOptions
from videnhance.options.bounds import bounds, option_name
from videnhance.options.profiles import RIVALS

__all__ = ["OFFERED", "checked", "looks", "merged", "offered"]

_GROUPS: Mapping[str, tuple[str, ...]] = {
    "look": ("look", "model", "clean", "strength", "grain", "fuse", "deinterlace"),
    "size": ("scale", "size", "fit"),
    "speed": ("skip", "target_fps", "realtime", "deadline", "precision", "device"),
    "format": ("to", "codec", "crf", "preset", "pix_fmt", "audio"),
    "part": ("start", "end", "max_frames", "video_track"),
    "safety": ("verify", "compare", "overwrite", "discard"),
    "machine": ("tile", "reuse", "max_memory"),
}
OFFERED = tuple(name for names in _GROUPS.values() for name in names)
FORMATS = ("mp4", "mkv", "mov", "webm", "avi")
"""Of videos; what `to` takes."""
_FOR: Mapping[str, str] = {
    "faithful": "true to the source",
    "natural": "visibly better, and still true",
    "crisp": "sharp and clean at first sight",
    "drawn": "for animation",
    "clean": "for bad sources",
}
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .:_/-]{0,39}")
_HINTS = get_type_hints(FolderOptions)
_DEFAULTS = {field.name: field.default for field in fields(FolderOptions)}


def offered() -> list[dict[str, Any]]:
    """Each option with its kind, its choices or bounds, its default and its group."""
    return [
        _described(name, group) for group, names in _GROUPS.items() for name in names
    ]


def looks() -> list[dict[str, str]]:
    """The looks that this version has, and what each is for."""
    return [{"name": look, "for": _FOR.get(look, "")} for look in shipped_looks()]


def _described(name: str, group: str) -> dict[str, Any]:
    choices = _choices(name)
    kinds = {*get_args(_HINTS[name])} or {_HINTS[name]}
    kind = "text"
    if choices:
        kind = "choice"
    elif bool in kinds:
        kind = "bool"
    elif kinds & {int, float} and str not in kinds:
        kind = "number"
    least, most = bounds(name)
    limits = {"least": least, "most": most, "whole": float not in kinds}
    return {
        "name": name,
        "kind": kind,
        **({"choices": choices} if choices else {}),
        **(limits if kind == "number" else {}),
        "default": _DEFAULTS[name],
        "group": group,
    }


def _choices(name: str) -> list[Any]:
    if name == "look":
        return shipped_looks()
    if name == "model":
        return card_names()
    if name == "to":
        return [*FORMATS]
    if name == "scale":
        return [1, 2, 4]
    hint = _HINTS[name]
    return [*get_args(hint)] if get_origin(hint) is Literal else []


def merged(before: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Options with some changed; None, or the default, takes one out.

    What says the same as a new one gives way. Raises UsageError.
    """
    after = dict(before)
    for name, value in changes.items():
        after.pop(name, None)
        if value is not None and value != _DEFAULTS.get(name):
            for rival in RIVALS.get(name, ()):
                after.pop(rival, None)
    known = checked(changes)
    after |= {n: v for n, v in known.items() if v is not None and v != _DEFAULTS[n]}
    if "size" not in after:
        after.pop("fit", None)
    return after


def checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options, if the app offers them all. Raises UsageError."""
    for name, value in options.items():
        if name not in OFFERED:
            raise UsageError(f"{printable(name)} is no option that the app offers")
        if value is not None and not isinstance(value, str | int | float):
            raise UsageError(f"{option_name(name)} takes a word or a number")
        choices = _choices(name)
        if value is not None and choices and value not in choices:
            raise UsageError(
                f"{option_name(name)} {printable(value)} is not possible: use "
                f"{', '.join(map(str, choices))}"
            )
        if isinstance(value, str) and not _WORD.fullmatch(value):
            raise UsageError(f"{option_name(name)} {printable(value)} is not possible")
    return dict(options)
