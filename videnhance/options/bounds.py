"""What values an option can have: its kind and range, in words that name it."""

from collections.abc import Mapping
from difflib import get_close_matches
from math import inf
from types import NoneType, UnionType
from typing import Literal, get_args, get_origin, get_type_hints

from videnhance.errors import UsageError, printable

__all__ = ["bounds", "check", "check_kinds", "check_names", "option_name"]

# Where the command line has another word.
_OWN_NAMES = {"pipe_format": "format", "encoder_options": "-e", "audio": "no-audio"}
_RANGES: dict[str, tuple[float, float, str]] = {
    "clean": (0, 1, "0 to 1"),
    "end": (0, inf, "seconds after the start"),
    "fuse": (0, 1, "0 to 1"),
    "grain": (0, 1, "0 to 1"),
    "jobs": (1, inf, "1 or more"),
    "limit_pixels": (1, inf, "1 or more"),
    "max_cpu": (1, 100, "1 to 100, a percentage of all cores"),
    "max_frames": (1, inf, "1 or more"),
    "max_memory": (1, inf, "1 or more, in MB"),
    "picture_quality": (1, 100, "1 to 100"),
    "segment": (1, inf, "1 or more"),
    "settle": (0, inf, "0 or more, in seconds"),
    "skip": (1, inf, "1 (every frame) or more"),
    "start": (0, inf, "0 or more: nothing is before the video"),
    "strength": (0, 1.5, "0 to 1.5"),
    "target_fps": (0.001, 1000, "0.001 to 1000, in frames a second"),
    "tile": (32, inf, "32 or more"),
    "video_track": (0, inf, "0 or more"),
    "workers": (0, 256, "0 to 256"),
}
_WHOLE_NUMBERS = frozenset(
    (
        *("crf", "jobs", "limit_pixels", "max_frames", "max_memory", "scale"),
        *("picture_quality", "segment", "skip", "tile", "video_track", "workers"),
    )
)
_NUMBERS = _WHOLE_NUMBERS | _RANGES.keys()
_ANY = (-inf, inf, "a number")
_SCALES = (1, 2, 4)


def check(**chosen: object) -> None:
    """Raises UsageError for the first choice out of its range; None never is."""
    for name, value in chosen.items():
        if value is not None and not _is_possible(name, value):
            raise UsageError(
                f"{option_name(name)} {printable(value)} is not possible; use "
                f"{_wanted(name)}"
            )


def bounds(name: str) -> tuple[float | None, float | None]:
    """The least and the largest value of an option; None where there is no such."""
    low, high, _ = _RANGES.get(name, _ANY)
    return None if low == -inf else low, None if high == inf else high


def _is_possible(name: str, value: object) -> bool:
    if name == "scale":
        return value in _SCALES
    kind = int if name in _WHOLE_NUMBERS else int | float
    low, high, _ = _RANGES.get(name, _ANY)
    if name not in _NUMBERS:
        return True
    return isinstance(value, kind) and low <= value <= high and abs(value) < inf


def _wanted(name: str) -> str:
    return "1, 2 or 4" if name == "scale" else _RANGES.get(name, _ANY)[2]


def check_kinds(options: object) -> None:
    """Raises UsageError for a value of another kind than its field's."""
    for name, hint in get_type_hints(type(options)).items():
        value = getattr(options, name)
        if get_origin(hint) is Literal:
            words = get_args(hint)
            is_right, wanted = value in words, f"use {', '.join(words)}"
        else:
            kinds = _kinds(hint)
            names = (kind.__name__ for kind in kinds if kind is not NoneType)
            is_right, wanted = isinstance(value, kinds), f"give {' or '.join(names)}"
        if not is_right:
            shown = printable(value if isinstance(value, str) else repr(value))
            raise UsageError(f"{option_name(name)} {shown} is not possible; {wanted}")


def _kinds(hint: object) -> tuple[type, ...]:
    """The classes whose values a field takes."""
    parts = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    kinds = tuple(get_origin(part) or part for part in parts)
    return (*kinds, int) if float in kinds else kinds


def check_names(kind: type, names: Mapping[str, object]) -> None:
    """Raises UsageError for a name that is no option, with the nearest one."""
    known = get_type_hints(kind)
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else "see its list of options"
            raise UsageError(f"{kind.__name__} has no option {printable(name)}; {hint}")


def option_name(name: str) -> str:
    """The option of the command line for a field."""
    word = _OWN_NAMES.get(name, name).replace("_", "-")
    return word if word.startswith("-") else f"--{word}"
