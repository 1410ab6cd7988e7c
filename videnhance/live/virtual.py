"""The enhanced picture as a camera for other programs, by way of pyvirtualcam."""

from typing import Any

import cv2
import numpy as np

from videnhance.errors import MissingLibraryError, optional
from videnhance.frame import Pixels

__all__ = ["VirtualCamera"]

_DRIVERS = (
    "on Linux load v4l2loopback (modprobe v4l2loopback), on Windows and macOS install "
    "OBS, which brings one"
)


class VirtualCamera:
    """A camera that shows what it is sent; opens with the first picture."""

    def __init__(self, rate: float) -> None:
        """`rate` in pictures a second. Raises MissingLibraryError."""
        failure = "--virtual-camera needs the package pyvirtualcam"
        self._module = optional("pyvirtualcam", extra="virtualcam", failure=failure)
        self._rate = rate
        self._camera: Any = None

    def __enter__(self) -> "VirtualCamera":
        return self

    def __exit__(self, *error: object) -> None:
        if self._camera is not None:
            self._camera.close()

    @property
    def device(self) -> str:
        """What other programs know it by; empty before the first picture."""
        return "" if self._camera is None else str(self._camera.device)

    def send(self, pixels: Pixels) -> None:
        """Shows H x W x 3 uint8, B G R. Raises MissingLibraryError without a driver."""
        if self._camera is None:
            self._camera = self._opened(pixels)
        wanted = self._camera.width, self._camera.height
        if (pixels.shape[1], pixels.shape[0]) != wanted:
            pixels = np.asarray(cv2.resize(pixels, wanted))
        self._camera.send(np.ascontiguousarray(pixels))

    def _opened(self, pixels: Pixels) -> Any:  # noqa: ANN401 - has no types
        height, width = pixels.shape[:2]
        module = self._module
        try:
            return module.Camera(
                width=width, height=height, fps=self._rate, fmt=module.PixelFormat.BGR
            )
        except (RuntimeError, OSError, ValueError) as error:
            lines = str(error).strip().splitlines() or ["no reason given"]
            raise MissingLibraryError(
                f"--virtual-camera: this system has no driver for one ({lines[-1]}): "
                f"{_DRIVERS}"
            ) from error
