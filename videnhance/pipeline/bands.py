"""Composes a frame in bands of rows, so that several workers share one frame."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np

from videnhance.frame import Frame, Pixels, Plane
from videnhance.pipeline.compose import Composer

__all__ = ["composing", "joined"]

_OVERLAP = 8
"""Rows of the frame to each side of a band: more than enlarging twice looks at."""


def composing(
    composer: Composer,
    frame: Frame,
    *,
    residual: Pixels | None,
    count: int,
    with_base: bool = False,
) -> list[Callable[[], list[tuple[Plane, ...]]]]:
    """Tasks that compose `count` bands of a frame; `joined` makes one frame of them.

    A task gives the planes of the enhanced band; `with_base`, those of the base first.
    """
    height = frame.size.height
    # Bands begin at whole chroma samples, whatever the layout.
    edges = [height * n // count // 4 * 4 for n in range(count)] + [height]
    edges = sorted(set(edges))

    def compose(part: Frame, codes: Pixels | None) -> tuple[Frame, ...]:
        return composer.both(part, codes) if with_base else (composer(part, codes),)

    band = partial(_band, compose, composer.scale, frame, residual)
    return [partial(band, rows) for rows in pairwise(edges)]


def _band(
    compose: Callable[[Frame, Pixels | None], tuple[Frame, ...]],
    scale: int,
    frame: Frame,
    residual: Pixels | None,
    rows: tuple[int, int],
) -> list[tuple[Plane, ...]]:
    """The planes of these rows of the frame, of each frame that `compose` gives."""
    height = frame.size.height
    first, last = max(rows[0] - _OVERLAP, 0), min(rows[1] + _OVERLAP, height)
    planes = tuple(_cut(plane, height, first, last) for plane in frame.planes)
    part = None if residual is None else residual[scale * first : scale * last]
    inner = scale * (rows[0] - first), scale * (rows[1] - first)
    whole = scale * (last - first)
    return [
        tuple(_cut(plane, whole, *inner) for plane in made.planes)
        for made in compose(frame.with_planes(planes), part)
    ]


def _cut(plane: Plane, height: int, first: int, last: int) -> Plane:
    """These rows of a frame of this height, in one of its planes."""
    shift = 0 if plane.shape[0] == height else 1
    while shift and -(-height >> shift) > plane.shape[0]:
        shift += 1
    return plane[first >> shift : -(-last >> shift)]


def joined(frame: Frame, bands: Sequence[tuple[Plane, ...]]) -> Frame:
    """The frame's moment with planes of these bands, from top to bottom."""
    if len(bands) == 1:
        return frame.with_planes(bands[0])
    planes = (np.concatenate(parts) for parts in zip(*bands, strict=True))
    return frame.with_planes(tuple(planes))
