"""`batch`: a folder to another."""

import logging
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from videnhance.cli.batch_display import BatchDisplay, tell_end
from videnhance.cli.fields import FILE, field_option, options_from
from videnhance.cli.help import with_options
from videnhance.cli.options import ENCODER, SHARED
from videnhance.cli.process import INTERRUPTED, signals
from videnhance.cli.profiles import ProfileCommand
from videnhance.cli.report_file import check_report, write_report
from videnhance.errors import InputError, UsageError, VidenhanceError, printable
from videnhance.options import FolderOptions
from videnhance.system.startup import begin, ready

if TYPE_CHECKING:
    from videnhance.batch.batch_options import BatchOptions
    from videnhance.batch.outcome import Summary
    from videnhance.batch.run import Batch

__all__ = ["batch"]

_FAILED, _PARTLY_FAILED, _DAMAGED = 1, 3, 4
_files, _output = field_option("Files"), field_option("Output")
_machine, _messages = field_option("Machine"), field_option("Messages")
_FOLDER = click.Path(path_type=Path, exists=True)


def _folder(ctx: click.Context, param: click.Parameter, value: Path) -> Path:
    del ctx, param
    if not value.is_dir():
        name = printable(value)
        raise UsageError(f"{name} is one file: convert it by `videnhance {name} OUT`")
    return value


_OPTIONS = with_options(
    click.argument("source", type=_FOLDER, metavar="IN_DIR", callback=_folder),
    click.argument("target", type=FILE, metavar="OUT_DIR"),
    _files("--include GLOB", "Take these files only.", shown="videos and pictures"),
    _files("--exclude GLOB", "Leave these files or folders out."),
    _files("--follow-links", "Follow links in IN_DIR, too."),
    _files(
        "--sequences",
        "Numbered pictures are one input: where they look so, always, never.",
    ),
    _files("--name PATTERN", "How outputs are called, as {stem}-x2."),
    _files("--to SUFFIX", "Container of videos, as .mkv.", shown="as the input"),
    _files(
        "--pictures-to SUFFIX", "Format of pictures, as .png.", shown="as the input"
    ),
    _files("--order", "Begin with the first by name, or with the shortest."),
    _files("--watch", "Go on with files that come, until Ctrl+C.", is_flag=True),
    _files(
        "--settle SECONDS",
        "An input that changed less long ago is still being copied.",
        type=click.FloatRange(min=0),
    ),
    _output(
        "-y --overwrite", "Replace files not made here, too; else they are left alone."
    ),
    _output("--dry-run", "Say what would be done, and why.", is_flag=True),
    _output("--again", "Make everything anew."),
    _output(
        "--recheck", "Compare contents to find what changed; else sizes and times."
    ),
    *ENCODER,
    _output(
        "--picture-quality N",
        "Quality of JPEG, WebP and AVIF; the encoder's options are for videos.",
        shown="the format's",
        type=click.IntRange(1, 100),
    ),
    *SHARED,
    _machine(
        "--jobs N",
        "Files at a time.",
        shown="by cores and memory",
        type=click.IntRange(min=1),
    ),
    _machine(
        "--isolate/--no-isolate", "Decode in processes of their own, with limits."
    ),
    _machine("--nice/--no-nice", "Let other programs go first."),
    _messages(
        "--report",
        "Write what was done to a file, as JSON or, to a name in .csv, as CSV.",
        name="reports",
        multiple=True,
        type=FILE,
    ),
)


