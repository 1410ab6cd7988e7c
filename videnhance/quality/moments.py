"""Chooses the moments of a video that tell most about a conversion.

Where there is much detail, a network has most to do; motion shows flicker; darkness
shows noise; the pictures after a cut have nothing before them to go by.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from videnhance.frame import Pixels

__all__ = ["Look", "Moment", "look_at", "telling_moments"]

_THUMB = (32, 18)
_CLEAR = 12.0
"""Levels by which the pictures of another scene differ, at the least."""
_BLANK = 0.25
"""Of the usual detail: a picture with less shows nothing."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment to look at."""

    seconds: float
    """From the first frame of the file."""
    why: str


@dataclass(frozen=True, slots=True)
class Look:
    """What some pictures in a row show."""

    seconds: float
    detail: float
    """Mean gradient of luma, in levels."""
    motion: float
    """Mean change of a pixel from picture to picture, in levels."""
    light: float
    """Mean luma."""
    thumb: Pixels
    """The first one, small."""


def look_at(seconds: float, lumas: Sequence[Pixels]) -> Look:
    """What pictures in a row, H x W uint8, show."""
    first = lumas[0].astype(np.float32)
    across, down = np.abs(np.diff(first, axis=1)), np.abs(np.diff(first, axis=0))
    changes = [float(cv2.absdiff(a, b).mean()) for a, b in pairwise(lumas)]
    return Look(
        seconds,
        detail=float(across.mean() + down.mean()) / 2,
        motion=max(changes, default=0.0),
        light=float(first.mean()),
        thumb=np.asarray(cv2.resize(lumas[0], _THUMB, interpolation=cv2.INTER_AREA)),
    )


def telling_moments(
    looks: Sequence[Look], count: int, *, apart_seconds: float
) -> list[Moment]:
    """At most `count` moments in order of time, no two of them near each other.

    The most detail, the most motion, a new scene, the darkest, and then what is far
    from all these.
    """
    usual = float(np.median([look.detail for look in looks])) if looks else 0.0
    shown = [look for look in looks if look.detail >= _BLANK * usual]
    chosen: list[Moment] = []

    def far(look: Look) -> bool:
        return all(abs(m.seconds - look.seconds) >= apart_seconds for m in chosen)

    def take(why: str, worth: Callable[[Look], float]) -> None:
        left = [look for look in shown if far(look)]
        if left and len(chosen) < count:
            best = max(left, key=worth)
            chosen.append(Moment(best.seconds, why))

    take("most detail", lambda look: look.detail)
    take("most motion", lambda look: look.motion)
    news = {b.seconds: _change(a, b) for a, b in pairwise(looks)}
    if max(news.values(), default=0.0) >= _CLEAR:
        take("a new scene", lambda look: news.get(look.seconds, 0.0))
    take("darkest", lambda look: -look.light)
    while len(chosen) < count and any(map(far, shown)):
        take("from another part", lambda look: _distance(look, chosen))
    return sorted(chosen, key=lambda moment: moment.seconds)


def _change(before: Look, after: Look) -> float:
    """Levels by which what is seen differs."""
    return float(cv2.absdiff(before.thumb, after.thumb).mean())


def _distance(look: Look, chosen: Sequence[Moment]) -> float:
    return min((abs(m.seconds - look.seconds) for m in chosen), default=0.0)
