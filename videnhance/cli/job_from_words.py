"""From the words of `convert` to the Job that they make."""

import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from videnhance.errors import UsageError, printable
from videnhance.options import ConvertOptions

if TYPE_CHECKING:
    from videnhance.conversion.job import Job

__all__ = ["check_report", "job_from", "options_from"]

Options = TypeVar("Options", bound=ConvertOptions)


def job_from(words: dict[str, Any]) -> "Job":
    """The conversion that the words of `convert` ask for. Raises UsageError."""
    from videnhance.conversion.job import job_of

    source, target = _files(words)
    check_report(words["report"], "--report", (source, target))
    return job_of(source, target, options_from(words, ConvertOptions))


def options_from(words: dict[str, Any], kind: type[Options]) -> Options:
    """What a command's words choose; those that it lacks keep their defaults.

    Raises UsageError.
    """
    names = [f.name for f in fields(kind) if f.name in words]
    chosen = {name: words[name] for name in names}
    if "no_audio" in words:
        chosen["audio"] = not words["no_audio"]
    if "extra" in words:
        chosen["encoder_options"] = words["extra"]
    chosen["start"] = words.get("start") or 0.0
    return kind(**chosen)


def check_report(report: Path | None, option: str, files: tuple[Path, ...]) -> None:
    """Raises UsageError now if the report may not replace, or cannot be written later.

    `files` are the videos of the run, the input first.
    """
    if report is None:
        return
    name = printable(report)
    exist = bool(files) and report.exists() and files[0].exists()
    same = exist and report.samefile(files[0])
    if same or report.resolve() in [file.resolve() for file in files]:
        raise UsageError(f"{option} {name} is a video of this run; name another file")
    folder = report.absolute().parent
    if not folder.is_dir() or report.is_dir() or not os.access(folder, os.W_OK):
        raise UsageError(f"{option} {name} cannot be written; choose another file")


def _files(options: dict[str, Any]) -> tuple[Path, Path]:
    """Source and target, given in place or by -i and -o."""
    rest = list(options["files"])
    source = options["source"] or (rest.pop(0) if rest else None)
    target = options["target"] or (rest.pop(0) if rest else None)
    if rest:
        raise UsageError(
            f"{printable(rest[0])} is one file too many; give one input and one output"
        )
    if source is not None and target is None and source.is_dir():
        name = printable(source)
        raise UsageError(
            f"{name} is a folder: convert all in it by `videnhance batch {name} "
            "OUT_DIR`"
        )
    if source is None or target is None:
        raise UsageError(
            f"the {'input' if source is None else 'output'} is missing; "
            "write: videnhance IN OUT"
        )
    return source, target
