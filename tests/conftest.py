"""Skips, loudly, the tests whose device or program is absent.

`FAIL_WITHOUT_GPU=1` (or `_CAMERA`, `_WINDOW`, `_FFPROBE`) makes the absence a failure,
for a machine that is meant to have it.
"""

import os
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest


@cache
def _has_gpu() -> bool:
    # Imported here, so that a run without such a test does not wait for it.
    import torch

    return torch.cuda.is_available()


def _has_camera() -> bool:
    return any(Path("/dev").glob("video[0-9]*"))


def _has_window() -> bool:
    screens = "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    return screens or sys.platform in {"darwin", "win32"}


def _has_ffprobe() -> bool:
    return shutil.which("ffprobe") is not None


NEEDS: dict[str, Callable[[], bool]] = {
    "camera": _has_camera,
    "ffprobe": _has_ffprobe,
    "gpu": _has_gpu,
    "window": _has_window,
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips or fails the test if what it is marked with is absent."""
    for name, is_here in NEEDS.items():
        if item.get_closest_marker(name) is None or is_here():
            continue
        variable = f"FAIL_WITHOUT_{name.upper()}"
        if os.environ.get(variable, "0") != "0":
            pytest.fail(f"no {name} here, and {variable} is set", pytrace=False)
        pytest.skip(f"no {name} here; {variable}=1 makes this a failure")
