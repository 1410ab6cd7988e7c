"""What has been made: one line for each output, in a file among the outputs.

    OUT/.videnhance/outputs    lines with a checksum, synced; the last of a name counts

A line is written before an output is begun and another when it is complete or given up,
so that it is known what is ours, and whole, whatever moment the power fails.
"""

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from videnhance.conversion.fingerprint import input_key, series_key
from videnhance.conversion.workdir import check_own_folder, journal_line, parsed_line
from videnhance.errors import BusyError, OutputError, printable, reading
from videnhance.media.output.provenance import digest_of
from videnhance.media.stills.series import is_series, series_of
from videnhance.system.disk import sync, sync_folder
from videnhance.system.locks import LockedFile, locked_file

__all__ = ["FOLDER", "Identity", "Made", "Records", "identity_of", "start_of"]

FOLDER = ".videnhance"
_NAME = "outputs"
_START_BYTES = 96
_WASTE = 1000
"""Lines without a use that are kept before the file is written anew."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file, or a sequence of them, is."""

    bytes: int
    mtime_ns: int
    """Of a sequence the latest."""
    digest: str
    """Of its content; where it is large, of many places. Of a sequence's names, sizes
    and times."""

    def looks_like(self, other: "Identity") -> bool:
        """Whether size and time are the same; the content was not looked at."""
        return (self.bytes, self.mtime_ns) == (other.bytes, other.mtime_ns)


def identity_of(
    path: Path, known: Identity | None = None, *, count: int = 0
) -> Identity:
    """The identity of a file, or of the (first `count`) files of a sequence.

    Where size and time are as `known`, its content is taken to be. Raises InputError.
    """
    if is_series(path):
        files = series_of(path).files
        return _of_many(files[:count] if count else files)
    with reading(path):
        status = path.stat()
    found = Identity(status.st_size, status.st_mtime_ns, "")
    if known is not None and known.looks_like(found):
        return known
    return replace(found, digest=digest_of(json.dumps(input_key(path))))


def _of_many(files: tuple[Path, ...]) -> Identity:
    digest = digest_of(json.dumps(series_key(files)))
    found = [file.stat() for file in files]
    return Identity(
        sum(status.st_size for status in found),
        max(status.st_mtime_ns for status in found),
        digest,
    )


@dataclass(frozen=True, slots=True)
class Made:
    """An output that was completed."""

    output: str
    """Below the folder of outputs, as `input` is below that of inputs."""
    input: str
    wishes: str
    """A digest of what the user chose, as far as it shows."""
    source: Identity
    result: Identity
    frames: int
    """Of a sequence, of which each is a file; 0 for a single one."""
    precision: str = ""
    """Of the network; empty where it was not used."""
    start: str = ""
    """The first bytes of the output, in hexadecimal: what is cut off still has them."""
    root: str = ""
    """A digest of where the folder of inputs was."""


def start_of(path: Path) -> str:
    """The first bytes of a file in hexadecimal; none of a sequence. Raises OSError."""
    if is_series(path):
        return ""
    with path.open("rb") as file:
        return file.read(_START_BYTES).hex()


