"""The live window: a camera, a file or a stream, enhanced while one watches.

OpenCV is loaded here, before anything loads PyAV: on Linux both wheels bring an X
library of the same name, and with PyAV's, which is made for another libxcb, a window of
OpenCV's never opens and the program hangs.
"""

import sys

from videnhance.system.optional import optional

__all__ = ["PYAV_CAME_FIRST"]

PYAV_CAME_FIRST = "av" in sys.modules and "cv2" not in sys.modules
"""Whether it is too late for a window on Linux."""

optional(
    "cv2",
    failure="a live picture needs OpenCV, which does not load",
    remedy="install the system packages libgl1 and libglib2.0-0",
)
