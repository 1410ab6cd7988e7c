"""OpenCV's window, whether one can be opened, and that X11 shows it.

The Qt that OpenCV brings drops events which come while its window opens on a machine
that is short of processor time: at every second start on one busy core. If the news
that the window is there is among them, it stays black for ever. The same news from here
is heard later, and changes nothing where it was heard before.
"""

import ctypes
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Protocol

import cv2

from videnhance.errors import MissingLibraryError
from videnhance.frame import Pixels
from videnhance.frame.geometry import Size
from videnhance.live import PYAV_CAME_FIRST
from videnhance.media.sandbox.ipc import child_command

__all__ = [
    "Mouse",
    "OpenCVWindow",
    "Pressed",
    "Window",
    "check_screen",
    "find_window",
    "main",
    "tell_mapped",
]

_SECONDS = 30
_ANEW = "start it where there is a screen"
_MAP_NOTIFY = 19
_STRUCTURE_NOTIFY_MASK = 1 << 17
_DEPTH = 4
"""Window managers put windows into one or two of their own."""

_Id = ctypes.c_ulong


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


_LEAST_SIDE = 16


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key was pressed."""

    code: int


@dataclass(frozen=True, slots=True)
class Mouse:
    """The mouse is at a place of the window."""

    x: int
    y: int
    held: bool
    """Whether its left button is down."""
    pressed: bool = False
    """Whether the button went down just now."""


class Window(Protocol):
    """What the session needs of a window."""

    @property
    def size(self) -> Size:
        """Of what can be drawn on."""
        ...

    @property
    def is_open(self) -> bool:
        """False once the user has closed it."""
        ...

    def show(self, canvas: Pixels | None) -> list[Pressed | Mouse]:
        """Shows the pixels (H x W x 3, B G R), if there are new ones; what came since.

        When it returns, the system has them.
        """
        ...

    def toggle_full_screen(self) -> None:
        """Covers the screen, or no more."""
        ...


class OpenCVWindow:
    """A resizable window of OpenCV's; leaving the `with` block closes it."""

    def __init__(self, title: str, size: Size) -> None:
        self._title = title
        self._name = f"videnhance-{os.getpid()}-{id(self)}"
        """OpenCV's name for it, by which nobody else calls a window."""
        self._events: list[Pressed | Mouse] = []
        self._held = False
        self._full = False
        self._first = size
        self._window: int | None = None
        self._tell_at: list[float] = []
        """When the window is told that it is on the screen, soonest last."""

    def __enter__(self) -> "OpenCVWindow":
        if PYAV_CAME_FIRST and sys.platform.startswith("linux"):
            raise MissingLibraryError(
                "a window cannot be opened once PyAV is loaded: import "
                "videnhance.live before it"
            )
        # The plain kind: the other has a tool bar, and keys of its own.
        kind = cv2.WINDOW_NORMAL | cv2.WINDOW_FREERATIO | cv2.WINDOW_GUI_NORMAL
        cv2.namedWindow(self._name, kind)
        self._window = find_window(self._name)
        cv2.setWindowTitle(self._name, self._title)
        cv2.resizeWindow(self._name, self._first.width, self._first.height)
        cv2.setMouseCallback(self._name, self._moved)
        opened = time.monotonic()
        self._tell_at = [opened + seconds for seconds in (6.0, 3.0, 1.0, 0.3)]
        return self

    def __exit__(self, *error: object) -> None:
        if self.is_open:
            cv2.destroyWindow(self._name)
            cv2.waitKey(1)  # or it stays on the screen until the program ends

    @property
    def size(self) -> Size:
        """Of what can be drawn on."""
        _, _, width, height = cv2.getWindowImageRect(self._name)
        if width < _LEAST_SIDE or height < _LEAST_SIDE:
            return self._first
        return Size(width, height)

    @property
    def is_open(self) -> bool:
        """False once the user has closed it."""
        try:
            return cv2.getWindowProperty(self._name, cv2.WND_PROP_VISIBLE) >= 1
        except cv2.error:
            return False

    def show(self, canvas: Pixels | None) -> list[Pressed | Mouse]:
        """Shows the pixels, and handles what came."""
        if canvas is not None:
            cv2.imshow(self._name, canvas)
        if self._window and self._tell_at and time.monotonic() > self._tell_at[-1]:
            self._tell_at.pop()
            tell_mapped(self._window)
        while (code := cv2.waitKeyEx(1)) >= 0:
            self._events.append(Pressed(code & 0xFFFFFF))
            if not self.is_open:
                break
        events, self._events = self._events, []
        return events

    def toggle_full_screen(self) -> None:
        """Covers the screen, or no more."""
        self._full = not self._full
        kind = cv2.WINDOW_FULLSCREEN if self._full else cv2.WINDOW_NORMAL
        cv2.setWindowProperty(self._name, cv2.WND_PROP_FULLSCREEN, kind)

    def _moved(self, event: int, x: int, y: int, flags: int, rest: object) -> None:
        del flags, rest
        pressed = event in (cv2.EVENT_LBUTTONDOWN, cv2.EVENT_LBUTTONDBLCLK)
        if pressed or event == cv2.EVENT_LBUTTONUP:
            self._held = pressed
        self._events.append(Mouse(x, y, self._held, pressed))


