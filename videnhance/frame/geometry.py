"""Sizes and rectangles in pixels, and the box that a user asks a picture to fit.

A box is as displayed, after rotation, in square pixels. `inside` keeps the picture's
own pixel shape, so that nothing but the size changes; `cover`, `pad` and `stretch` give
exactly the box, in square pixels.
"""

import re
from dataclasses import dataclass
from enum import Enum

from videnhance.errors import UsageError, printable

__all__ = ["LONGEST_SIDE", "Box", "Fit", "Region", "Size", "box_of", "size_of"]


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels, both at least 1."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a size must be at least 1x1, got {self}")

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def area(self) -> int:
        """Pixels."""
        return self.width * self.height

    def scaled(self, factor: int) -> "Size":
        """The size, `factor` times as wide and high."""
        return Size(self.width * factor, self.height * factor)


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle: `x`, `y` is its first pixel; `width`, `height` are at least 1."""

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.x < 0 or self.y < 0 or self.width < 1 or self.height < 1:
            raise ValueError(f"not a region inside a frame: {self}")

    @classmethod
    def of(cls, size: Size) -> "Region":
        """The whole frame."""
        return cls(0, 0, size.width, size.height)

    @property
    def size(self) -> Size:
        """Width and height."""
        return Size(self.width, self.height)

    @property
    def right(self) -> int:
        """The first column to the right."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row below."""
        return self.y + self.height

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns, to index an H x W array."""
        return slice(self.y, self.bottom), slice(self.x, self.right)

    def grown(self, margin: int, size: Size) -> "Region":
        """The region and `margin` pixels around it, as far as the frame reaches."""
        left, top = max(self.x - margin, 0), max(self.y - margin, 0)
        right = min(self.right + margin, size.width)
        bottom = min(self.bottom + margin, size.height)
        return Region(left, top, right - left, bottom - top)

    def scaled(self, factor: int) -> "Region":
        """The same region in a frame that is `factor` times as large."""
        return Region(*(v * factor for v in (self.x, self.y, self.width, self.height)))

    def within(self, outer: "Region") -> "Region":
        """The region in coordinates of `outer`, which contains it."""
        return Region(self.x - outer.x, self.y - outer.y, self.width, self.height)

    def intersected(self, other: "Region") -> "Region | None":
        """The common part; None if there is none."""
        left, top = max(self.x, other.x), max(self.y, other.y)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        if right <= left or bottom <= top:
            return None
        return Region(left, top, right - left, bottom - top)


_NAMED = {"2k": Size(2560, 1440), "4k": Size(3840, 2160), "8k": Size(7680, 4320)}
_LINES = re.compile(r"(\d{3,4})p")
_SIDES = re.compile(r"(\d{0,6})x(\d{0,6})")
_SHORTEST_SIDE = 16
LONGEST_SIDE = 16384
"""In pixels; the usual encoders take no more."""


class Fit(Enum):
    """How a picture of another shape comes into a box."""

    COVER = "cover"
    """Fills the box; what stands out is cut off on both sides alike."""
    INSIDE = "inside"
    """As large as the box allows; the result has the picture's shape."""
    PAD = "pad"
    """As inside, with black bars up to the box."""
    STRETCH = "stretch"
    """Fills the box, distorted."""


@dataclass(frozen=True, slots=True)
class Box:
    """The size that is asked for, as displayed; one side may be left open."""

    words: str
    """As the user wrote it."""
    width: int | None
    height: int | None
    fit: Fit = Fit.INSIDE
    turns: bool = False
    """Whether it is turned for a picture that is higher than wide: named sizes are."""


def size_of(words: str, option: str = "--raw-size") -> Size:
    """A size from `640x360`. Raises UsageError, which names the option."""
    width, cross, height = words.partition("x")
    good = cross and width.isdecimal() and height.isdecimal()
    if not good or not int(width) or not int(height):
        raise UsageError(f"{option} {printable(words)} is no size; write 640x360")
    return Size(int(width), int(height))


def box_of(wanted: str, fit: Fit) -> Box:
    """The box that `1080p`, `2k`, `4k`, `8k`, `1280x720`, `1280x` or `x720` stands for.

    Raises UsageError for anything else.
    """
    words = wanted.strip().lower()
    named, sides = _named(words), _SIDES.fullmatch(words)
    if named is not None:
        box = Box(wanted, named.width, named.height, fit, turns=True)
    elif sides is not None and any(sides.groups()):
        width, height = (int(side) if side else None for side in sides.groups())
        box = Box(wanted, width, height, fit)
    else:
        raise UsageError(
            f"--size {printable(wanted)} is no size; write 720p, 1080p, 2k, 4k, 8k, "
            "1280x720, 1280x (any height) or x720 (any width)"
        )
    _check_sides(box)
    if fit is not Fit.INSIDE and None in (box.width, box.height):
        raise UsageError(
            f"--fit {fit.value} needs both sides of the box; write --size WxH instead "
            f"of {printable(wanted)}"
        )
    return box


def _named(words: str) -> Size | None:
    lines = _LINES.fullmatch(words)
    if lines is None:
        return _NAMED.get(words)
    height = int(lines[1])
    return Size(max(2 * round(height * 8 / 9), 2), max(height, 1))


def _check_sides(box: Box) -> None:
    for side in (box.width, box.height):
        if side is not None and not _SHORTEST_SIDE <= side <= LONGEST_SIDE:
            raise UsageError(
                f"--size {printable(box.words)} has a side of {side} pixels; sides can "
                f"have {_SHORTEST_SIDE} to {LONGEST_SIDE}"
            )
