"""The files that a page may name: those within some folders of this machine.

A name from a page is taken as it stands and resolved, links and all; what it comes to
must lie in one of the folders.
"""

import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videnhance.batch.inputs import is_media
from videnhance.errors import InputError, OutputError, UsageError, printable
from videnhance.media.picture_formats import PICTURES
from videnhance.media.stills.series import natural_order
from videnhance.system.disk import free_bytes

__all__ = ["Roots", "TooLargeError", "Uploads"]

_MOST_ENTRIES = 5000
_LONGEST_NAME = 180
"""Bytes, so that what is added for the output fits, too."""
_FILMS = ("Videos", "Movies", "Downloads")
_SPARE_BYTES = 1 << 30
"""That an upload leaves free on the disk."""


class TooLargeError(OutputError):
    """What is sent has more bytes than may be sent."""


class Roots:
    """Folders that pages may look into, and what they hold."""

    def __init__(self, folders: Iterable[Path], hidden: Iterable[Path] = ()) -> None:
        """`hidden` ones are used, and not shown. Raises OSError."""
        self.folders = [*dict.fromkeys(p.resolve(strict=True) for p in folders)]
        self._all = [*self.folders, *(p.resolve(strict=True) for p in hidden)]

    def inside(self, words: object) -> Path:
        """The file or folder that a name stands for, without links.

        Raises InputError for one that is not there, or not within the folders.
        """
        path = self._plain(words)
        try:
            found = path.resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            raise InputError(
                f"{printable(words)} does not exist: check the name"
            ) from None
        return self._checked(found, words)

    def output(self, words: object) -> Path:
        """A file that may be made. Raises InputError."""
        path = self._plain(words)
        self.inside(str(path.parent))
        try:
            return self._checked(path.resolve(), words)
        except (OSError, RuntimeError, ValueError):
            raise InputError(f"{printable(words)} cannot be used: choose") from None

    def holds(self, path: Path) -> bool:
        """Whether a resolved path lies in one of the folders."""
        return any(root == path or root in path.parents for root in self._all)

    def films(self) -> Path:
        """The folder for films whose own is not known."""
        places = [root / name for root in self.folders for name in _FILMS]
        return next((place for place in places if place.is_dir()), self.folders[0])

    def listing(self, words: str | None) -> dict[str, Any]:
        """What a folder holds for the app; without a name, the first of the folders.

        Raises InputError.
        """
        folder = self.folders[0] if words is None else self.inside(words)
        if not folder.is_dir():
            raise InputError(f"{printable(folder)} is no folder: name one")
        try:
            entries = [*self._entries(folder)]
        except OSError as error:
            raise InputError(
                f"{printable(folder)} cannot be read: {error.strerror}"
            ) from None
        entries.sort(key=lambda e: (e["kind"] != "folder", natural_order(e["name"])))
        parent = folder.parent if self.holds(folder.parent) else None
        return {
            "path": str(folder),
            "parent": str(parent) if parent and parent != folder else None,
            "roots": [{"name": p.name or str(p), "path": str(p)} for p in self.folders],
            "entries": entries[:_MOST_ENTRIES],
        }

    def _entries(self, folder: Path) -> Iterable[dict[str, Any]]:
        for entry in os.scandir(folder):
            if entry.name.startswith(".") or not _can_be_said(entry.name):
                continue
            path = Path(entry.path)
            if entry.is_symlink() and not self._leads_inside(path):
                continue
            kind = "folder"
            if not path.is_dir():
                if not is_media(entry.name):
                    continue
                kind = "picture" if path.suffix.lower() in PICTURES else "video"
            try:
                status = path.stat()
            except OSError:
                continue
            yield {
                "name": entry.name,
                "path": entry.path,
                "kind": kind,
                "bytes": 0 if kind == "folder" else status.st_size,
                "modified": status.st_mtime,
            }

    def _leads_inside(self, link: Path) -> bool:
        try:
            return self.holds(link.resolve(strict=True))
        except (OSError, RuntimeError):
            return False

    def _plain(self, words: object) -> Path:
        if not isinstance(words, str) or not words or not _can_be_said(words):
            raise InputError(f"{printable(words)} is no name of a file: name another")
        path = Path(words)
        if not path.is_absolute():
            raise InputError(f"{printable(words)} is no whole name: begin at the root")
        return path

    def _checked(self, path: Path, words: object) -> Path:
        if not self.holds(path):
            raise InputError(
                f"{printable(words)} is not in a folder that this app may use: start "
                "`videnhance app FOLDER` with it"
            )
        return path


def _can_be_said(name: str) -> bool:
    """Whether a name can be sent as text, and has no control characters in it."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return not any(ord(c) < 32 or ord(c) == 127 for c in name)


@dataclass(frozen=True, slots=True)
class Uploads:
    """Files that browsers send because they do not tell where they are."""

    folder: Path
    most_bytes: int
    """Of one file, and, four times that, of all."""

    async def take(
        self, name: str, length: int | None, chunks: AsyncIterator[bytes]
    ) -> Path:
        """Writes a file as it comes; gives where it lies.

        Raises UsageError for a name that is none, OutputError for one that is too
        large, or a full disk; then nothing of it stays.
        """
        _check_name(name)
        self._check_room(length or 0, name)
        place = self.folder / secrets.token_hex(8)
        place.mkdir(mode=0o700, parents=True)
        path, count = place / name, 0
        try:
            with path.open("xb") as file:
                async for chunk in chunks:
                    count += len(chunk)
                    if count > self.most_bytes:
                        raise TooLargeError(self.too_large(name))
                    file.write(chunk)
        except OSError as error:
            shutil.rmtree(place, ignore_errors=True)
            raise OutputError(
                f"{printable(name)} cannot be kept: {error.strerror}"
            ) from error
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        return path

    def holds(self, path: Path) -> bool:
        """Whether a file was uploaded."""
        return path.parent.parent == self.folder

    def forget(self, path: Path) -> None:
        """Removes an uploaded file; no other."""
        if self.holds(path):
            shutil.rmtree(path.parent, ignore_errors=True)

    def _check_room(self, length: int, name: str) -> None:
        if length > self.most_bytes:
            raise TooLargeError(self.too_large(name))
        used = sum(p.stat().st_size for p in self.folder.rglob("*") if p.is_file())
        free = free_bytes(self.folder)
        if used + length > 4 * self.most_bytes or (
            free is not None and length + _SPARE_BYTES > free
        ):
            raise OutputError(
                f"{printable(name)}: there is no room for it among what was sent; "
                "remove rows that are done, or name files where they lie"
            )

    def too_large(self, name: str) -> str:
        """What to say of a file of this name."""
        return (
            f"{printable(name)} is larger than {self.most_bytes >> 20} MB, the most "
            "that may be sent: name the file where it lies"
        )


def _check_name(name: str) -> None:
    """Raises UsageError unless a name is that of a video or picture in any folder."""
    tricky = set('/\\:*?"<>|') & set(name) or name.startswith((".", "-", "~"))
    if tricky or not _can_be_said(name) or len(name.encode()) > _LONGEST_NAME:
        raise UsageError(f"{printable(name)} is no name for a file here: rename it")
    if not is_media(name):
        raise UsageError(f"{printable(name)} is no video or picture by its name")
