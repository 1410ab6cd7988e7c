"""Frames of one video brought to the size, depth, range and way up of another's."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from videnhance.frame import Family, Frame, Pixels, Plane, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.display import Displayer
from videnhance.pipeline.colour import model_input

__all__ = ["Form", "Picture", "Pictures", "form_of", "is_full_range", "resized"]


@dataclass(frozen=True, slots=True)
class Form:
    """What frames are brought to, so that they can be compared."""

    size: Size
    """Upright."""
    depth: int
    """Bits of luma."""
    full: bool
    """Whether luma has the full range, or leaves room below black and above white."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A frame in the common form."""

    frame: Frame
    luma: Plane
    """H x W, of the form's depth."""
    form: Form
    displayer: Displayer

    @property
    def luma8(self) -> Pixels:
        """H x W uint8."""
        if self.luma.dtype == np.uint8:
            return self.luma.astype(np.uint8, copy=False)
        return (self.luma >> (self.form.depth - 8)).astype(np.uint8)

    @property
    def rgb(self) -> Pixels:
        """H x W x 3 uint8, made when it is asked for."""
        return resized(self.whole_rgb, self.form.size).astype(np.uint8, copy=False)

    @property
    def whole_rgb(self) -> Pixels:
        """The same in the frame's own size."""
        pixels = self.displayer(self.frame)[..., ::-1]
        return np.ascontiguousarray(pixels)


class Pictures:
    """Brings the frames of one video to a form."""

    def __init__(self, info: VideoInfo, form: Form) -> None:
        self._form = form
        self._quarters = _quarters(info)
        self._mirrored = info.mirrored
        self._displayer = Displayer(info.rotation_degrees, info.mirrored)

    def __call__(self, frame: Frame) -> Picture:
        """The frame as a picture of the form."""
        luma = self._luma(frame)
        luma = resized(self._upright(luma), self._form.size)
        return Picture(frame, luma, self._form, self._displayer)

    def _upright(self, luma: Plane) -> Plane:
        if not self._quarters and not self._mirrored:
            return luma
        turned = np.rot90(luma, -self._quarters)
        shown = turned[:, ::-1] if self._mirrored else turned
        return _stored(np.ascontiguousarray(shown), luma.dtype == np.uint8)

    def _luma(self, frame: Frame) -> Plane:
        depth, luma = frame.layout.depth, frame.planes[0]
        if frame.layout.family is Family.RGB:
            depth, luma = 8, model_input(1, frame)[..., 0]
        full, wanted = is_full_range(frame), self._form
        if full == wanted.full and depth == wanted.depth:
            return luma
        # Codes of another range or depth, in code values of the wanted depth.
        unit = 1 << (wanted.depth - 8)
        codes = luma.astype(np.float32) * (unit / (1 << (depth - 8)))
        if full and not wanted.full:
            codes = codes * (219 / 255) + 16 * unit
        elif wanted.full and not full:
            codes = (codes - 16 * unit) * (255 / 219)
        rounded = np.clip(np.rint(codes), 0, (1 << wanted.depth) - 1)
        return _stored(rounded, wanted.depth == 8)


def is_full_range(frame: Frame) -> bool:
    """Whether the luma that a frame is judged by uses all codes."""
    return frame.layout.family is Family.RGB or frame.tags.full


def form_of(info: VideoInfo, first: Frame, *, depth: int) -> Form:
    """The form of an original's own frames, as deep as is asked for."""
    size = first.size
    if _quarters(info) % 2:
        size = Size(size.height, size.width)
    return Form(size, depth, is_full_range(first))


def _quarters(info: VideoInfo) -> int:
    """Quarter turns, clockwise, that a player makes."""
    return round(info.rotation_degrees / 90) % 4


def resized(pixels: Plane, size: Size) -> Plane:
    """H x W or H x W x C in another size: by area if smaller, else bicubic."""
    height, width = pixels.shape[:2]
    if (width, height) == (size.width, size.height):
        return pixels
    smaller = size.width <= width and size.height <= height
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    made = cv2.resize(pixels, (size.width, size.height), interpolation=way)
    return _stored(made, pixels.dtype == np.uint8)


def _stored(codes: npt.NDArray[Any], short: bool) -> Plane:
    """Whole code values, as a plane of 8 bits or of more."""
    if short:
        return codes.astype(np.uint8, copy=False)
    return codes.astype(np.uint16, copy=False)
