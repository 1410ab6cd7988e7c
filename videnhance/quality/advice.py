"""Options that suit a clip, each with its reason; they are suggested, never applied."""

import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from videnhance.options import DEFAULT_LOOK, Look
from videnhance.quality.traits import ClipTraits, Fields, Trait

__all__ = ["Advice", "Reason", "advice_of"]

_LARGE = 2560 * 1440
_SMALL_LINES = 288
_FAST = 48
"""Frames a second."""
_SHARP = 0.85
_HALF, _TWO_OF_THREE = 0.36, 0.6
"""Share of repeated frames."""
_PLAIN = ".mkv"
_WRITTEN = frozenset((".mp4", ".mkv", ".mov", ".webm"))
_STILLS = frozenset((".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff"))


class Reason(NamedTuple):
    """Why an option is as it is."""

    option: str
    """As it is written, with its value."""
    words: str


@dataclass(frozen=True, slots=True)
class Advice:
    """Options for a clip."""

    look: Look
    scale: int
    deinterlace: str
    skip: int
    grain: float
    reasons: tuple[Reason, ...]
    """One for each option, in this order; of grain only if it is not 0."""

    def command(self, source: Path) -> str:
        """The whole command, to be copied."""
        words = ["videnhance", str(source), str(_target(source))]
        words += ["--look", self.look, "--scale", str(self.scale)]
        if self.deinterlace != "auto":
            words += ["--deinterlace", self.deinterlace]
        if self.skip != 1:
            words += ["--skip", str(self.skip)]
        if self.grain:
            words += ["--grain", f"{self.grain:g}"]
        return shlex.join(words)

    def as_json(self) -> dict[str, Any]:
        """The same in types that JSON has."""
        reasons = [reason._asdict() for reason in self.reasons]
        return asdict(self) | {"reasons": reasons}


def advice_of(traits: ClipTraits) -> Advice:
    """What suits a clip of these traits."""
    look, why_look = _look(traits)
    scale, why_scale = _scale(traits)
    deinterlace, why_fields = _deinterlace(traits)
    skip, why_skip = _skip(traits)
    grain = 0.5 if Trait.GRAINY in traits.found else 0.0
    reasons = [
        Reason(f"--look {look}", why_look),
        Reason(f"--scale {scale}", why_scale),
        Reason(f"--deinterlace {deinterlace}", why_fields),
        Reason(f"--skip {skip}", why_skip),
    ]
    if grain:
        reasons.append(
            Reason(f"--grain {grain:g}", "the grain belongs to it: half comes back")
        )
    return Advice(look, scale, deinterlace, skip, grain, tuple(reasons))


def _look(traits: ClipTraits) -> tuple[Look, str]:
    found = traits.found
    if Trait.DRAWN in found:
        return "drawn", "flat areas and few greys, as drawings and screens have"
    if flaws := [t.value for t in (Trait.NOISY, Trait.BLOCKY) if t in found]:
        return "clean", f"it is {' and '.join(flaws)}: what is no picture goes"
    if Trait.GRAINY in found:
        return "natural", "sharper, and film stays film"
    if Trait.ENLARGED in found or Trait.SOFT in found:
        return "crisp", "it is soft: lines and edges gain most by this one"
    if traits.detail >= _SHARP and Trait.BANDED not in found:
        return DEFAULT_LOOK, "it is sharp and without flaws: nothing is to be changed"
    return "natural", "an ordinary clip: visibly better, and still true to it"


def _scale(traits: ClipTraits) -> tuple[int, str]:
    size = traits.size
    if Trait.ENLARGED in traits.found:
        factor = traits.softness and traits.softness.enlarged
        was = f"it was enlarged by {factor:g} before" if factor else "it is very soft"
        return 1, f"{was}: a larger picture would show nothing more"
    if size.area >= _LARGE:
        return 1, f"{size} is as large as most screens"
    soft = {Trait.SOFT, Trait.NOISY, Trait.BLOCKY} & {*traits.found}
    if min(size.width, size.height) <= _SMALL_LINES and not soft:
        return 4, f"{size} is small, and it is sharp and clean enough for two steps"
    return 2, "twice as large, the step that the networks are made for"


def _deinterlace(traits: ClipTraits) -> tuple[str, str]:
    fields = traits.fields
    if fields is Fields.WHOLE:
        marked = ", whatever the file says" if traits.marked else ""
        return "auto", f"its pictures are whole{marked}"
    if fields is Fields.TELECINED:
        return "auto", "two of five pictures comb (3:2): those are made from fields"
    if traits.marked:
        return "auto", "it is marked as interlaced, and what combs is made whole"
    return "on", "its pictures comb, and the file does not say so"


def _skip(traits: ClipTraits) -> tuple[int, str]:
    if traits.repeats >= _TWO_OF_THREE:
        return 3, "two of three frames repeat the one before"
    if traits.repeats >= _HALF:
        return 2, "every second frame repeats the one before"
    if traits.rate >= _FAST:
        rate = f"{float(traits.rate):.4g}"
        return 2, f"at {rate} frames a second neighbours are alike: half the time"
    return 1, "every frame is seen by the network"


def _target(source: Path) -> Path:
    """Where the result goes: beside the source, in a container that is written."""
    suffix = source.suffix.lower()
    suffix = suffix if suffix in _WRITTEN | _STILLS else _PLAIN
    return source.with_name(f"{source.stem}-better{suffix}")
