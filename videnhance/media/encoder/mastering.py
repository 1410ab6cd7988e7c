"""Writes HDR's static metadata (SMPTE ST 2086, CTA-861.3) into encoder parameters.

The encoders that know it write it into the bitstream, where every container carries it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from videnhance.frame import Light, Mastering

__all__ = ["light_notice", "params_name", "with_light"]


@dataclass(frozen=True, slots=True)
class _Words:
    """How an encoder is told."""

    option: str
    """The option that holds all parameters, as `key=value` with colons between."""
    mastering: str
    level: str
    chromaticity: Callable[[Fraction], str]
    luminance: Callable[[Fraction], str]


def _fiftythousandths(value: Fraction) -> str:
    return str(round(value * 50_000))


def _tenthousandths(value: Fraction) -> str:
    return str(round(value * 10_000))


def _decimal(value: Fraction) -> str:
    return f"{float(value):.6f}"


_H26X = (_fiftythousandths, _tenthousandths)
_X264 = _Words("x264-params", "mastering-display", "cll", *_H26X)
_WORDS = {
    "libsvtav1": _Words(
        "svtav1-params", "mastering-display", "content-light", _decimal, _decimal
    ),
    "libx264": _X264,
    "libx264rgb": _X264,
    "libx265": _Words("x265-params", "master-display", "max-cll", *_H26X),
}


def params_name(codec: str) -> str | None:
    """The encoder's option that takes all its own parameters; None if none is known."""
    words = _WORDS.get(codec)
    return words.option if words else None


def with_light(codec: str, light: Light | None, given: str) -> str:
    """The encoder's parameters: those of `light`, and `given`, which win."""
    words = _WORDS[codec]
    theirs = {part.partition("=")[0].replace("_", "-") for part in given.split(":")}
    ours = _parameters(words, light) if light else {}
    kept = [f"{key}={value}" for key, value in ours.items() if key not in theirs]
    return ":".join([*kept, *([given] if given else [])])


def _parameters(words: _Words, light: Light) -> Mapping[str, str]:
    found = {}
    display = light.mastering and _display(words, light.mastering)
    if display:
        found[words.mastering] = display
    if light.max_cll is not None or light.max_fall is not None:
        found[words.level] = f"{light.max_cll or 0},{light.max_fall or 0}"
    return found


def _display(words: _Words, display: Mastering) -> str | None:
    """The display in words; None if a part of it is not known: none is made up."""
    points = {
        "G": display.green,
        "B": display.blue,
        "R": display.red,
        "WP": display.white,
    }
    parts = []
    for name, point in points.items():
        if point is None:
            return None
        parts.append(f"{name}({','.join(map(words.chromaticity, point))})")
    if display.max_luminance is None or display.min_luminance is None:
        return None
    ends = (display.max_luminance, display.min_luminance)
    return "".join([*parts, f"L({','.join(map(words.luminance, ends))})"])


def light_notice(codec: str, light: Light | None) -> str | None:
    """What of `light` an output of this encoder does not say; None if nothing."""
    if light is None:
        return None
    if codec not in _WORDS:
        return (
            f"HDR's mastering data is left out: {codec} stores none; "
            "libx265, libx264 and libsvtav1 do"
        )
    if light.mastering and not _display(_WORDS[codec], light.mastering):
        return "HDR's mastering display is left out: the source says only a part of it"
    return None
