"""What a clip is: the traits that are measured in its pictures, as values and words."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

from videnhance.errors import counted
from videnhance.frame.geometry import Size
from videnhance.quality.flaws import Borders, Noise, Steps
from videnhance.quality.softness import Softness

__all__ = ["ClipTraits", "Fields", "Trait"]

_SOFT, _VERY_SOFT = 0.62, 0.5
"""Share of the size that has detail."""
_NOISY = 1.4
_GRAINY = 0.28
"""Grey levels, and how alike neighbours in it are."""
_BLOCKY, _BANDED = 1.0, 1.2
_REPEATS = 0.12
_DARK = 0.16
_DRAWN = 0.5


class Trait(Enum):
    """What a clip may be found to be."""

    ENLARGED = "enlarged"
    SOFT = "soft"
    NOISY = "noisy"
    GRAINY = "grainy"
    BLOCKY = "blocky"
    BANDED = "banded"
    INTERLACED = "interlaced"
    TELECINED = "telecined"
    REPEATING = "repeating"
    BORDERED = "bordered"
    DARK = "dark"
    DRAWN = "drawn"


class Fields(Enum):
    """What is seen of fields in a clip."""

    WHOLE = "whole pictures"
    SOME = "some pictures comb"
    ALL = "pictures of two fields"
    TELECINED = "film of 24 pictures as video of 30"


@dataclass(frozen=True, slots=True)
class ClipTraits:
    """What was measured in pictures from places all over a clip."""

    size: Size
    """As stored."""
    rate: Fraction
    """Frames a second; 0 if unknown, or for a picture."""
    looked_at: int
    """Pictures."""
    softness: Softness | None
    """None for pictures that are too small to tell."""
    noise: Noise
    steps: Steps
    fields: Fields
    marked: bool
    """Whether the file says that it is interlaced."""
    repeats: float
    """Share of the frames that repeat the one before, where something moves."""
    borders: Borders
    brightness: float
    """Mean of luma from black, 0, to white, 1."""
    drawn: float
    """Share of the picture that is flat and of few greys."""

    @property
    def detail(self) -> float:
        """The share of its size that its detail fills; 1 if that is not known."""
        return self.softness.detail if self.softness else 1.0

    @property
    def found(self) -> tuple[Trait, ...]:
        """What it is, in the order of Trait."""
        return tuple(trait for trait in Trait if self._is(trait))

    def _is(self, trait: Trait) -> bool:
        noisy = self.noise.sigma >= _NOISY
        grainy = noisy and self.noise.alike >= _GRAINY
        is_drawn = self.drawn >= _DRAWN
        blocky = self.steps.blocks >= _BLOCKY and not is_drawn
        factor = self.softness.enlarged if self.softness else None
        return {
            Trait.ENLARGED: factor is not None or self.detail <= _VERY_SOFT,
            Trait.SOFT: factor is None and _VERY_SOFT < self.detail <= _SOFT,
            Trait.NOISY: noisy and not grainy,
            Trait.GRAINY: grainy,
            Trait.BLOCKY: blocky,
            Trait.BANDED: self.steps.bands >= _BANDED and not (blocky or is_drawn),
            Trait.INTERLACED: self.fields in (Fields.ALL, Fields.SOME),
            Trait.TELECINED: self.fields is Fields.TELECINED,
            Trait.REPEATING: self.repeats >= _REPEATS,
            Trait.BORDERED: bool(self.borders),
            Trait.DARK: self.brightness < _DARK,
            Trait.DRAWN: is_drawn,
        }[trait]

    def lines(self) -> Iterator[str]:
        """What was found in words, a line each."""
        yield f"looked at    {counted(self.looked_at, 'picture')}"
        yield f"detail       {self._detail_words()}"
        for trait in self.found:
            if trait not in (Trait.ENLARGED, Trait.SOFT):
                yield f"{trait.value:12} {self._words(trait)}"

    def _detail_words(self) -> str:
        if self.softness is None:
            return "not known: the pictures are too small to tell"
        width, height = self.size.width, self.size.height
        seen = (
            round(width * self.softness.across),
            round(height * self.softness.down),
        )
        words = f"as much as {seen[0]}x{seen[1]} can hold, of {self.size}"
        if factor := self.softness.enlarged:
            return f"{words}; traces of an enlargement by {factor:g}"
        if Trait.ENLARGED in self.found:
            return f"{words}: very soft, or enlarged before"
        return f"{words}: soft" if Trait.SOFT in self.found else words

    def _words(self, trait: Trait) -> str:
        sigma, borders = self.noise.sigma, self.borders
        marked = "as the file says" if self.marked else "and no mark in the file"
        return {
            Trait.NOISY: f"{sigma:.1f} grey levels (standard deviation)",
            Trait.GRAINY: f"{sigma:.1f} grey levels, coarser than a pixel",
            Trait.BLOCKY: "edges of a coder's blocks of 8 pixels show",
            Trait.BANDED: "smooth areas have steps",
            Trait.INTERLACED: f"{self.fields.value}, {marked}",
            Trait.TELECINED: f"{self.fields.value} (3:2), {marked}",
            Trait.REPEATING: f"{self.repeats:.0%} of the frames repeat the one before",
            Trait.BORDERED: f"black: {borders.top} pixels at the top, "
            f"{borders.bottom} at the bottom, {borders.left} left, "
            f"{borders.right} right",
            Trait.DARK: f"{self.brightness:.0%} of white in the mean",
            Trait.DRAWN: f"{self.drawn:.0%} of the picture is flat and of few greys",
        }[trait]

    def as_json(self) -> dict[str, Any]:
        """The same in types that JSON has."""
        soft = self.softness
        return {
            "found": [trait.value for trait in self.found],
            "looked_at": self.looked_at,
            "detail_across": soft and round(soft.across, 3),
            "detail_down": soft and round(soft.down, 3),
            "enlarged_by": soft and soft.enlarged,
            "noise_levels": round(self.noise.sigma, 2),
            "noise_alike": round(self.noise.alike, 2),
            "block_steps": round(self.steps.blocks, 2),
            "band_steps": round(self.steps.bands, 2),
            "fields": self.fields.value,
            "marked_interlaced": self.marked,
            "repeats": round(self.repeats, 3),
            "borders": asdict(self.borders),
            "brightness": round(self.brightness, 3),
            "drawn": round(self.drawn, 3),
        }
