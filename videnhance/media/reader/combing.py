"""Whether pictures are made of two fields: seen in them, whatever their file says.

As FFmpeg's idet does, lines are compared with those between them, of their own picture
and of those before and after. In a whole picture its own lines fit best. In one of two
fields others fit as well: those of the bottom field before and of the top field after,
if the top field was first.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from videnhance.media.layout import delivered_layout
from videnhance.media.planes import first_plane

__all__ = ["FIELDS", "Combing", "FieldOrder", "Shot", "combing_of"]

_BANDS = 8
"""Of lines, each looked at by itself: titles may comb on a film that does not."""
_COLUMNS = 704
"""That are looked at, at most."""
_BAND_LINES, _BAND_PIXELS = 16, 4096
_MOVING, _LEAST = 0.02, 0.1
"""Misfit of the neighbours' lines beyond a picture's own that is motion: a part of its
own, and grey levels."""
_WHOLE, _SURE, _SURER = 0.5, 0.4, 0.3
"""Misfit of the nearer fields by that of the others: about 1 in whole pictures, 0 in
those of fields, less in telecined ones. Among whole ones a picture must be surer, and a
band of it; and surest where nothing marks it: drawn patterns that move by lines come
down to 0.3."""
_CUT = 3
"""Times that a neighbour is farther off than the other one if it is another scene."""

Lines = npt.NDArray[np.int16]
Sums = npt.NDArray[np.float64]


class FieldOrder(Enum):
    """What a picture is seen to be; the words are those of FFmpeg's setfield."""

    WHOLE = "prog"
    TOP_FIRST = "tff"
    BOTTOM_FIRST = "bff"
    UNSURE = "auto"
    """Too little moves."""


FIELDS = (FieldOrder.TOP_FIRST, FieldOrder.BOTTOM_FIRST)


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture as it was decoded, and the image that is made of it."""

    source: VideoFrame
    image: VideoFrame


@dataclass(frozen=True, slots=True)
class Combing:
    """By how much the lines of others fit worse than a picture's own, by bands.

    `tops` is large where the top field is first, `bottoms` where the bottom one is.
    """

    own: Sums
    tops: Sums
    bottoms: Sums

    @property
    def ratio(self) -> float | None:
        """Of the nearer fields to the others; None if nothing moves."""
        return _ratio(self.own.mean(), self.tops.mean(), bottom=self.bottoms.mean())

    @property
    def kind(self) -> FieldOrder:
        """What the picture is, as a whole."""
        return self._kind(_WHOLE)

    @property
    def kind_unmarked(self) -> FieldOrder:
        """What the picture is, as a whole, if its file says nothing of fields."""
        return self._kind(_SURER)

    @property
    def kind_among_whole(self) -> FieldOrder:
        """What the picture is among whole ones; one band of it that combs is enough."""
        parts = [(self.ratio, self.tops.mean(), self.bottoms.mean(), _SURE)]
        for own, top, bottom in zip(self.own, self.tops, self.bottoms, strict=True):
            parts.append((_ratio(own, top, bottom=bottom), top, bottom, _SURER))
        for ratio, top, bottom, least in parts:
            if ratio is not None and ratio < least:
                return _order(top, bottom)
        return FieldOrder.WHOLE

    def _kind(self, least: float) -> FieldOrder:
        ratio = self.ratio
        if ratio is None:
            return FieldOrder.UNSURE
        if ratio >= least:
            return FieldOrder.WHOLE
        return _order(self.tops.sum(), self.bottoms.sum())


def _ratio(own: float, top: float, *, bottom: float) -> float | None:
    most = max(top, bottom)
    return float(min(top, bottom) / most) if most > _MOVING * own + _LEAST else None


def _order(top: float, bottom: float) -> FieldOrder:
    return FieldOrder.TOP_FIRST if top > bottom else FieldOrder.BOTTOM_FIRST


def combing_of(shots: Iterable[Shot]) -> Iterator[tuple[Shot, Combing]]:
    """Shots of one size and format, and what is seen in each of them."""
    before: Lines | None = None
    held: tuple[Shot, Lines] | None = None
    for shot in shots:
        after = _luma(shot.image)
        if held is not None:
            yield held[0], _combing(held[1], before, after=after)
            before = held[1]
        held = shot, after
    if held is not None:
        yield held[0], _combing(held[1], before, after=None)


def _luma(image: VideoFrame) -> Lines:
    """The first plane in 8 bits, as wide as it is looked at, from the middle."""
    layout = delivered_layout(image.format.name)
    plane = first_plane(image, layout)
    left = max(plane.shape[1] - _COLUMNS, 0) // 2
    lines = plane[:, left : left + _COLUMNS] >> (layout.depth - 8)
    return lines.astype(np.int16)


def _combing(here: Lines, before: Lines | None, *, after: Lines | None) -> Combing:
    own_top, own_bottom = _misfits(here, here)
    sides: list[tuple[Sums, Sums]] = []
    if before is not None:
        top, bottom = _misfits(here, before)
        sides.append((top - own_top, bottom - own_bottom))
    if after is not None:
        top, bottom = _misfits(here, after)
        sides.append((bottom - own_bottom, top - own_top))
    far = [float(tops.mean() + bottoms.mean()) for tops, bottoms in sides]
    # A neighbour that is much farther off than the other one is of another scene.
    limit = _CUT * min((off for off in far if off > _LEAST), default=0) + _LEAST
    near = [side for side, off in zip(sides, far, strict=True) if off <= limit]
    near = near or [(0 * own_top, 0 * own_bottom)]
    return Combing(
        own_top + own_bottom,
        np.mean([tops for tops, _ in near], axis=0) * 2,
        np.mean([bottoms for _, bottoms in near], axis=0) * 2,
    )


def _misfits(here: Lines, other: Lines) -> tuple[Sums, Sums]:
    """How far the other's top lines, and its bottom lines, are off between those here.

    In grey levels, for each band.
    """
    if len(here) < 3:  # no line is between two others
        return np.zeros(1), np.zeros(1)
    off = np.abs(here[:-2] + here[2:] - 2 * other[1:-1]).mean(axis=1)
    least = max(_BAND_LINES, _BAND_PIXELS // here.shape[1])
    bands = max(min(_BANDS, len(off) // least), 1)
    parts = np.array_split(off, bands)
    starts = np.cumsum([0, *(len(part) for part in parts[:-1])])
    top = np.where(np.arange(len(off)) % 2, off, 0)
    counts = np.array([len(part) for part in parts])
    return (
        np.add.reduceat(top, starts) / counts,
        np.add.reduceat(off - top, starts) / counts,
    )
