"""A virtual screen, with a user who presses keys, moves the mouse and looks."""

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["Screen", "virtual_screen"]

_WIDTH, _HEIGHT = 1400, 900
_PATIENCE = 200.0

Seen = npt.NDArray[np.uint8]
"""H x W x 3, B G R."""


class Screen:
    """One X server; programs are started on it."""

    def __init__(self, display: str) -> None:
        self.display = display
        self.env = {**os.environ, "DISPLAY": display}
        self.env.pop("WAYLAND_DISPLAY", None)

    @contextmanager
    def program(self, *words: str, cwd: Path) -> "Iterator[Program]":
        """videnhance with these words, until its window is there; ended at the end."""
        command = [sys.executable, "-m", "videnhance", *words]
        with subprocess.Popen(
            command,
            cwd=cwd,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                program = Program(self, process)
                program.find_window()
                yield program
            finally:
                process.kill()

    def tool(self, *words: str) -> str:
        """What xdotool says; empty if it fails."""
        done = subprocess.run(
            ["xdotool", *words],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip()

    def look(self) -> Seen:
        """The pixels of the screen."""
        grabbed = subprocess.run(
            [
                *("ffmpeg", "-v", "error", "-f", "x11grab", "-draw_mouse", "0"),
                *("-video_size", f"{_WIDTH}x{_HEIGHT}", "-i", self.display),
                *("-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "bgr24", "-"),
            ],
            env=self.env,
            capture_output=True,
            check=True,
        )
        return np.frombuffer(grabbed.stdout, np.uint8).reshape(_HEIGHT, _WIDTH, 3)


class Program:
    """videnhance with its window at the upper left corner of the screen."""

    def __init__(self, screen: Screen, process: "subprocess.Popen[str]") -> None:
        self.screen, self.process = screen, process
        self.window = ""

    def find_window(self) -> None:
        """Waits for it. Fails if the program ends instead."""
        until = time.monotonic() + _PATIENCE
        while not self.window:
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"no window: {self.process.communicate()[1]}")
            found = self.screen.tool("search", "--name", "^videnhance: ")
            self.window = found.splitlines()[-1] if found else ""
            time.sleep(0.1)
        self.awaits(lambda seen: bool(seen[40:300, 500:700].std() > 5))

    def key(self, *names: str) -> None:
        """Presses keys, one after the other."""
        for name in names:
            self.screen.tool("key", "--window", self.window, name)
            time.sleep(0.15)

    def move(self, x: int, y: int) -> None:
        """Puts the mouse there."""
        self.screen.tool("mousemove", str(x), str(y))

    def click(self, x: int, y: int) -> None:
        """Presses the left button there."""
        self.screen.tool("mousemove", str(x), str(y), "click", "1")

    def awaits(self, good: Callable[[Seen], bool]) -> Seen:
        """The screen as soon as it is good. Fails if it never is."""
        until = time.monotonic() + _PATIENCE
        while True:
            seen = self.screen.look()
            if good(seen):
                return seen
            if time.monotonic() > until or self.process.poll() is not None:
                raise AssertionError("the screen never looked as it should")
            time.sleep(0.1)

    def ended(self) -> tuple[int, str, str]:
        """Waits for the end: exit code, standard output and standard error."""
        out, err = self.process.communicate(timeout=_PATIENCE)
        return self.process.returncode, out, err

    def close_by_the_cross(self) -> None:
        """Sends what a window manager sends when its cross is clicked."""
        x11 = ctypes.CDLL("libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XInternAtom.restype = ctypes.c_ulong
        display = ctypes.c_void_p(x11.XOpenDisplay(self.screen.display.encode()))
        protocols, delete = (
            x11.XInternAtom(display, name, False)
            for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW")
        )
        window = int(self.window)
        event = _ClientMessage(33, 0, 1, None, window, protocols, 32, (delete, 0))
        x11.XSendEvent(display, ctypes.c_ulong(window), False, 0, ctypes.byref(event))
        x11.XSync(display, False)
        x11.XCloseDisplay(display)


class _ClientMessage(ctypes.Structure):
    """X11's XClientMessageEvent, as long as an XEvent."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 5),
        ("rest", ctypes.c_long * 12),
    )


@contextmanager
def virtual_screen() -> Iterator[Screen]:
    """An X server of its own, without a screen saver, that ends with the block."""
    reading, writing = os.pipe()
    command = [
        *("Xvfb", "-displayfd", str(writing), "-screen", "0"),
        *(f"{_WIDTH}x{_HEIGHT}x24", "-nolisten", "tcp", "-s", "0", "-noreset"),
    ]
    with subprocess.Popen(
        command, pass_fds=[writing], stderr=subprocess.DEVNULL
    ) as server:
        os.close(writing)
        try:
            with os.fdopen(reading) as told:
                number = told.readline().strip()
            yield Screen(f":{number}")
        finally:
            server.terminate()
