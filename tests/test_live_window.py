"""The real window on a virtual screen, driven by key and mouse, and looked at."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.screens import Screen, Seen, virtual_screen
from tests.sources import ROOT
from videnhance.live.window import find_window, tell_mapped
from videnhance.media.reader.video_reader import VideoReader

pytestmark = pytest.mark.opencv
CLIP = str(ROOT / "samples" / "animation.mp4")
WIDTH, HEIGHT = 1280, 720
"""Of the window."""
MIDDLE = slice(250, 500), slice(450, 850)
"""Where help stands."""
CORNER = slice(14, 24), slice(60, 400)
"""The upper rim of the panel of figures."""
PROGRAM = """
import sys
from videnhance.live.window import OpenCVWindow, find_window, tell_mapped
from videnhance.frame.geometry import Size
import numpy as np
with OpenCVWindow("a title", Size(320, 200)) as window:
    assert find_window("another") is None
    for _ in range(20):
        window.show(np.full((200, 320, 3), 200, np.uint8))
    found = find_window("a title")
    assert found is not None
    tell_mapped(found)
    while True:
        window.show(np.full((200, 320, 3), 200, np.uint8))
"""


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    """One for all tests here."""
    with virtual_screen() as found:
        yield found


def split_at(seen: Seen) -> int:
    """The column of the white line between before and after; -1 if there is none."""
    white = (seen[300:600, :WIDTH] == 255).all(axis=(0, 2))
    return int(np.flatnonzero(white)[0]) if white.any() else -1


def is_panel(seen: Seen, where: tuple[slice, slice]) -> bool:
    """Whether the place is dark and even, as the ground of a panel."""
    return bool(np.median(seen[where]) < 70)


def kept(seen: Seen, name: str) -> None:
    """Writes the screen where SCREENSHOTS says, for people to look at."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        import cv2

        cv2.imwrite(str(Path(folder) / f"{name}.png"), seen[:HEIGHT, :WIDTH])


@pytest.mark.window
def test_keys_and_mouse_drive_the_window(screen: Screen, tmp_path: Path) -> None:
    with screen.program("live", CLIP, "--loop", cwd=tmp_path) as program:
        for x in (900, 400):
            program.move(x, 400)
            seen = program.awaits(lambda seen, x=x: abs(split_at(seen) - x) <= 2)  # type: ignore[misc]  # a default binds it
        assert is_panel(seen, CORNER)
        kept(seen, "split")
        program.key("x")
        program.awaits(lambda seen: not is_panel(seen, CORNER))
        program.key("0")
        seen = program.awaits(lambda seen: float(np.median(seen[:600, :WIDTH])) < 16)
        kept(seen, "difference")
        program.key("0", "h")
        kept(program.awaits(lambda seen: is_panel(seen, MIDDLE)), "help")
        program.key("h", "v")
        bars = slice(20, 120), slice(100, 1100)
        seen = program.awaits(lambda seen: bool(np.ptp(seen[bars]) < 3))
        kept(seen, "side-by-side")
        program.key("v", "z", "x")
        seen = program.awaits(lambda seen: is_panel(seen, CORNER))
        kept(seen, "loupe-and-figures")
        program.key("space")
        still = program.awaits(lambda seen: is_same(seen, screen.look()))
        kept(still, "paused")
        program.key("f", "q")
        code, _, err = program.ended()
    assert code == 0, err
    assert len(list(tmp_path.glob("videnhance-*-before.png"))) == 1
    assert len(list(tmp_path.glob("videnhance-*-after.png"))) == 1


def is_same(seen: Seen, other: Seen) -> bool:
    """Whether the picture stands: the same but for the figures."""
    part = slice(350, 600), slice(0, WIDTH)
    return bool((seen[part] == other[part]).all())


@pytest.mark.window
def test_the_cross_closes_and_a_recording_is_complete(
    screen: Screen, tmp_path: Path
) -> None:
    words = "live", "--test-pattern", "--record", "a.mkv", "--view", "enhanced"
    with screen.program(*words, cwd=tmp_path) as program:
        kept(screen.look(), "pattern")
        program.close_by_the_cross()
        code, _, err = program.ended()
    assert code == 0, err
    assert "Traceback" not in err
    with VideoReader(tmp_path / "a.mkv") as reader:
        assert len(list(reader)) > 1


@pytest.mark.window
def test_an_interrupt_ends_in_order(screen: Screen, tmp_path: Path) -> None:
    words = "live", CLIP, "--record", "a.mp4", "--record-view"
    with screen.program(*words, cwd=tmp_path) as program:
        program.process.send_signal(signal.SIGINT)
        code, _, err = program.ended()
    assert code == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    with VideoReader(tmp_path / "a.mp4") as reader:
        assert reader.info.size.width == WIDTH
        frames = list(reader)
    panels = [np.median(frame.planes[0][CORNER]) < 70 for frame in frames]
    assert panels  # the film itself is bright there
    assert all(panels)


@pytest.mark.window
def test_a_preview_seeks_and_prints_the_command(screen: Screen, tmp_path: Path) -> None:
    with screen.program("preview", CLIP, cwd=tmp_path) as program:
        program.key("space")
        at_front = screen.look()
        program.click(1000, HEIGHT - 18)
        there = program.awaits(
            lambda seen: not is_same(seen, at_front) and knob(seen) > 900
        )
        program.key("Left")
        program.awaits(lambda seen: knob(seen) < 100)
        kept(there, "preview")
        program.key("minus", "n", "c", "q")
        code, out, err = program.ended()
    assert code == 0, err
    assert out.splitlines()[-1].endswith("--strength 0.9 --skip 2")


def knob(seen: Seen) -> int:
    """The column of the timeline's knob; -1 if there is none."""
    row = seen[HEIGHT - 18, : WIDTH - 150]
    light = (row > 240).all(axis=1)
    return int(np.flatnonzero(light)[0]) if light.any() else -1


@pytest.mark.window
@pytest.mark.parametrize(
    ("display", "words"), [("", "not set"), (":987", "DISPLAY=:987")]
)
def test_without_a_screen_there_is_a_message(
    display: str, words: str, tmp_path: Path
) -> None:
    env = {
        k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")
    }
    done = subprocess.run(
        [sys.executable, "-m", "videnhance", "live", "--test-pattern"],
        cwd=tmp_path,
        env=env | ({"DISPLAY": display} if display else {}),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    assert words in done.stderr
    assert "--headless" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.window
def test_a_window_is_found_and_told() -> None:
    with virtual_screen() as screen:
        command = [sys.executable, "-c", PROGRAM]
        with subprocess.Popen(command, env=screen.env) as process:
            try:
                while not (screen.look()[20:180, 20:300] == 200).all():
                    assert process.poll() is None
            finally:
                process.kill()


def test_nothing_is_found_where_there_is_no_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(os.environ, "DISPLAY", ":987")
    assert find_window("videnhance") is None
    tell_mapped(1)
