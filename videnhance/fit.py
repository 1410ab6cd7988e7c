"""The size that a user asks for: a box as displayed, after rotation, in square pixels.

`inside` keeps the picture's own pixel shape, so that nothing but the size changes;
`cover`, `pad` and `stretch` give exactly the box, in square pixels.
"""

import re
from dataclasses import dataclass
from enum import Enum

from videnhance.errors import UsageError, printable
from videnhance.region import Size

__all__ = ["LONGEST_SIDE", "Box", "Fit", "box_of"]

_NAMED = {
    "2k": Size(2560, 1440),
    "4k": Size(3840, 2160),
    "8k": Size(7680, 4320),
}
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
