"""Sizes and rectangles in pixels, with the algebra that tiling needs."""

from dataclasses import dataclass

__all__ = ["Region", "Size"]


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
