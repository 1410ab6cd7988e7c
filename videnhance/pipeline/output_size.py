"""Plans how frames come to their stored size: the scale, a crop, a place in black.

Both sides of what is stored are whole chroma samples. Arithmetic alone.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from videnhance.errors import UsageError, printable
from videnhance.frame.geometry import LONGEST_SIDE, Box, Fit, Region, Size

__all__ = ["Target", "planned_size", "squared"]

_SCALES = (1, 2, 4)
_LEFT_TO_RESIZING = 1.05
"""A step of the network costs as much as all before it: not for the last 5 percent."""
_VISIBLE = Fraction(1, 200)
"""A shape that is further off than this is put right."""
_LARGEST_TERM = 255
"""MPEG-4 stores the terms of a pixel's shape in 8 bits."""


@dataclass(frozen=True, slots=True)
class Target:
    """How frames come to their stored size: enlarged, cut, resized, put on black."""

    source: Size
    """The frames that it is planned for."""
    scale: int
    """The network's part: 1, 2 or 4."""
    crop: Region
    """What is used of the enlarged frame."""
    place: Region
    """Where that stands in the result; around it is black."""
    size: Size
    """What is stored."""
    sample_aspect_ratio: Fraction | None
    """Shape of the stored pixels; None if the source says nothing of it."""

    @property
    def resizes(self) -> bool:
        """Whether anything is left to do when the network is done."""
        return self.size != self.source.scaled(self.scale)

    @property
    def is_rounded(self) -> bool:
        """Whether a pixel is missing to an even side: not worth a bar of black."""
        place, size = self.place.size, self.size
        missing = size.width - place.width, size.height - place.height
        return max(missing) == 1


def planned_size(
    source: Size,
    sample_aspect_ratio: Fraction | None,
    *,
    rotation_degrees: int,
    box: Box,
    chroma_shift: tuple[int, int] = (1, 1),
) -> Target:
    """How frames of `source` come to `box`; both sides keep whole chroma samples.

    Raises UsageError if the box cannot be met.
    """
    aspect = sample_aspect_ratio or Fraction(1)
    shown = (source.width * aspect, Fraction(source.height))
    width, height = box.width, box.height
    # As displayed a picture that is turned has its sides the other way round.
    turned = rotation_degrees % 180 == 90
    if box.turns and turned != (shown[1] > shown[0]):
        width, height = height, width
    if turned:
        width, height = height, width
    grid = _Grid(1 << chroma_shift[0], 1 << chroma_shift[1])
    if box.fit is Fit.INSIDE or width is None or height is None:
        size = _inside(source, aspect, limits=(width, height), grid=grid)
        _check_length(box.words, size)
        across = Fraction(size.width, source.width)
        scale = _least_scale(max(across, Fraction(size.height, source.height)))
        whole = Region.of(source.scaled(scale)), Region.of(size)
        shape = _corrected(sample_aspect_ratio, source, size=size)
        return Target(source, scale, *whole, size, shape)
    size = Size(width, height)
    grid.check(box.words, size)
    square = None if sample_aspect_ratio is None else Fraction(1)
    scale, crop, place = _exact(source, aspect, size=size, fit=box.fit, grid=grid)
    return Target(source, scale, crop, place, size, square)


def squared(source: Size, sample_aspect_ratio: Fraction, scale: int) -> Target:
    """Frames `scale` times as large, and longer along the longer side of a pixel."""
    enlarged, aspect = source.scaled(scale), sample_aspect_ratio
    across, down = max(aspect, Fraction(1)), max(1 / aspect, Fraction(1))
    most = Size(LONGEST_SIDE, LONGEST_SIDE)
    size = _Grid(2, 2).nearest(enlarged.width * across, enlarged.height * down, most)
    whole = Region.of(enlarged), Region.of(size)
    return Target(source, scale, *whole, size, Fraction(1))


def _check_length(words: str, size: Size) -> None:
    longest = max(size.width, size.height)
    if longest > LONGEST_SIDE:
        raise UsageError(
            f"--size {printable(words)} makes a side of {longest} pixels; the most is "
            f"{LONGEST_SIDE}: name both sides"
        )


