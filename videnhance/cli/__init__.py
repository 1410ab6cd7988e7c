"""The command line: each word becomes one call.

The only home of click and tqdm.
"""

import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from videnhance import __version__
from videnhance.cli.batch import batch
from videnhance.cli.job_from_words import check_report, job_from
from videnhance.cli.live import live, preview
from videnhance.cli.model import model
from videnhance.cli.options import VIDEO_TRACK, convert_options
from videnhance.cli.profile import profile
from videnhance.cli.progress import Display, conclude, later_words, written
from videnhance.cli.sections import Command
from videnhance.cli.signals import INTERRUPTED, signals
from videnhance.cli.streams import prepare_streams
from videnhance.errors import (
    InputError,
    UsageError,
    VidenhanceError,
    counted,
    nearest,
    printable,
)

if TYPE_CHECKING:
    from videnhance.conversion.job import Job
    from videnhance.conversion.preflight import Preflight
    from videnhance.report import Report

__all__ = ["app", "main"]

_DAMAGED = 4
"""Done, but the input was damaged; with --strict."""


class _Failure(click.ClickException):
    """A VidenhanceError as click shows it."""

    def __init__(self, error: VidenhanceError) -> None:
        super().__init__(str(error))
        self.exit_code = error.exit_code  # type: ignore[misc]  # click reads it so

    def show(self, file: Any = None) -> None:
        click.echo(f"videnhance: {self.message}", file=file, err=True)


class _App(click.Group):
    """Commands, where a file in the first place means `convert`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if self.get_command(ctx, word) is None:
            commands = self.list_commands(ctx)
            is_typo = nearest(word, commands, likeness=_TYPO)
            if not (_is_video(word) or is_typo or ctx.resilient_parsing):
                raise InputError(
                    f"{printable(word)} does not exist: check the name; no command is "
                    f"called so, either{nearest(word, commands)}"
                )
            if _is_video(word):
                args = ["convert", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # `videnhance --skip 2 in.mp4 out.mp4`: options of convert before its files.
        if args and args[0].startswith("-") and args[0] not in _OWN_OPTIONS:
            args = ["convert", *args]
        return super().parse_args(ctx, args)

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[CompletionItem]:
        """Files where no command begins so."""
        files = CompletionItem(incomplete, type="file")
        return [files, *super().shell_complete(ctx, incomplete)]

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except VidenhanceError as error:
            raise _Failure(error) from error
        except KeyboardInterrupt:
            click.echo("videnhance: interrupted", err=True)
            ctx.exit(INTERRUPTED)


_TYPO = 0.8
"""Likeness from which a word is a command with a typo rather than a file's name."""
_OWN_OPTIONS = ("--help", "-h", "--version")


def _is_video(word: str) -> bool:
    marks = (".", "/", "\\", "*")
    return word == "-" or any(m in word for m in marks) or Path(word).exists()


@click.group(cls=_App, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="videnhance")
def app() -> None:
    """Enlarges video with a small network on ordinary computers.

    videnhance IN OUT [--skip N] converts a file; see `videnhance convert --help`.
    """


