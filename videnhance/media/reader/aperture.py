"""The part of a picture that is shown: a container's clean aperture, cut out."""

from dataclasses import dataclass

from videnhance.frame import Family, Layout, Plane
from videnhance.geometry import Size

__all__ = ["Crop", "cropped", "usable_crop"]


@dataclass(frozen=True, slots=True)
class Crop:
    """Pixels that are not shown, at each edge of a picture."""

    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0

    def size_within(self, size: Size) -> Size:
        """What is left of a picture of this size."""
        return Size(
            size.width - self.left - self.right, size.height - self.top - self.bottom
        )


def usable_crop(crop: Crop, size: Size, layout: Layout) -> Crop | None:
    """The crop that begins at whole chroma samples; None if it leaves no picture.

    Its size stays: it moves to the left and up, by less than a chroma sample.
    """
    across, down = layout.chroma_shift
    if crop.left + crop.right >= size.width or crop.top + crop.bottom >= size.height:
        return None
    left, top = crop.left >> across << across, crop.top >> down << down
    right, bottom = crop.right + crop.left - left, crop.bottom + crop.top - top
    return Crop(left, right, top, bottom)


def cropped(planes: tuple[Plane, ...], layout: Layout, crop: Crop) -> tuple[Plane, ...]:
    """Copies of the shown parts of the planes of a picture."""
    height, width = planes[0].shape
    shown = crop.size_within(Size(width, height))
    parts: list[Plane] = []
    for number, plane in enumerate(planes):
        coarse = layout.family is Family.YUV and number in (1, 2)
        across, down = layout.chroma_shift if coarse else (0, 0)
        top, left = crop.top >> down, crop.left >> across
        part = plane[top : top - (-shown.height >> down)]
        part = part[:, left : left - (-shown.width >> across)]
        parts.append(part.copy())
    return tuple(parts)
