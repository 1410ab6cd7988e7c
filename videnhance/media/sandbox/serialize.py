"""Values as JSON and back, with every type and range checked on the way in.

What comes back was written by a process that may have been taken over: nothing but the
types that the fields name is ever made from it.
"""

# ruff: noqa: ANN401 - what travels is of any type

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from fractions import Fraction
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

__all__ = ["SerializeError", "from_plain", "to_plain"]

_FRACTION = re.compile(r"-?[0-9]{1,40}/[0-9]{1,40}")
_LARGEST = 1 << 64


class SerializeError(ValueError):
    """What arrived is not what was agreed."""


def to_plain(value: object) -> Any:
    """The value in types that JSON has. Raises TypeError for a type it does not know.

    Knows dataclasses, enums, fractions, bytes, tuples, lists, mappings and plain
    values.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    raise TypeError(f"a {type(value).__name__} does not travel")


def from_plain(kind: Any, plain: Any) -> Any:
    """The value of this type that `to_plain` made `plain` of. Raises SerializeError."""
    try:
        return _made(kind, plain)
    except SerializeError:
        raise
    except (ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise SerializeError(
            f"{error} in a {getattr(kind, '__name__', kind)}"
        ) from None


def _made(kind: Any, plain: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _one_of(get_args(kind), plain)
    if origin is tuple:
        return _tuple(get_args(kind), plain)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(get_args(kind), plain)
    if is_dataclass(kind):
        return _dataclass(kind, plain)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind, plain)
    return _scalar(kind, plain)


def _scalar(kind: Any, plain: Any) -> Any:
    if isinstance(plain, str):
        if kind is Fraction and _FRACTION.fullmatch(plain):
            return Fraction(plain)
        if kind is bytes:
            return bytes.fromhex(plain)
    if kind is float and type(plain) is int:
        return float(plain)
    # `type` and not isinstance: True is an int to Python.
    good = kind in (bool, int, float, str, NoneType) and type(plain) is kind
    if good and kind in (int, float):
        good = isfinite(plain) and abs(plain) <= _LARGEST
    if not good:
        raise SerializeError(
            f"{plain!r:.40} is not a {getattr(kind, '__name__', kind)}"
        )
    return plain


def _member(kind: type[Enum], plain: Any) -> Enum:
    if not isinstance(plain, str) or plain not in kind.__members__:
        raise SerializeError(f"{plain!r:.40} is not a {kind.__name__}")
    return kind[plain]


def _one_of(kinds: tuple[Any, ...], plain: Any) -> Any:
    for kind in kinds:
        try:
            return _made(kind, plain)
        except (SerializeError, ValueError, TypeError):
            continue
    raise SerializeError(f"{plain!r:.40} is none of {kinds}")


def _tuple(kinds: tuple[Any, ...], plain: Any) -> tuple[Any, ...]:
    if not isinstance(plain, list):
        raise SerializeError(f"{plain!r:.40} is no list")
    if len(kinds) == 2 and kinds[1] is ...:
        return tuple(_made(kinds[0], item) for item in plain)
    if len(kinds) != len(plain):
        raise SerializeError(f"{len(plain)} values stand for {len(kinds)}")
    return tuple(map(_made, kinds, plain))


def _mapping(kinds: tuple[Any, ...], plain: Any) -> dict[Any, Any]:
    if not isinstance(plain, dict):
        raise SerializeError(f"{plain!r:.40} is no mapping")
    key, item = kinds
    return {_made(key, k): _made(item, v) for k, v in plain.items()}


def _dataclass(kind: Any, plain: Any) -> Any:
    if not isinstance(plain, dict):
        raise SerializeError(f"{plain!r:.40} is no {kind.__name__}")
    hints = _hints(kind)
    wanted = {f.name: f for f in fields(kind)}
    if plain.keys() - wanted.keys():
        raise SerializeError(f"unknown fields in a {kind.__name__}")
    for name, field in wanted.items():
        needed = field.default is MISSING and field.default_factory is MISSING
        if needed and name not in plain:
            raise SerializeError(f"a {kind.__name__} lacks {name}")
    made: Callable[..., Any] = kind
    return made(**{name: _made(hints[name], item) for name, item in plain.items()})


_hints = cache(get_type_hints)
