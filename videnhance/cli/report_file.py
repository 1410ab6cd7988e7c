"""Files of reports: whether one can be written, before the work, and writing it."""

import os
from pathlib import Path

from videnhance.errors import UsageError, printable

__all__ = ["check_report", "write_report"]


def check_report(report: Path | None, option: str, *, files: tuple[Path, ...]) -> None:
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


def write_report(path: Path, text: str, *, option: str = "--report") -> None:
    """Writes a report. Raises UsageError, which names the option, if it cannot."""
    try:
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise UsageError(
            f"{option} {printable(path)}: {error.strerror}; choose another file"
        ) from error
