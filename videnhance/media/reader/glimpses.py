"""Looks at a few pictures in a row at places all over a video, in seconds.

Pictures are taken from the key frame before each place on: nothing else needs to be
decoded.
"""

import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import islice
from math import inf
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from videnhance.frame import Pixels
from videnhance.media.layout import delivered_layout
from videnhance.media.planes import first_plane, native_picture
from videnhance.media.reader.decoder import Decoder, time_base_of
from videnhance.media.source import DECODE_ERRORS, Reading
from videnhance.media.times.timeline import timeline_of

__all__ = ["Glimpse", "glimpses"]

_RUN = 4
"""Pictures in a row."""
_SHORT_SECONDS = 15
"""What is no longer has few key frames, and is looked through."""
_FEW = 6


@dataclass(frozen=True, slots=True)
class Glimpse:
    """Some pictures in a row."""

    seconds: float
    """Of the first, from the first frame of the file."""
    lumas: tuple[Pixels, ...] = field(repr=False)
    """H x W uint8, in the range of the file."""


def glimpses(
    path: Path,
    reading: Reading,
    *,
    part: tuple[float, float],
    count: int = 32,
    seconds: float = 3.0,
) -> list[Glimpse]:
    """Glimpses within a part of a video file, in order; each once.

    At most `count`, and those that there is time for: the first ones are spread over
    all of it. What cannot be read is left out; there may be none. Raises InputError.
    """
    due, found = time.perf_counter() + seconds, dict[float, Glimpse]()
    timeline = timeline_of(path)
    first, last = part

    def opened() -> closing[Decoder]:
        return closing(Decoder(path, reading, lambda _: None, timeline))

    for share in islice(_spread(), count if last - first > _SHORT_SECONDS else 0):
        place = first + (last - first) * share
        with opened() as decoder:
            seen = next(_runs(decoder, place), None)
        if seen is not None and first <= seen.seconds < last:
            found[seen.seconds] = seen
        if time.perf_counter() > due:
            break
    if len(found) < _FEW:  # too few key frames
        with opened() as decoder:
            for seen in _runs(decoder, first, step=(last - first) / count):
                if seen.seconds >= last or time.perf_counter() > due:
                    break
                found[seen.seconds] = seen
    return [found[place] for place in sorted(found)]


def _spread() -> Iterator[float]:
    """Shares of the whole, each in the largest gap: the van der Corput sequence."""
    number = 0
    while True:
        share, rest, unit = 0.0, number, 0.5
        while rest:
            share, rest, unit = share + unit * (rest & 1), rest >> 1, unit / 2
        yield share
        number += 1


def _runs(decoder: Decoder, place: float, step: float = 0.0) -> Iterator[Glimpse]:
    """Runs of pictures from the key frame before a place on, each `step` seconds."""
    base, origin = time_base_of(decoder.stream), float(decoder.origin_seconds)
    decoder.seek(int((origin + place) / base))
    converter, due = VideoReformatter(), -inf
    with suppress(*DECODE_ERRORS):
        pictures = decoder.pictures()
        for picture in pictures:
            seconds = float((picture.pts or 0) * base) - origin
            if seconds < due:
                continue
            run = [picture, *islice(pictures, _RUN - 1)]
            lumas = [_luma(one, converter) for one in run]
            if picture.pts is not None and len({luma.shape for luma in lumas}) == 1:
                yield Glimpse(seconds, tuple(lumas))
            due = seconds + step


def _luma(picture: VideoFrame, converter: VideoReformatter) -> Pixels:
    layout = delivered_layout(picture.format.name)
    plane = first_plane(native_picture(picture, layout, converter=converter), layout)
    return (plane >> (layout.depth - 8)).astype(np.uint8)