@dataclass(frozen=True, slots=True)
class _Grid:
    """The pixels that share a chroma sample."""

    across: int
    down: int

    def check(self, words: str, size: Size) -> None:
        if size.width % self.across or size.height % self.down:
            raise UsageError(
                f"--size {printable(words)}: colour is stored for {self.across}x"
                f"{self.down} pixels at a time; use multiples of these"
            )

    def nearest(self, width: Fraction, height: Fraction, most: Size) -> Size:
        """The nearest size of whole chroma samples that is not larger than `most`."""
        return Size(
            _nearest(width, self.across, most=most.width),
            _nearest(height, self.down, most=most.height),
        )


def _nearest(length: Fraction, step: int, *, most: int) -> int:
    """The nearest multiple of `step`, at least one and at most `most`."""
    nearest = floor(length / step + Fraction(1, 2)) * step
    return max(min(nearest, most // step * step), step)


def _inside(
    source: Size,
    aspect: Fraction,
    *,
    limits: tuple[int | None, int | None],
    grid: _Grid,
) -> Size:
    """The largest size of the picture's shape, in its own pixels, within `limits`."""
    width, height = limits
    factors, most = [], [LONGEST_SIDE * source.width, LONGEST_SIDE * source.height]
    if width is not None:
        # What the grid takes off comes first, or the other side would be too long.
        most[0] = max(floor(width / aspect) // grid.across, 1) * grid.across
        factors.append(Fraction(most[0], source.width))
    if height is not None:
        most[1] = max(height // grid.down, 1) * grid.down
        factors.append(Fraction(most[1], source.height))
    factor = min(factors)
    wanted = source.width * factor, source.height * factor
    return grid.nearest(*wanted, Size(*most))


def _corrected(aspect: Fraction | None, source: Size, *, size: Size) -> Fraction | None:
    """The pixel shape that shows `size` as `source` is shown, if that can be seen."""
    change = Fraction(source.width * size.height, source.height * size.width)
    if abs(change - 1) <= _VISIBLE:
        return aspect
    return ((aspect or 1) * change).limit_denominator(_LARGEST_TERM)


def _exact(
    source: Size, aspect: Fraction, *, size: Size, fit: Fit, grid: _Grid
) -> tuple[int, Region, Region]:
    """Scale, crop and place for a result of exactly `size`, in square pixels."""
    wide, high = source.width * aspect, Fraction(source.height)
    used, filled = (Fraction(source.width), high), size
    if fit is Fit.PAD:
        factor = min(size.width / wide, size.height / high)
        filled = grid.nearest(wide * factor, high * factor, size)
        if filled.area >= size.area * (1 - _VISIBLE):
            filled = size  # rather than bars of a pixel or two
    elif fit is Fit.COVER:
        factor = max(size.width / wide, size.height / high)
        used = (size.width / factor / aspect, size.height / factor)
    needed = max(filled.width / used[0], filled.height / used[1])
    scale = _least_scale(needed)
    crop = _central(source.scaled(scale), (used[0] * scale, used[1] * scale), grid=grid)
    place = _central(size, (Fraction(filled.width), Fraction(filled.height)), grid=grid)
    return scale, crop, place


def _least_scale(needed: Fraction) -> int:
    good = (s for s in _SCALES if s * _LEFT_TO_RESIZING >= needed)
    return next(good, _SCALES[-1])


def _central(outer: Size, part: tuple[Fraction, Fraction], *, grid: _Grid) -> Region:
    """The middle of `outer`, about as large as `part`, on whole chroma samples."""
    x, width = _middle(outer.width, part[0], step=grid.across)
    y, height = _middle(outer.height, part[1], step=grid.down)
    return Region(x, y, width, height)


def _middle(whole: int, part: Fraction, *, step: int) -> tuple[int, int]:
    if whole - part < step:  # an odd side is not worth a cut
        return 0, whole
    length = _nearest(part, step, most=whole)
    return (whole - length) // 2 // step * step, length