class Records:
    """The open record of one folder of outputs; locked against a second run.

    Raises BusyError if another run has it, OutputError if the disk refuses.
    """

    def __init__(self, folder: Path, keeps: bool = True) -> None:
        """Without `keeps` nothing is written, locked or made."""
        self._target, self._folder = folder, folder / FOLDER
        self._made: dict[str, Made] = {}
        self._begun: dict[str, str] = {}
        self._open: set[str] = set()
        self._file: LockedFile | None = None
        try:
            if keeps:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                check_own_folder(self._folder, folder)
                self._file = self._locked()
                self._read(self._file)
            elif (self._folder / _NAME).exists():
                self._take_all((self._folder / _NAME).read_bytes())
        except BaseException as error:
            if self._file is not None:
                self._file.close()
            if isinstance(error, OSError):
                raise self._failure(error) from error
            raise

    def __enter__(self) -> "Records":
        return self

    def __exit__(self, *error: object) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user must hear of the disk."""
        return self._file.notices if self._file is not None else ()

    @property
    def owners(self) -> dict[str, str]:
        """The input of each output that was ever begun, the latest last."""
        return dict(self._begun)

    @property
    def precision(self) -> str:
        """That the network last had; empty if there is none."""
        found = [made.precision for made in self._made.values() if made.precision]
        return found[-1] if found else ""

    def made(self, output: str) -> Made | None:
        """What is known of a completed output."""
        return self._made.get(output)

    def is_open(self, output: str) -> bool:
        """Whether an output was begun, and neither completed nor given up since."""
        return output in self._open

    def begin(self, output: str, source: str) -> None:
        """Enters that an output is about to be made. Raises OutputError."""
        if output not in self._open or self._begun[output] != source:
            self._enter({"begun": [output, source]})

    def give_up(self, output: str) -> None:
        """Enters that an output is not being made any more. Raises OutputError."""
        if output in self._open:
            self._enter({"dropped": output})

    def complete(self, made: Made) -> None:
        """Enters a completed output. Raises OutputError."""
        self._enter({"made": asdict(made)})

    def _enter(self, values: dict[str, Any]) -> None:
        if self._file is not None:
            self._append(self._file, journal_line(values))
        self._take(values)

    def _append(self, file: LockedFile, line: bytes) -> None:
        before = file.tell()
        try:
            if file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            sync(file.fileno())
        except OSError as error:
            with suppress(OSError):  # half a line would take the next one with it
                file.truncate(before)
                file.seek(before)
            raise self._failure(error) from error

    def _locked(self) -> LockedFile:
        path = self._folder / _NAME
        file = locked_file(path, self._target)
        held = os.fstat(file.fileno())
        # Some shares make up a number each time, and others count no names.
        if not os.path.samestat(held, path.stat()) and not held.st_nlink:
            file.close()  # another run has just written it anew
            raise BusyError(f"{printable(self._target)} is being filled by another run")
        return file

    def _read(self, file: LockedFile) -> None:
        data = file.readall()
        whole = data.rfind(b"\n") + 1
        count = self._take_all(data[:whole])
        file.seek(whole)
        file.truncate()  # what a crash has torn
        if count > len(self._made) + len(self._begun) + _WASTE:
            self._file = self._rewritten(file)
            file.close()

    def _take_all(self, data: bytes) -> int:
        """Takes every line that holds; gives how many lines there are."""
        lines = data.splitlines(keepends=True)
        for line in lines:
            values = parsed_line(line)
            if isinstance(values, dict):
                with suppress(*_UNKNOWN):
                    self._take(values)
        return len(lines)

    def _take(self, values: Mapping[str, Any]) -> None:
        if "begun" in values:
            output, source = values["begun"]
            self._begin(output, source)
            self._open.add(output)
        elif "dropped" in values:
            self._open.discard(values["dropped"])
        elif "made" in values:
            made = _made_of(values["made"])
            self._begin(made.output, made.input)
            self._open.discard(made.output)
            # The latest last: its precision is that of the next.
            self._made.pop(made.output, None)
            self._made[made.output] = made

    def _begin(self, output: str, source: str) -> None:
        self._begun.pop(output, None)
        self._begun[output] = source

    def _rewritten(self, file: LockedFile) -> LockedFile:
        """Writes what counts anew; the old file stays until the new one is whole."""
        path = self._folder / f"{_NAME}.new"
        path.unlink(missing_ok=True)
        fresh = file.renewed(path, self._target)
        fresh.write(b"".join(self._lines()))
        sync(fresh.fileno())
        os.replace(path, self._folder / _NAME)
        sync_folder(self._folder)
        return fresh

    def _lines(self) -> Iterator[bytes]:
        for made in self._made.values():
            yield journal_line({"made": asdict(made)})
        for output, source in self._begun.items():
            if output not in self._made or output in self._open:
                yield journal_line({"begun": [output, source]})
            if output not in self._made and output not in self._open:
                yield journal_line({"dropped": output})

    def _failure(self, error: OSError) -> OutputError:
        return OutputError(
            f"{printable(self._folder)}: what is done cannot be noted there: "
            f"{error.strerror or error}; name another folder"
        )


_UNKNOWN = (AttributeError, KeyError, TypeError, ValueError)
"""What a line of a later version, or of somebody else, raises: it is passed over."""


def _made_of(values: Mapping[str, Any]) -> Made:
    """Takes the fields that are known."""
    known = {f.name for f in fields(Made)}
    kept = {name: value for name, value in values.items() if name in known}
    for name in ("source", "result"):
        one = kept[name]
        kept[name] = Identity(one["bytes"], one["mtime_ns"], one["digest"])
    return Made(**kept)