@app.command(
    cls=Command,
    short_help="Converts a video, a picture, a sequence.",
    common=(
        "scale",
        "size",
        "skip",
        "model",
        "clean",
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
        "videnhance old.avi out.mp4 --clean 1       for noisy, blocky sources",
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
        job = job_from(options)
        if options["dry_run"]:
            from videnhance.conversion.preflight import preflight

            click.echo("\n".join(preflight(job).lines()))
            return
        report = _converted(job, display)
        conclude(report, options)
    except VidenhanceError as error:
        display.ended("failed", error.exit_code, str(error))
        raise
    code = _DAMAGED if options["strict"] and report.is_damaged else 0
    display.ended(
        "done",
        code,
        "",
        target=report.target,
        damaged=report.is_damaged,
        notices=[*report.notices, *later_words(report)],
    )
    if code:
        raise SystemExit(code)


def _converted(job: "Job", display: Display) -> "Report":
    """Converts; whatever ends it, what is kept is told. Raises SystemExit too."""
    from videnhance.conversion.run import convert as run
    from videnhance.conversion.workdir import kept_is_told, kept_words

    try:
        with signals(), display, kept_is_told(job.target):
            return run(job, display.watcher)
    except (KeyboardInterrupt, SystemExit) as stop:
        words = f"interrupted; {kept_words(job.target) or 'nothing was written'}"
        click.echo(f"videnhance: {words}", err=True)
        code = stop.code if isinstance(stop, SystemExit) else INTERRUPTED
        assert isinstance(code, int)
        display.ended("interrupted", code, words)
        raise SystemExit(code) from None


@app.command(
    cls=Command,
    short_help="Says what is known of a file, or of its conversion.",
    examples=(
        "videnhance probe in.mp4                    what is known of it",
        "videnhance probe in.mp4 --for out.webm     what a conversion would do",
    ),
)
@click.argument("file", type=click.Path(path_type=Path), metavar="IN")
@click.option("--json", "as_values", is_flag=True, help="Write JSON, for programs.")
@click.option(
    "--for",
    "target",
    type=click.Path(path_type=Path),
    metavar="OUT",
    help="Say what a conversion to OUT would keep, change and take.",
)
@VIDEO_TRACK
def probe(
    file: Path, *, as_values: bool, target: Path | None, video_track: int | None
) -> None:
    """Says what is known of the video IN, or of its conversion."""
    from videnhance.media.probe import as_json, describe
    from videnhance.media.probe import probe as probed

    if target is not None:
        found = _rehearsed(file, target, video_track)
        plain = json.dumps(found.as_json(), indent=2)
        click.echo(plain if as_values else "\n".join(found.lines()))
        return
    info = probed(file, video_track)
    if as_values:
        click.echo(json.dumps(as_json(info), indent=2))
    else:
        click.echo("\n".join(describe(info)))


def _rehearsed(source: Path, target: Path, video_track: int | None) -> "Preflight":
    """What `convert` would do with its default options, but for the track."""
    from videnhance.conversion.job import job_of
    from videnhance.conversion.preflight import preflight
    from videnhance.options import ConvertOptions

    return preflight(job_of(source, target, ConvertOptions(video_track=video_track)))


@app.command(cls=Command, short_help="Measures the speed of this machine.")
@click.argument("file", type=click.Path(path_type=Path), required=False, metavar="[IN]")
@click.option("--frames", default=150, show_default=True, help="Frames to measure.")
@click.option(
    "--json",
    "target",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the table to a file, too, as JSON.",
)
def bench(file: Path | None, frames: int, target: Path | None) -> None:
    """Measures this machine with the video IN, or with a generated 640x360 scene."""
    from videnhance.conversion import bench as measure

    if frames < 1:
        raise UsageError(f"--frames {frames} measures nothing; use 1 or more")
    check_report(target, "--json", () if file is None else (file,))
    rows = []
    for row in measure.benchmarked(file, frames):
        rows.append(row)
        click.echo(f"videnhance: measured {row.name}", err=True)
    click.echo(f"{measure.processor_name()}, {counted(rows[0].frames, 'frame')}\n")
    click.echo("\n".join(measure.table(rows)))
    if target:
        written(target, json.dumps(measure.as_json(rows), indent=2) + "\n", "--json")


@app.command(cls=Command, short_help="Says what works on this machine, for a report.")
@click.option("--json", "as_values", is_flag=True, help="Write JSON, for programs.")
def doctor(as_values: bool) -> None:
    """Says what works on this machine: a screen of words to put into a report."""
    from videnhance.cli.doctor_checks import report

    if as_values:
        click.echo(json.dumps([asdict(found) for found in report()], indent=2))
        return
    for found in report():
        failed = [f"FAILED: {found.failed}"] if found.failed else []
        for number, line in enumerate([*found.lines, *failed]):
            head = f"{'' if number else found.name:<11}"
            click.echo(fill(line, 80, initial_indent=head, subsequent_indent=" " * 13))


@app.command(
    cls=Command,
    short_help="Prints what completes words by Tab in a shell.",
    examples=(
        'eval "$(videnhance completion bash)"       a line for ~/.bashrc',
        'eval "$(videnhance completion zsh)"        a line for ~/.zshrc',
        "videnhance completion fish | source        a line for fish's config.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Prints what completes commands and options by Tab in SHELL."""
    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(app, {}, "videnhance", "_VIDENHANCE_COMPLETE").source())


app.add_command(batch)
app.add_command(live)
app.add_command(preview)
app.add_command(model)
app.add_command(profile)


def main() -> None:
    """The program `videnhance`."""
    prepare_streams()
    try:
        Path.cwd()
    except OSError as error:  # libraries look there when they are loaded, and give up
        click.echo(
            f"videnhance: the current folder cannot be entered ({error.strerror}): "
            "go to another one",
            err=True,
        )
        sys.exit(VidenhanceError.exit_code)
    sys.exit(app())
