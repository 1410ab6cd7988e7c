"""Opens windows beside the page: a folder in the file manager, the live window."""

import asyncio
import os
import subprocess
import sys
from asyncio.subprocess import Process
from contextlib import suppress
from pathlib import Path

from videnhance.errors import MissingLibraryError, UsageError, printable
from videnhance.models.looks import shipped_looks

__all__ = ["has_screen", "open_folder", "start_live"]

_EARLY_SECONDS = 15.0
"""Within which a window that cannot open has said so."""
_MOST_CAMERAS = 64


def has_screen() -> bool:
    """Whether windows can open here."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


async def open_folder(folder: Path) -> Process:
    """Shows a folder in the system's file manager, some of which end with their window.

    Raises MissingLibraryError.
    """
    opener = {"win32": "explorer", "darwin": "open"}.get(sys.platform, "xdg-open")
    try:
        return await asyncio.create_subprocess_exec(
            opener,
            str(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise MissingLibraryError(
            f"{opener} does not open {printable(folder)} ({error.strerror}): open it "
            "by hand"
        ) from error


async def start_live(look: object, camera: object) -> None:
    """Starts the live window in a process of its own.

    Raises UsageError for another look or camera, or if the window does not open.
    """
    if look is not None and look not in shipped_looks():
        raise UsageError(f"there is no look {printable(look)}")
    if camera is not None and camera not in range(_MOST_CAMERAS):
        raise UsageError(f"there is no camera {printable(camera)}: give its number")
    words = [sys.executable, "-m", "videnhance", "live"]
    words += [] if camera is None else [str(camera)]
    words += [] if look is None else ["--look", str(look)]
    process = await asyncio.create_subprocess_exec(
        *words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    said = asyncio.ensure_future(process.stderr.read())
    with suppress(asyncio.TimeoutError):
        code = await asyncio.wait_for(process.wait(), _EARLY_SECONDS)
        if code:
            last = (await said).decode(errors="replace").strip().splitlines()[-1:]
            why = printable(*last).removeprefix("videnhance: ") if last else ""
            raise UsageError(why or "the window does not open")
