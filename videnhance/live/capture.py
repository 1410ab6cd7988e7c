"""The program of the child that captures from a camera or a stream.

OpenCV's cameras can block for ever or crash, and a stream may hold anything: here that
stops this process alone. Pictures go to the parent as soon as they are there; it reads
them at once and keeps the newest.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import cv2
import numpy as np

from videnhance.errors import InputError, VidenhanceError
from videnhance.frame import ColourTags
from videnhance.live.captured import ENDED, CaptureKind, CaptureOrder, Picture
from videnhance.media.addresses import received
from videnhance.media.sandbox.child import speak
from videnhance.media.sandbox.confine import confine, end_with_parent
from videnhance.media.sandbox.messages import LONGEST_LINE, Failed, decoded, encoded

__all__ = ["Grabber", "main", "serve"]

_MEMORY_BYTES = 4 << 30
_MOST_SECONDS_EARLY = 60.0
"""A wait between two pictures that is longer is a jump in the stream's times."""
_CAMERA_TAGS = ColourTags(range=1, matrix=6)
"""How OpenCV makes YUV of its BGR: limited range, BT.601."""
_COMPRESSED_FROM = 640 * 480
"""Pixels: larger pictures pass USB in time only as motion JPEG."""


class Grabber(Protocol):
    """An opened camera: OpenCV's `VideoCapture`."""

    def read(self) -> tuple[bool, Any]:
        """Waits for a picture (H x W x 3 uint8, BGR); False if there is none."""
        ...

    def get(self, number: int) -> float:
        """A property."""
        ...

    def release(self) -> None:
        """Gives the camera back."""
        ...


def opened_camera(order: CaptureOrder) -> Grabber:
    """The camera as ordered. Raises InputError if it does not open."""
    place: str | int = int(order.place) if order.place.isdecimal() else order.place
    camera = cv2.VideoCapture(place)
    if not camera.isOpened():
        raise InputError(f"does not open: {_why_closed(order.place)}")
    wanted = {
        cv2.CAP_PROP_FRAME_WIDTH: order.width,
        cv2.CAP_PROP_FRAME_HEIGHT: order.height,
        cv2.CAP_PROP_FPS: order.rate,
    }
    if (order.width or 0) * (order.height or 0) > _COMPRESSED_FROM:
        camera.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    for number, value in wanted.items():
        if value is not None:
            camera.set(number, value)
    # More than one would be pictures of the past.
    camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return camera


def _why_closed(place: str) -> str:
    """The likely reason, as far as the system tells."""
    path = Path(f"/dev/video{place}" if place.isdecimal() else place)
    if not sys.platform.startswith("linux"):
        return "it is absent, in use by another program, or not permitted"
    if not path.exists():
        return f"there is no {path}; --list-cameras tells what there is"
    if not os.access(path, os.R_OK | os.W_OK):
        return f"{path} is not permitted to you: join the group that owns it (video)"
    return "it is in use by another program, or no camera: close the other program"


Open = Callable[[CaptureOrder], Grabber]


def serve(orders: BinaryIO, out: BinaryIO, open_camera: Open = opened_camera) -> None:
    """Captures what the first line orders until the parent ends it."""
    try:
        order = decoded(orders.readline(LONGEST_LINE), CaptureOrder)
        assert isinstance(order, CaptureOrder)
        if order.lifeline >= 0:
            end_with_parent(order.lifeline)
        confine(_MEMORY_BYTES)
        is_camera = order.kind is CaptureKind.CAMERA
        for picture, planes in (
            _from_camera(open_camera(order)) if is_camera else _from_stream(order.place)
        ):
            out.write(encoded(picture) + planes)
            out.flush()
        _say(out, Failed(ENDED, "has ended"))
    except BrokenPipeError:
        return
    except VidenhanceError as error:
        _say(out, Failed("InputError", str(error)))
    except Exception as error:  # told, or the parent knows only that the child ended
        _say(out, Failed("Exception", f"{type(error).__name__}: {error}"))


def _say(out: BinaryIO, failed: Failed) -> None:
    with suppress(BrokenPipeError):
        out.write(encoded(failed))
        out.flush()


def _from_camera(camera: Grabber) -> Iterator[tuple[Picture, bytes]]:
    rate = camera.get(cv2.CAP_PROP_FPS)
    told = Fraction(rate).limit_denominator(1001) if 0 < rate < 1000 else Fraction(0)
    try:
        while True:
            good, pixels = camera.read()
            captured = time.monotonic()
            if not good or pixels is None:
                raise InputError("gives no more pictures: is it still plugged in?")
            if pixels.ndim != 3 or pixels.shape[2] != 3 or min(pixels.shape[:2]) < 2:
                raise InputError(f"gives pictures of a strange shape, {pixels.shape}")
            height, width = (side // 2 * 2 for side in pixels.shape[:2])
            planar = cv2.cvtColor(pixels[:height, :width], cv2.COLOR_BGR2YUV_I420)
            picture = Picture(captured, width, height, _CAMERA_TAGS, rate=told)
            yield picture, planar.tobytes()
    finally:
        camera.release()


def _from_stream(address: str) -> Iterator[tuple[Picture, bytes]]:
    began: float | None = None
    has_end = False
    for got in received(address):
        height, width = got.planes[0].shape
        if got.seconds is not None:
            has_end = True
            # A file at a distance comes faster than it is to be seen.
            now = time.monotonic()
            began = now - got.seconds if began is None else began
            early = began + got.seconds - now
            if 0 < early < _MOST_SECONDS_EARLY:
                time.sleep(early)
        told = Picture(time.monotonic(), width, height, got.tags, got.aspect, got.rate)
        yield told, b"".join(np.ascontiguousarray(p).tobytes() for p in got.planes)
    if not has_end:
        raise InputError("gives no more pictures")


def main() -> None:
    """The program."""
    speak(serve)
