"""What has been made: one line for each output, in a file among the outputs.

    OUT/.videnhance/outputs    lines with a checksum, synced; the last of a name counts

A line is written before an output is begun and another when it is complete, so that
it is known what under a name is ours, and whole, whatever moment the power fails.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any

from videnhance.errors import InputError, OutputError, printable
from videnhance.identity import input_key, series_key
from videnhance.unfinished import (
    check_own_folder,
    journal_line,
    locked_file,
    parsed_line,
    sync_folder,
)
from videnhance.video.making.stamp import digest_of
from videnhance.video.pictures.series import is_series, series_of

__all__ = ["FOLDER", "Identity", "Made", "Records", "identity_of"]

FOLDER = ".videnhance"
_NAME = "outputs"
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


def identity_of(path: Path, known: Identity | None = None, count: int = 0) -> Identity:
    """The identity of a file, or of the (first `count`) files of a sequence.

    Where size and time are as `known`, its content is taken to be. Raises InputError.
    """
    if is_series(path):
        files = series_of(path).files
        return _of_many(files[:count] if count else files)
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(
            f"{printable(path)} cannot be read: {error.strerror}"
        ) from error
    digest = ""
    found = Identity(status.st_size, status.st_mtime_ns, digest)
    if known is not None and known.looks_like(found):
        return known
    digest = digest_of(json.dumps(input_key(path)))
    return Identity(status.st_size, status.st_mtime_ns, digest)


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
    precision: str = ""
    """Of the network; empty where it was not used."""


class Records:
    """The open record of one folder of outputs; locked against a second run.

    Raises BusyError if another run has it, OutputError if the disk refuses.
    """

    def __init__(self, folder: Path, keeps: bool = True) -> None:
        """Without `keeps` nothing is written, not even the folder."""
        self._target, self._folder = folder, folder / FOLDER
        self._made: dict[str, Made] = {}
        self._begun: dict[str, str] = {}
        self._file: FileIO | None = None
        self._keeps = keeps
        if not keeps and not (self._folder / _NAME).exists():
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            check_own_folder(self._folder, folder)
            self._file = locked_file(self._folder / _NAME, folder)
        except OSError as error:
            raise self._failure(error) from error
        try:
            self._read(self._file)
        except OSError as error:
            self._file.close()
            raise self._failure(error) from error

    def __enter__(self) -> "Records":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def names(self) -> dict[str, str]:
        """The output of each input that was ever begun."""
        return {source: output for output, source in self._begun.items()}

    @property
    def precision(self) -> str:
        """That the network last had; empty if there is none."""
        found = [made.precision for made in self._made.values() if made.precision]
        return found[-1] if found else ""

    def made(self, output: str) -> Made | None:
        """What is known of a completed output."""
        return self._made.get(output)

    def was_begun(self, output: str) -> bool:
        """Whether an output was ever begun: until then no file of ours has its name."""
        return output in self._begun

    def begin(self, output: str, source: str) -> None:
        """Enters that an output is about to be made. Raises OutputError."""
        if self._begun.get(output) != source:
            self._append({"begun": [output, source]})
            self._begun[output] = source

    def complete(self, made: Made) -> None:
        """Enters a completed output. Raises OutputError."""
        self._append({"made": asdict(made)})
        self._begun[made.output] = made.input
        # The latest last: its precision is that of the next.
        self._made.pop(made.output, None)
        self._made[made.output] = made

    def _append(self, values: Mapping[str, Any]) -> None:
        if not self._keeps or self._file is None:
            return
        line = journal_line(values)
        try:
            if self._file.write(line) != len(line):
                raise OSError("no space left on the disk")
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._failure(error) from error

    def _read(self, file: FileIO) -> None:
        whole = count = 0
        for line in file.readlines():
            values = parsed_line(line)
            if values is None:
                break  # torn by a crash
            self._take(values)
            whole, count = whole + len(line), count + 1
        if not self._keeps:
            return
        file.seek(whole)
        file.truncate()
        if count > len(self._made) + len(self._begun) + _WASTE:
            self._file = self._rewritten()
            file.close()

    def _take(self, values: Mapping[str, Any]) -> None:
        if "begun" in values:
            output, source = values["begun"]
            self._begun[output] = source
            return
        fields = dict(values["made"])
        for name in ("source", "result"):
            fields[name] = Identity(**fields[name])
        made = Made(**fields)
        self._begun[made.output] = made.input
        self._made.pop(made.output, None)
        self._made[made.output] = made

    def _rewritten(self) -> FileIO:
        """Writes what counts anew; the old file stays until the new one is whole."""
        path = self._folder / f"{_NAME}.new"
        path.unlink(missing_ok=True)
        fresh = locked_file(path, self._target)
        fresh.write(b"".join(self._lines()))
        os.fsync(fresh.fileno())
        os.replace(path, self._folder / _NAME)
        sync_folder(self._folder)
        return fresh

    def _lines(self) -> Iterator[bytes]:
        for output, source in self._begun.items():
            if output not in self._made:
                yield journal_line({"begun": [output, source]})
        for made in self._made.values():
            yield journal_line({"made": asdict(made)})

    def _failure(self, error: OSError) -> OutputError:
        return OutputError(
            f"{printable(self._folder)}: what is done cannot be noted there: "
            f"{error.strerror or error}; name another folder"
        )
