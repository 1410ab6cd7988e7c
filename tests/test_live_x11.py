"""A window is found by its name, and hears that it is on the screen."""

import os
import subprocess
import sys

import pytest

from tests.screens import virtual_screen
from videnhance.live.x11 import find_window, tell_mapped

_PROGRAM = """
import sys
from videnhance.live.x11 import find_window, tell_mapped
from videnhance.live.window import OpenCVWindow
from videnhance.geometry import Size
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


@pytest.mark.window
@pytest.mark.opencv
def test_a_window_is_found_and_told() -> None:
    with virtual_screen() as screen:
        command = [sys.executable, "-c", _PROGRAM]
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
