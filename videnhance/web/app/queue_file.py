"""The file that the queue survives in: whole at any moment, whatever ends the app."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from videnhance.errors import BusyError, OutputError, UsageError, printable
from videnhance.system.disk import sync, sync_folder
from videnhance.system.locks import locked_file

__all__ = ["QueueFile", "state_folder"]

_VERSION = 1


def state_folder() -> Path:
    """Where this user's queue is kept. Raises UsageError for a user without a home."""
    variable, own = {
        "win32": ("LOCALAPPDATA", "AppData/Local"),
        "darwin": ("", "Library/Application Support"),
    }.get(sys.platform, ("XDG_STATE_HOME", ".local/state"))
    named = Path(os.environ.get(variable, ""))
    try:
        place = named if named.is_absolute() else Path.home() / own
    except RuntimeError:
        raise UsageError(
            f"this user has no home, and so no queue: set {variable or 'HOME'}"
        ) from None
    return place / "videnhance" / "app"


class QueueFile:
    """The queue's file in a folder, held against a second app; `with` gives it free.

    Raises BusyError if another app has it, OutputError if the disk refuses.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / "queue.json"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = locked_file(folder / "lock", self._path)
        except BusyError:
            raise BusyError(
                f"another app of yours runs, with the queue in {printable(folder)}: "
                f"{self._other()}"
            ) from None
        except OSError as error:
            raise self._failure(error) from error

    def __enter__(self) -> "QueueFile":
        return self

    def __exit__(self, *error: object) -> None:
        self._lock.close()

    def opened_at(self, url: str) -> None:
        """Notes, for this user alone, where the app is."""
        with suppress(OSError):
            self._lock.seek(0)
            self._lock.truncate()
            self._lock.write(url.encode())

    def read(self) -> dict[str, Any]:
        """What was kept; nothing of a file that is damaged, which is put aside."""
        try:
            values = json.loads(self._path.read_bytes())
            if not isinstance(values, dict) or values.get("version") != _VERSION:
                raise ValueError("of another version")
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._failure(error) from error
        except ValueError:
            with suppress(OSError):
                os.replace(self._path, self._path.with_suffix(".damaged"))
            return {}
        return values

    def write(self, values: dict[str, Any]) -> None:
        """Keeps these values: after a power cut the file has them, or those before.

        Raises OutputError.
        """
        text = json.dumps({"version": _VERSION, **values}, ensure_ascii=False, indent=1)
        fresh = self._path.with_suffix(".new")
        try:
            with fresh.open("wb") as file:
                file.write(text.encode("utf-8", "surrogateescape"))
                file.flush()
                sync(file.fileno())
            os.replace(fresh, self._path)
            sync_folder(self.folder)
        except OSError as error:
            raise self._failure(error) from error

    def _other(self) -> str:
        with suppress(OSError):
            if url := (self.folder / "lock").read_text(encoding="utf-8"):
                return f"open {printable(url)}"
        return "end it first"

    def _failure(self, error: OSError) -> OutputError:
        return OutputError(
            f"the queue cannot be kept in {printable(self.folder)}: "
            f"{error.strerror or error}; make room, or correct its rights"
        )
