"""Folders of inputs, and what a batch over them is asked for."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from videnhance.batch.batch_options import BatchOptions
from videnhance.batch.inputs import Input, Kind
from videnhance.batch.records import Identity, Made
from videnhance.conversion.job import Job
from videnhance.media.encoder.encoding import Encoding
from videnhance.models.choice import Choice
from videnhance.options import FolderOptions
from videnhance.pipeline.enhance import Settings

__all__ = ["AT_ONCE", "filled", "input_of", "job_for", "made_of", "order_for"]

AT_ONCE = FolderOptions(settle=0)
"""Settling that takes every input at its first sight."""


def filled(folder: Path, *names: str) -> Path:
    """Writes a few bytes under each name below the folder, and gives the folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode("utf-8", "surrogateescape"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def input_of(
    relative: str, kind: Kind = Kind.VIDEO, size: int = 7, root: Path = Path("in")
) -> Input:
    """An input that need not exist."""
    return Input(root / relative, relative, kind, size, mtime_ns=3)


def made_of(output: str, source: str = "a.mp4", **changes: object) -> Made:
    """The record of an output."""
    one = Identity(7, 3, "0123")
    made = Made(output, source, "wishes", one, one, 0, "int8")
    return replace(made, **changes)  # type: ignore[arg-type]  # its own fields


def job_for(source: Path, target: Path, kind: Kind = Kind.VIDEO) -> Job:
    """A conversion without the network."""
    del kind
    return Job(
        source=source,
        target=target,
        choice=Choice(),
        settings=Settings(strength=0.0, fuse=0.0, workers=0),
        encoding=Encoding(),
    )


def order_for(
    folder: Path,
    make: Callable[[Path, Path, Kind], Job] = job_for,
    target: Path | None = None,
    options: FolderOptions = AT_ONCE,
) -> BatchOptions:
    """From `folder`/in to `folder`/out."""
    return BatchOptions(folder / "in", target or folder / "out", make, options)
