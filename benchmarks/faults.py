#!/usr/bin/env python3
"""Lets a camera fail in every way while it is watched, and takes the times.

The camera is the one of the tests, a process at the seam where the capturing child is:
it speaks the same words, and fails as it is told. The window is the session's own, with
nothing behind it. Prints a table: seconds until the message, and until the picture is
back after the fault is over; how long the window did not answer; seconds to close.

    benchmarks/faults.py [--times 5]
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.captures import FakeCamera
from tests.windows import FakeWindow
from videnhance.live.capture_client import Patience
from videnhance.live.options import LiveOptions
from videnhance.live.outputs import Outputs
from videnhance.live.overlay import Overlay
from videnhance.live.pipeline import live_pipeline
from videnhance.live.session import Session
from videnhance.live.window import Mouse, Pressed

FAULTS = {
    "absent": "unplugged: it cannot be opened again",
    "busy": "taken by another program",
    "stall": "gives no more pictures, and blocks",
    "cut": "stops in the middle of a picture",
    "crash": "its process dies",
    "nonsense": "sends nonsense",
    "huge": "claims an impossible size",
    "same": "repeats its last picture",
    "wide": "changes its size",
}
FAULT_SECONDS = 3.5


class Watched(FakeWindow):
    """Notes when it is asked for what the user does."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def show(self, canvas: object) -> list[Pressed | Mouse]:
        """Answers, and keeps no picture."""
        del canvas
        self.times.append(time.monotonic())
        return []


@dataclass
class Times:
    """What one fault took, in seconds."""

    message: list[float] = field(default_factory=list)
    recovery: list[float] = field(default_factory=list)
    silence: list[float] = field(default_factory=list)
    closing: list[float] = field(default_factory=list)


def tried(mode: str, folder: Path, times: Times) -> None:
    """One fault, from picture to picture."""
    camera, window = FakeCamera(folder), Watched()
    source = camera.feed(Patience())
    with (
        Outputs(folder) as outputs,
        live_pipeline(source, LiveOptions(area=1 << 20)) as running,
    ):
        session = Session(running, window, outputs, Overlay(), lambda _: None)
        looking = threading.Thread(target=watch, args=(session, camera, mode, times))
        looking.start()
        session.run()
        looking.join()
        began = time.monotonic()
    times.closing.append(time.monotonic() - began)
    gaps = [b - a for a, b in zip(window.times, window.times[1:], strict=False)]
    times.silence.append(max(gaps))


def watch(session: Session, camera: FakeCamera, mode: str, times: Times) -> None:
    """The user: sees the picture, the fault, its end, the picture; and quits."""
    until(lambda: session.stats.shown > 10)
    began = time.monotonic()
    camera.becomes(mode)
    if mode != "wide":
        until(lambda: bool(session._wrong(time.monotonic())))
        times.message.append(time.monotonic() - began)
    while time.monotonic() < began + FAULT_SECONDS:
        time.sleep(0.01)
    began = time.monotonic()
    camera.becomes("ok")
    until(lambda: not session._wrong(time.monotonic()))
    times.recovery.append(time.monotonic() - began)
    session._actions.quits = True


def until(good: object) -> None:
    """Waits; fails after half a minute."""
    assert callable(good)
    late = time.monotonic() + 30
    while not good():
        if time.monotonic() > late:
            raise SystemExit("that never came")
        time.sleep(0.005)


def table(count: int) -> Iterator[str]:
    """A line for each fault, medians and the longest."""
    yield "| the camera | message after | back after | window silent for | closed in |"
    yield "|---|---:|---:|---:|---:|"
    for mode, words in FAULTS.items():
        times = Times()
        for _ in range(count):
            with tempfile.TemporaryDirectory() as folder:
                tried(mode, Path(folder), times)
        cells = (times.message, times.recovery, times.silence, times.closing)
        yield f"| {words} | " + " | ".join(map(cell, cells)) + " |"


def cell(seconds: list[float]) -> str:
    if not seconds:
        return "-"
    return f"{median(seconds):.2f} s ({max(seconds):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=5)
    for line in table(parser.parse_args().times):
        print(line, flush=True)


if __name__ == "__main__":
    main()
