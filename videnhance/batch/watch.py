"""When to look at a folder again: on a sign of the system, or when time has passed.

Shared folders give no signs, and watchdog may not be installed: so the folder is looked
at without one, too, and a sign never means more than that it is time to look.
"""

import os
import time
from pathlib import Path

try:
    from watchdog import events as watchdog_events
    from watchdog.observers import Observer
except ImportError:
    _HAS_SIGNS = False
else:
    _HAS_SIGNS = True

__all__ = ["Watch"]

_WITH_SIGNS, _WITHOUT_SIGNS = 10.0, 3.0
"""Seconds between two looks where nothing happens."""
_PAUSE = 1.0
"""Seconds between two looks, however much happens."""


class Watch:
    """Tells, when it is called, whether it is time to look; use it with `with`."""

    def __init__(self, folder: Path, without: Path) -> None:
        """Changes below `without` are none."""
        self._folder, self._without = folder, without
        self._last = time.monotonic()
        self._signs = _Signs(folder, without) if _HAS_SIGNS else None

    def __enter__(self) -> "Watch":
        if self._signs is not None:
            self._signs.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._signs is not None:
            self._signs.stop()

    @property
    def hears(self) -> bool:
        """Whether the system tells of changes; if not, looking is all there is."""
        return self._signs is not None and self._signs.alive

    def __call__(self) -> bool:
        """Whether it is time to look; then the time counts from now on."""
        passed = time.monotonic() - self._last
        rang = self._signs is not None and self._signs.rang
        if passed < (_PAUSE if rang else _WITH_SIGNS if self.hears else _WITHOUT_SIGNS):
            return False
        self._last = time.monotonic()
        if self._signs is not None:
            self._signs.rang = False
        return True


class _Signs:
    """The system's own word of changes below a folder."""

    def __init__(self, folder: Path, without: Path) -> None:
        self.rang = self.alive = False
        self._folder = os.fspath(folder.resolve())
        self._without = os.path.join(os.fspath(without.resolve()), "")
        self._observer = Observer()

    def start(self) -> None:
        handler = watchdog_events.FileSystemEventHandler()
        handler.on_any_event = self._rings  # type: ignore[method-assign]  # its way
        try:
            self._observer.schedule(handler, self._folder, recursive=True)
            self._observer.start()
        except OSError:
            return  # more folders than the system watches: looking must do
        self.alive = True

    def stop(self) -> None:
        if self.alive:
            self._observer.stop()
            self._observer.join()

    def _rings(self, event: "watchdog_events.FileSystemEvent") -> None:
        if event.event_type not in ("opened", "closed_no_write"):
            path = os.path.join(os.fsdecode(event.src_path), "")
            self.rang = self.rang or not path.startswith(self._without)
