"""How a video moves beside its original: error of the optical flow, and flicker.

tOF is that of TecoGAN (Chu et al., 2020): the mean distance of the optical flow from
frame to frame to the original's. Flicker is what pixels change that stand still in the
original.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from videnhance.frame import Plane

__all__ = ["OverTime", "flicker", "flow", "shimmer", "still_pixels"]

Flow = npt.NDArray[np.float32]
"""H/2 x W/2 x 2, in pixels of the whole picture."""

_STILL_LEVELS = 2
"""Grey levels that a pixel changes at most if it stands still."""
_CALM_LEVELS = 1
_AROUND = (9, 9)
_LEAST_SIDE = 32
"""Pixels: OpenCV finds no flow in pictures of half that."""


def flow(last: Plane, now: Plane) -> Flow:
    """Dense optical flow of 8-bit planes at half size: what is finer is noise."""
    small = [
        cv2.resize(plane, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        for plane in (last, now)
    ]
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    nowhere = np.zeros((*small[0].shape, 2), np.float32)
    found = search.calc(small[0], small[1], nowhere)
    return 2 * found.astype(np.float32, copy=False)


def still_pixels(last: Plane, now: Plane) -> npt.NDArray[np.bool_]:
    """Which pixels of 8-bit planes stand still between two frames."""
    still: npt.NDArray[np.bool_] = cv2.absdiff(last, now) <= _STILL_LEVELS
    return still


def flicker(last: Plane, now: Plane, still: npt.NDArray[np.bool_]) -> float:
    """Mean change of the pixels that stand still, in grey levels; NaN without any."""
    return float(cv2.absdiff(last, now)[still].mean()) if still.any() else float("nan")


def shimmer(last: Plane, now: Plane) -> float:
    """Mean change, in grey levels, of pixels whose surroundings stand still.

    What a viewer of a video without an original sees as flicker of still areas; NaN
    where nothing stands still. Planes are 8 bits.
    """
    soft = [cv2.blur(plane, _AROUND) for plane in (last, now)]
    return flicker(last, now, cv2.absdiff(soft[0], soft[1]) <= _CALM_LEVELS)


class OverTime:
    """tOF and flicker of one or more videos beside one original, frame after frame."""

    def __init__(self) -> None:
        self._last: list[Plane] = []

    def __call__(
        self, original: Plane, ours: Sequence[Plane], *, measured: bool = True
    ) -> list[tuple[float, float]]:
        """For each of `ours` tOF in pixels and flicker in grey levels since the last
        call.

        NaN at the first, and where nothing is to be measured. Planes are 8 bits and of
        the original's size.
        """
        last, self._last = self._last, [original, *ours]
        if not (last and measured):
            return [(float("nan"), float("nan"))] * len(ours)
        motion = None
        if min(original.shape) >= _LEAST_SIDE:
            motion = flow(last[0], original)
        still = still_pixels(last[0], original)
        found = []
        for before, now in zip(last[1:], ours, strict=True):
            error = float("nan")
            if motion is not None:
                apart = np.linalg.norm(flow(before, now) - motion, axis=-1)
                error = float(apart.mean())
            found.append((error, flicker(before, now, still)))
        return found
