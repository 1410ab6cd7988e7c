"""Whether two machines make the same of a frame: their libraries, and their sums."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256

import numpy as np

from videnhance.enhance import Settings, Upscaler, enhanced
from videnhance.errors import ClusterError
from videnhance.frame import ColourTags, Frame, Layout
from videnhance.region import Size
from videnhance.report import Report

__all__ = ["check_versions", "sums_of"]

_SIZE = Size(160, 96)
_FRAMES = 4


def check_versions(
    here: Mapping[str, str], there: Mapping[str, Mapping[str, str]]
) -> None:
    """Raises ClusterError with a table of what differs, if anything does."""
    rows = [
        (machine, library, versions.get(library, "none"), wanted)
        for machine, versions in there.items()
        for library, wanted in here.items()
        if versions.get(library, "none") != wanted
    ]
    if not rows:
        return
    lines = ["machine", "library", "there", "here"], *rows
    widths = [max(len(line[n]) for line in lines) for n in range(4)]
    table = "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True))
        for line in lines
    )
    raise ClusterError(
        "other machines have other versions than this, so their frames could differ: "
        f"install the same everywhere\n{table}"
    )


def sums_of(upscaler: Upscaler, settings: Settings, layout: Layout) -> str:
    """A hash of what the pipeline makes of some noise.

    Processors that add up in another order give another one.
    """
    plain = replace(settings, workers=0, segment_frames=0, finish=None)
    digest = sha256()
    for frame in enhanced(_moving_noise(layout), upscaler, plain, Report()):
        for plane in frame.planes:
            digest.update(plane.tobytes())
    return digest.hexdigest()


def _moving_noise(layout: Layout) -> Iterator[Frame]:
    chance = np.random.default_rng(0)
    dtype = np.uint8 if layout.depth == 8 else np.uint16
    planes = [
        chance.integers(0, 1 << layout.depth, (size.height, size.width), dtype)
        for size in layout.plane_sizes(_SIZE)
    ]
    for n in range(_FRAMES):
        moved = tuple(np.roll(plane, n, axis=1) for plane in planes)
        yield Frame(n, n, Fraction(1, 25), layout, ColourTags(), moved, 1)
