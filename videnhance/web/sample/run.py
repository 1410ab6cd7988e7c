"""Makes a sample page: some telling seconds of a video, converted in several ways."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from videnhance.errors import OutputError, UsageError, printable
from videnhance.media.open_any import PIPE
from videnhance.options import ConvertOptions
from videnhance.options.bounds import check_names
from videnhance.pipeline.report import Progress
from videnhance.quality.advice import advice_of
from videnhance.quality.clip_traits import clip_traits
from videnhance.quality.moments import Moment
from videnhance.system.memory import keep_freed_memory
from videnhance.web.sample.columns import Tried, columns_of
from videnhance.web.sample.work import Teller, Work

__all__ = ["Sample", "page_name", "sample"]

Name = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Sample:
    """A finished sample page."""

    page: Path
    moments: tuple[Moment, ...]
    tried: tuple[Tried, ...]


def page_name(source: Path) -> Path:
    """What the page of a video is called, if nothing else is said."""
    return source.with_name(f"{source.stem}-sample.html")


def sample(
    source: Name,
    page: Name | None = None,
    options: ConvertOptions | None = None,
    *,
    tries: Iterable[Mapping[str, Any]] = (),
    on_progress: Callable[[Progress], None] | None = None,
    **changes: Any,  # noqa: ANN401
) -> Sample:
    """Writes a page that shows what a conversion of a video looks like, and takes.

    `tries` are changes of the options, one for each way to compare; `changes` are
    fields of ConvertOptions for all of them. `on_progress` is called on this thread
    after each frame; what it raises ends the work. An existing page is replaced only
    with `overwrite`. Raises a VidenhanceError, whose message names the file or value.
    """
    check_names(ConvertOptions, changes)
    chosen = replace(options or ConvertOptions(), **changes)
    path = Path(source)
    target = page_name(path) if page is None else Path(page)
    _check(path, target, chosen)
    ways = list(tries)
    plain = replace(chosen, overwrite=False)
    columns_of(path, plain, ways)  # refuses what cannot be, before anything is read
    keep_freed_memory()
    traits = clip_traits(path, chosen.video_track)
    advice = advice_of(traits)
    columns = columns_of(path, plain, ways, suits=advice.look)
    told = [" ".join(line.split()) for line in traits.lines()]
    told += [f"{reason.option}: {reason.words}" for reason in advice.reasons]
    work = Work(columns, Teller(on_progress))
    _write(target, work.page(told))
    return Sample(target, tuple(work.moments), tuple(work.tried))


def _check(source: Path, page: Path, options: ConvertOptions) -> None:
    """Raises UsageError or OutputError for what cannot be, before the work."""
    if source == PIPE:
        raise UsageError(
            "a pipe is read once, and a sample looks all over: name a file"
        )
    if options.cluster is not None:
        raise UsageError("a sample measures this machine: leave --cluster out")
    name = printable(page)
    if page.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{name} is a page for a browser: call it .html")
    if page.is_dir() or not page.absolute().parent.is_dir():
        raise OutputError(f"{name} cannot be written: name a file in a folder that is")
    if page.exists() and not options.overwrite:
        raise OutputError(f"{name} exists already: use -y to replace it")


def _write(page: Path, text: str) -> None:
    part = page.with_name(f".{page.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(page)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputError(
            f"{printable(page)} cannot be written: {error.strerror}; choose another "
            "place"
        ) from error
