"""Tells the window system once more that a window is on the screen, on X11.

The Qt that OpenCV brings drops events which come while its window opens on a machine
that is short of processor time: at every second start on one busy core. If the news
that the window is there is among them, it stays black for ever. The same news from here
is heard later, and changes nothing where it was heard before.
"""

import ctypes
import sys

__all__ = ["find_window", "tell_mapped"]

_MAP_NOTIFY = 19
_STRUCTURE_NOTIFY_MASK = 1 << 17
_DEPTH = 4
"""Window managers put windows into one or two of their own."""

_Id = ctypes.c_ulong


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