class _MapEvent(ctypes.Structure):
    """XMapEvent of Xlib.h, as long as an XEvent."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("event", _Id),
        ("window", _Id),
        ("override_redirect", ctypes.c_int),
        ("rest", ctypes.c_long * 18),
    )


class _Display:
    """A connection to the X server; use it as a context manager."""

    def __init__(self) -> None:
        self.x11 = ctypes.CDLL("libX11.so.6")
        self.x11.XOpenDisplay.restype = ctypes.c_void_p
        self.x11.XDefaultRootWindow.restype = _Id
        self.connection = ctypes.c_void_p()

    def __enter__(self) -> "_Display":
        self.connection = ctypes.c_void_p(self.x11.XOpenDisplay(None))
        if self.connection.value is None:
            raise OSError("the X server takes no connection")
        return self

    def __exit__(self, *error: object) -> None:
        if self.connection.value is not None:
            self.x11.XCloseDisplay(self.connection)

    def name(self, window: int) -> bytes:
        found = ctypes.c_char_p()
        self.x11.XFetchName(self.connection, _Id(window), ctypes.byref(found))
        return found.value or b""

    def children(self, window: int) -> list[int]:
        root, parent, count = _Id(), _Id(), ctypes.c_uint()
        found = ctypes.POINTER(_Id)()
        self.x11.XQueryTree(
            *(self.connection, _Id(window), ctypes.byref(root), ctypes.byref(parent)),
            *(ctypes.byref(found), ctypes.byref(count)),
        )
        inside = [int(found[at]) for at in range(count.value)]
        if count.value:
            self.x11.XFree(found)
        return inside

    def named(self, window: int, name: bytes, depth: int) -> int | None:
        if self.name(window) == name:
            return window
        inside = self.children(window) if depth else []
        # The newest are last.
        found = (self.named(child, name, depth - 1) for child in reversed(inside))
        return next(filter(None, found), None)


def find_window(name: str) -> int | None:
    """The X11 window of this (ASCII) name; None where there is none, or no X11."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        with _Display() as display:
            root = display.x11.XDefaultRootWindow(display.connection)
            return display.named(root, name.encode("ascii"), _DEPTH)
    except OSError:
        return None


def tell_mapped(window: int) -> None:
    """Sends the window the event that it is on the screen; nothing if X11 is gone."""
    try:
        with _Display() as display:
            event = _MapEvent(_MAP_NOTIFY, 0, 1, None, window, window, 0)
            display.x11.XSendEvent(
                *(
                    display.connection,
                    _Id(window),
                    0,
                    ctypes.c_long(_STRUCTURE_NOTIFY_MASK),
                ),
                ctypes.byref(event),
            )
            display.x11.XSync(display.connection, 0)
    except OSError:
        return
