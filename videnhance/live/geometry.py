"""Where a picture stands in the window, and which of its pixels a place shows."""

from dataclasses import dataclass
from fractions import Fraction

from videnhance.geometry import Region, Size

__all__ = ["Placed", "fitted", "natural"]


@dataclass(frozen=True, slots=True)
class Placed:
    """A part of a picture (`source`, in its pixels) that fills a part of the window."""

    source: Region
    place: Region

    def pixel_at(self, x: float, y: float) -> tuple[float, float]:
        """The picture's pixel at a place of the window; may lie outside of it."""
        across = (x - self.place.x) / self.place.width
        down = (y - self.place.y) / self.place.height
        return (
            self.source.x + across * self.source.width,
            self.source.y + down * self.source.height,
        )


def fitted(picture: Size, shape: Fraction, room: Region) -> Placed:
    """The whole picture, as large as the room allows, in its middle.

    `shape` is width to height of a pixel.
    """
    width, height = float(picture.width * shape), float(picture.height)
    factor = min(room.width / width, room.height / height)
    shown = Size(
        min(max(round(width * factor), 1), room.width),
        min(max(round(height * factor), 1), room.height),
    )
    return Placed(Region.of(picture), _central(shown, room))


def natural(picture: Size, at: tuple[float, float], room: Region) -> Placed:
    """A pixel of the picture for a pixel of the window, as much as the room holds.

    `at` is the place in the room, each 0 to 1, that the same place of the picture has.
    """
    shown = Size(min(picture.width, room.width), min(picture.height, room.height))
    x = round(min(max(at[0], 0.0), 1.0) * (picture.width - shown.width))
    y = round(min(max(at[1], 0.0), 1.0) * (picture.height - shown.height))
    return Placed(Region(x, y, shown.width, shown.height), _central(shown, room))


def _central(size: Size, room: Region) -> Region:
    left = room.x + (room.width - size.width) // 2
    top = room.y + (room.height - size.height) // 2
    return Region(left, top, size.width, size.height)
