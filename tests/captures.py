"""A capturing child that does what a file tells it, good or bad, at any moment."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from videnhance.live.capture_client import CaptureClient, Patience
from videnhance.live.captured import CapturedFrame, CaptureKind, CaptureOrder, Trouble
from videnhance.system.latest import Latest

__all__ = ["PATIENCE", "SIZES", "FakeCamera", "awaited"]

_PROGRAM = """
import json, os, sys, time
control = sys.argv[1]
json.loads(sys.stdin.readline())
out = sys.stdout.buffer
def say(name, /, **fields):
    out.write(json.dumps([name, fields]).encode() + b"\\n")
number = 0
while True:
    mode = open(control).read().strip()
    width, height = json.loads(sys.argv[2]).get(mode, (8, 6))
    if mode in ("absent", "busy"):
        say("Failed", kind="InputError", words="does not open: it is " + mode)
        break
    if mode == "stall":
        time.sleep(600)
    if mode == "crash":
        os.abort()
    if mode == "nonsense":
        out.write(b"\\0 no message \\n")
        out.flush()
        time.sleep(600)
    if mode == "silent end":
        break
    ahead = 1000 if mode == "future" else 0
    number += mode != "same"
    tags = dict(range=1, matrix=6, primaries=2, transfer=2)
    claimed = 1 << 30 if mode == "huge" else width
    say("Picture", captured=time.monotonic() + ahead, width=claimed, height=height,
        tags=tags, aspect=None, rate="30/1")
    area = width * height + 2 * (width // 2) * (height // 2)
    if mode == "cut":
        out.write(bytes(area // 2))
        out.flush()
        time.sleep(600)
    out.write(bytes([number % 256]) * area)
    out.flush()
    time.sleep(1 / 120)
"""
SIZES = {"ok": (8, 6), "wide": (12, 6)}
"""Width and height of the pictures in a mode."""

PATIENCE = 240.0
"""Seconds: only what never comes is worth as many."""


class FakeCamera:
    """A camera at the seam where a real one would be."""

    def __init__(self, folder: Path, mode: str = "ok") -> None:
        self._control = folder / "camera"
        self.becomes(mode)

    def becomes(self, mode: str) -> None:
        """Changes what it does; a child that runs notices at its next picture."""
        fresh = self._control.with_suffix(".new")
        fresh.write_text(mode)
        fresh.replace(self._control)

    def feed(
        self, patience: Patience | None = None, loop: bool = False
    ) -> CaptureClient:
        """A CaptureClient of it, with little patience."""
        patience = patience or Patience(60.0, 2.0, 0.8, 0.05)
        order = CaptureOrder(CaptureKind.CAMERA, "0")
        return CaptureClient(order, "fake camera", patience, loop, self._command)

    def _command(self) -> list[str]:
        sizes = json.dumps(SIZES)
        return [sys.executable, "-ISc", _PROGRAM, str(self._control), sizes]


def awaited(
    slot: Latest[CapturedFrame | Trouble],
    good: Callable[[CapturedFrame | Trouble], bool],
) -> CapturedFrame | Trouble:
    """The first item that is good. Fails if none comes."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        item = slot.take(0.05)
        if item is not None and good(item):
            return item
    raise AssertionError(f"nothing of that came in {PATIENCE} s")