@click.command(
    cls=ProfileCommand,
    check=lambda words: options_from(words, FolderOptions),
    common=(
        "to",
        "pictures_to",
        "include",
        "scale",
        "size",
        "skip",
        "model",
        "jobs",
        "dry_run",
        "reports",
    ),
    examples=(
        "videnhance batch films large                  all, at twice the size",
        "videnhance batch films large --dry-run        what would be done, and why",
        "videnhance batch films large --to mkv --skip 2",
        'videnhance batch in out --include "*.jpg" --pictures-to png',
        "videnhance batch in out --watch               go on with files that come",
    ),
)
@_OPTIONS
def batch(**options: Any) -> None:
    """Converts what is in IN_DIR to OUT_DIR, as far as it is not done already."""
    from videnhance.batch.batch_options import batch_options_of
    from videnhance.batch.outcome import Summary

    if options["verbose"]:
        logging.basicConfig(format="videnhance: %(message)s", level=logging.INFO)
    for report in options["reports"]:
        _check_report(report, options)
    chosen = options_from(options, FolderOptions)
    order = batch_options_of(options["source"], options["target"], options=chosen)
    if options["dry_run"]:
        _rehearse(order)
        return
    summary = Summary(str(order.source), str(order.target))
    reason, code = "", 1
    try:
        _run(order, options, summary=summary)
        code = _exit_code(summary, options)
    except VidenhanceError as error:
        reason, code = str(error), error.exit_code
        raise
    except SystemExit as stop:
        reason, code = "interrupted", int(stop.code or 0)
        raise
    finally:
        if options["progress"] == "json":
            tell_end(summary, reason, code=code)
    if code:
        raise SystemExit(code)


def _exit_code(summary: "Summary", options: dict[str, Any]) -> int:
    """Raises InputError if there was nothing to do."""
    if not summary.outcomes and not options["watch"]:
        raise InputError(
            f"{printable(summary.source)} holds nothing to convert: name another "
            "folder, or say what to take with --include"
        )
    if summary.all_failed:
        return _FAILED
    if any(outcome.status.value == "failed" for outcome in summary.outcomes.values()):
        return _PARTLY_FAILED
    return _DAMAGED if options["strict"] and summary.damaged else 0


def _run(order: "BatchOptions", options: dict[str, Any], *, summary: "Summary") -> None:
    """All of it; whatever ends it, the reports are written and the table is shown."""
    begin()
    from videnhance.batch.pool import WorkerPool
    from videnhance.batch.records import Records
    from videnhance.batch.run import Batch
    from videnhance.batch.timing import Watch

    ready()

    began, run = time.monotonic(), None
    try:
        with signals(), ExitStack() as stack:
            records = stack.enter_context(Records(order.target))
            pool = stack.enter_context(WorkerPool(order.jobs))
            watch = None
            if options["watch"]:
                watch = stack.enter_context(Watch(order.source, order.target))
            run = Batch(order, records, pool, watch)
            show = BatchDisplay(options, pool.pause, run.eta.paused)
            stack.enter_context(show)
            if watch is not None:
                show.watches(order.source, watch.hears)
            for event in stack.enter_context(closing(run.events())):
                show.tell(event, summary)
    except (KeyboardInterrupt, SystemExit) as stop:
        _conclude(summary, options, began=began, run=run)
        click.echo("videnhance: interrupted; the same command goes on", err=True)
        code = stop.code if isinstance(stop, SystemExit) else INTERRUPTED
        raise SystemExit(code) from None
    except (VidenhanceError, OSError):
        _conclude(summary, options, began=began, run=run)
        raise
    _conclude(summary, options, began=began)


def _conclude(
    summary: "Summary",
    options: dict[str, Any],
    *,
    began: float,
    run: "Batch | None" = None,
) -> None:
    """The table, and then the reports: the disk may have no room for them.

    `run` is one that ended too early.
    """
    summary.seconds = time.monotonic() - began
    for outcome in () if run is None else run.left():
        summary.add(outcome)
    if not options["quiet"]:
        for line in summary.lines(options["verbose"]):
            click.echo(f"videnhance: {line}", err=True)
    for report in options["reports"]:
        is_table = report.suffix.lower() == ".csv"
        write_report(report, summary.as_csv() if is_table else summary.as_text())


def _check_report(report: Path, options: dict[str, Any]) -> None:
    """Raises UsageError for a report that could take the place of a video."""
    from videnhance.batch.inputs import is_media

    check_report(report, "--report", files=())
    place = report.resolve()
    among = options["source"].resolve() in place.parents
    if is_media(report.name) or (among and report.exists()):
        raise UsageError(
            f"--report {printable(report)} would take the place of a video, a picture "
            "or another input; name another file"
        )


def _rehearse(order: "BatchOptions") -> None:
    """Says of each input what would be done and why; writes nothing."""
    from videnhance.batch.records import Records
    from videnhance.batch.run import rehearsed

    with Records(order.target, keeps=False) as records:
        for line in rehearsed(order, records):
            click.echo(line)
