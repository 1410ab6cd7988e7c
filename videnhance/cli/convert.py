"""`convert`: one file to another."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from videnhance.cli.fields import options_from
from videnhance.cli.options import convert_options
from videnhance.cli.process import INTERRUPTED, signals
from videnhance.cli.profiles import ProfileCommand
from videnhance.cli.progress import Display
from videnhance.cli.report_file import check_report, write_report
from videnhance.errors import UsageError, VidenhanceError, counted, printable
from videnhance.options import ConvertOptions
from videnhance.system.startup import begin

if TYPE_CHECKING:
    from videnhance.conversion.job import Job
    from videnhance.pipeline.report import Report

__all__ = ["convert", "job_from"]

_DAMAGED = 4
"""Done, but the input was damaged or a time budget not kept; with --strict."""


@click.command(
    cls=ProfileCommand,
    check=lambda words: options_from(words, ConvertOptions),
    common=(
        "scale",
        "size",
        "skip",
        "look",
        "model",
        "crf",
        "start",
        "end",
        "overwrite",
        "dry_run",
    ),
    examples=(
        "videnhance in.mp4 out.mp4                  twice the size",
        "videnhance in.mkv out.mkv --size 1080p     into a box of 1920x1080",
        "videnhance in.mp4 out.mp4 --skip 2         faster",
        "videnhance in.mp4 out.mp4 --scale 1        the same size, cleaner",
        "videnhance old.avi out.mp4 --look clean    for noisy, blocky sources",
        "videnhance in.mp4 out.mp4 --start 1:00 --end 1:30   a part, to try",
        "videnhance in.mp4 out.webm --dry-run       what would be kept and lost",
        "videnhance photo.jpg large.png             a picture",
        'videnhance "frames/%06d.png" film.mp4 --rate 24     numbered pictures',
    ),
)
@convert_options
def convert(**options: Any) -> None:
    """Converts the video IN to OUT, enlarged, with its sound and its timing.

    At a terminal, space pauses and q stops; the same command goes on later.
    """
    if options["verbose"]:
        logging.basicConfig(format="videnhance: %(message)s", level=logging.INFO)
        logging.getLogger("videnhance").setLevel(logging.DEBUG)
    display = Display(options)
    try:
        if not options["dry_run"]:
            begin()
        job = job_from(options)
        if options["dry_run"]:
            from videnhance.conversion.preflight import preflight

            click.echo("\n".join(preflight(job).lines()))
            return
        report = _converted(job, display)
        _conclude(report, options)
    except VidenhanceError as error:
        display.ended("failed", error.exit_code, str(error))
        raise
    is_late = not report.budget.get("kept", True)
    code = _DAMAGED if options["strict"] and (report.is_damaged or is_late) else 0
    display.ended(
        "done",
        code,
        "",
        target=report.target,
        damaged=report.is_damaged,
        notices=[*report.notices, *_later_words(report)],
    )
    if code:
        raise SystemExit(code)


def _converted(job: "Job", display: Display) -> "Report":
    """Converts; whatever ends it, what is kept is told. Raises SystemExit too."""
    from videnhance.conversion.executor import local
    from videnhance.conversion.run import convert as run
    from videnhance.conversion.workdir import kept_is_told, kept_words

    try:
        with signals(), display, kept_is_told(job.target):
            if job.options.cluster is None:
                return run(job, display.watcher, local)
            from videnhance.cluster.executor import executor_for

            return run(job, display.watcher, executor_for)
    except (KeyboardInterrupt, SystemExit) as stop:
        rest = "nothing was written"
        if job.options.compare and job.target.exists():  # whole by now, or the old one
            rest = "nothing is unfinished"
        words = f"interrupted; {kept_words(job.target) or rest}"
        click.echo(f"videnhance: {words}", err=True)
        code = stop.code if isinstance(stop, SystemExit) else INTERRUPTED
        assert isinstance(code, int)
        display.ended("interrupted", code, words)
        raise SystemExit(code) from None


def job_from(words: dict[str, Any]) -> "Job":
    """The conversion that the words ask for. Raises UsageError."""
    from videnhance.conversion.job import job_of

    source, target = _files(words)
    check_report(words["report"], "--report", files=(source, target))
    return job_of(source, target, options=options_from(words, ConvertOptions))


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


def _conclude(report: "Report", options: dict[str, Any]) -> None:
    """Writes the report that was asked for and says what was done."""
    if options["report"]:
        text = json.dumps(report.as_json(), indent=2) + "\n"
        write_report(options["report"], text)
    if options["quiet"]:
        return
    for words in (*_later_words(report), *_shared(report), *_held(report)):
        click.echo(f"videnhance: {printable(words)}", err=True)
    seconds = report.seconds["total"]
    kept = f" and {report.frames_kept} kept" if report.frames_kept else ""
    waited = f", waited most for the {report.slowest}" if report.slowest else ""
    click.echo(
        f"videnhance: {counted(report.frames_out, 'frame')}{kept} in {seconds:.1f} s "
        f"({report.frames_out / seconds:.1f} a second){waited}: "
        f"{printable(report.target)}",
        err=True,
    )


def _later_words(report: "Report") -> Iterator[str]:
    """What was found on the way."""
    yield from report.later_notices
    if report.damaged_packets or report.damaged_frames:
        yield (
            f"the input is damaged: {counted(report.damaged_packets, 'packet')} and "
            f"{counted(report.damaged_frames, 'frame')}; the rest is converted"
        )
    if report.dropped_packets:
        packets = counted(report.dropped_packets, "packet")
        verb = "is" if report.dropped_packets == 1 else "are"
        yield f"{packets} of sound or subtitles {verb} damaged and left out"


def _held(report: "Report") -> Iterator[str]:
    """What became of a time budget."""
    budget = report.budget
    if "kept" in budget:
        verb = "held" if budget["kept"] else "not held"
        yield (
            f"{budget['asked']}: {verb}, {budget['frames_per_second']:.4g} frames a "
            f"second with {budget['network']:.0%} of their parts by the network"
        )


def _shared(report: "Report") -> Iterator[str]:
    if report.workers:
        parts = (
            f"{name} ({share.segments or 'all'})"
            for name, share in sorted(report.workers.items())
        )
        anew = f"; {report.retries} begun anew" if report.retries else ""
        yield f"segments by worker: {', '.join(parts)}{anew}"
