"""The app in a window of its own, by pywebview: real paths by drop, native dialogs.

Runs in a process of its own, whose main thread is the window's.
"""

import json
import signal
from importlib.util import find_spec
from multiprocessing.connection import Connection
from typing import Any

from videnhance.system.optional import optional
from videnhance.web.app.queue_file import state_folder

__all__ = ["has_window", "show_window"]

_SIZE = {"width": 1280, "height": 860, "min_size": (390, 500)}
_TITLE = "videnhance"


def has_window() -> bool:
    """Whether such windows can be had."""
    return find_spec("webview") is not None


def show_window(connection: Connection, url: str) -> None:
    """What a process runs that shows the app until its window is closed.

    The connection says nothing: that it closes tells that the window is closed.
    """
    del connection
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the app ends it
    webview = optional(
        "webview", extra="app-window", failure="a window needs pywebview"
    )
    window = webview.create_window(_TITLE, url, js_api=_Dialogs(webview), **_SIZE)
    window.events.loaded += lambda: _listen(webview, window)
    # What a user chose in the page lasts, as it does in a browser.
    webview.start(private_mode=False, storage_path=str(state_folder() / "window"))


def _listen(webview: Any, window: Any) -> None:  # noqa: ANN401
    """Has the page hear which files were dropped: a browser would not tell it."""

    def dropped(event: dict[str, Any]) -> None:
        files = event.get("dataTransfer", {}).get("files", [])
        paths = [file.get("pywebviewFullPath") for file in files]
        _tell(window, [path for path in paths if path])

    handler = webview.dom.DOMEventHandler(dropped, prevent_default=True)
    window.dom.document.events.drop += handler


def _tell(window: Any, paths: list[str]) -> None:  # noqa: ANN401
    """Gives the page an event `paths` with the names."""
    detail = json.dumps({"detail": paths})
    window.run_js(f"window.dispatchEvent(new CustomEvent('paths', {detail}))")


class _Dialogs:
    """What the page may call as `pywebview.api`."""

    def __init__(self, webview: Any) -> None:  # noqa: ANN401
        self._webview = webview

    def choose(self, folders: bool = False) -> list[str]:
        """The paths that the user chooses in a dialog of the system."""
        kinds = self._webview.FileDialog
        kind = kinds.FOLDER if folders else kinds.OPEN
        window = self._webview.windows[0]
        return [*(window.create_file_dialog(kind, allow_multiple=True) or ())]
