"""Skips, loudly, the tests whose device, program or library is absent.

`FAIL_WITHOUT_GPU=1` (or `_OPENCV`, `_FFPROBE` ...) makes the absence a failure,
for a machine that is meant to have it.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest


@cache
def _has_gpu() -> bool:
    # Imported here, so that a run without such a test does not wait for it.
    import torch

    return torch.cuda.is_available()


def _has_browser() -> bool:
    # Playwright's own browsers are downloads; the system's is driven.
    return find_spec("playwright") is not None and shutil.which("chromium") is not None


def _has_camera() -> bool:
    return any(Path("/dev").glob("video[0-9]*"))


def _has_window() -> bool:
    # The tests make a virtual screen of their own: nobody's mouse is moved.
    return all(map(shutil.which, ("Xvfb", "xdotool", "ffmpeg")))


def _has_ffprobe() -> bool:
    return shutil.which("ffprobe") is not None


def _has_gcc() -> bool:
    # The tests give its libraries to a program as only Linux does.
    return sys.platform == "linux" and shutil.which("gcc") is not None


@cache
def _has_app() -> bool:
    return all(find_spec(name) is not None for name in ("starlette", "uvicorn"))


@cache
def _has_cluster() -> bool:
    return find_spec("distributed") is not None


@cache
def _has_opencv() -> bool:
    # A bare machine lacks two libraries that it loads, libgl1 and libglib2.0-0.
    try:
        import cv2
    except ImportError:
        return False
    return bool(cv2.__version__)


def _must_have(name: str) -> bool:
    return os.environ.get(f"FAIL_WITHOUT_{name.upper()}", "0") != "0"


# In the background, or under nohup, all children would ignore these, too.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

NEEDS: dict[str, Callable[[], bool]] = {
    "app": _has_app,
    "browser": _has_browser,
    "camera": _has_camera,
    "cluster": _has_cluster,
    "ffprobe": _has_ffprobe,
    "gcc": _has_gcc,
    "gpu": _has_gpu,
    "opencv": _has_opencv,
    "window": _has_window,
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Keeps the tests of a file in one process, but for those marked `apart`."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        if item.get_closest_marker("apart") is None:
            item.add_marker(pytest.mark.xdist_group(item.location[0]))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips or fails the test if what it is marked with is absent."""
    for name, is_here in NEEDS.items():
        if item.get_closest_marker(name) is None or is_here():
            continue
        variable = f"FAIL_WITHOUT_{name.upper()}"
        if _must_have(name):
            pytest.fail(f"no {name} here, and {variable} is set", pytrace=False)
        pytest.skip(f"no {name} here; {variable}=1 makes this a failure")


# These import OpenCV at the top, so that without it they cannot even be collected.
_NEED_OPENCV = (
    "cli_live",
    "live_*",
    "media_stream_choice",
    "models_export",
    "models_weights",
    "training_clips",
    "training_data*",
    "training_degrade",
    "training_measure",
    "training_qat",
    "training_quantize",
    "training_recipe",
    "training_train*",
)
collect_ignore = (
    []
    if _has_opencv() or _must_have("opencv")
    else sorted(
        path.name
        for name in _NEED_OPENCV
        for path in Path(__file__).parent.glob(f"test_{name}.py")
    )
)


def pytest_report_header() -> list[str]:
    """Says what is left out."""
    return [f"without OpenCV: {name} is left out" for name in collect_ignore]
