"""Whether a window can be opened here: tried in a process of its own.

Where there is no screen, the window system that OpenCV brings ends the process that
asks for a window, without a word that Python could hear.
"""

import os
import subprocess
import sys

import cv2

from videnhance.errors import MissingLibraryError
from videnhance.media.sandbox.ipc import child_command

__all__ = ["check_screen", "main"]

_SECONDS = 30
_ANEW = "start it where there is a screen"


def check_screen(instead: str) -> None:
    """Raises MissingLibraryError if no window can be opened.

    `instead` says what can be done without one.
    """
    told = [name for name in ("DISPLAY", "WAYLAND_DISPLAY") if os.environ.get(name)]
    if sys.platform.startswith("linux") and not told:
        raise MissingLibraryError(
            "there is no screen for a window: DISPLAY is not set; "
            f"{instead}, or {_ANEW}"
        )
    try:
        tried = subprocess.run(
            child_command(__name__),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        words = "the screen does not answer"
    else:
        if not tried.returncode:
            return
        words = "OpenCV cannot open one"
        if b"not implemented" in tried.stderr:
            words = "this OpenCV is one without windows (install opencv-python)"
        elif told:
            words += f" on {told[0]}={os.environ[told[0]]}"
    raise MissingLibraryError(
        f"there is no window to be had: {words}; {instead}, or {_ANEW}"
    )


def main() -> None:
    """Opens a window, and ends before it is seen."""
    cv2.namedWindow("videnhance")
    # What Qt does at the end has crashed before, and all that is asked is known.
    os._exit(0)
