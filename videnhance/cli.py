"""The command line: each word becomes one call.

The only home of click, tqdm and print.
"""

import json
import logging
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from videnhance import __version__
from videnhance.errors import UsageError, VidenhanceError, printable

if TYPE_CHECKING:
    from videnhance.convert import Job, Watcher
    from videnhance.frame import VideoInfo
    from videnhance.report import Report

__all__ = ["app", "main"]

_INTERRUPTED, _TERMINATED = 130, 143


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
        if self.get_command(ctx, args[0]) is None and _is_video(args[0]):
            args = ["convert", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # `videnhance --skip 2 in.mp4 out.mp4`: options of convert before its files.
        if args and args[0].startswith("-") and args[0] not in _OWN_OPTIONS:
            args = ["convert", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except VidenhanceError as error:
            raise _Failure(error) from error
        except KeyboardInterrupt:
            click.echo("videnhance: interrupted; nothing was written", err=True)
            ctx.exit(_INTERRUPTED)


_OWN_OPTIONS = ("--help", "-h", "--version")


def _is_video(word: str) -> bool:
    return "." in word or "/" in word or "\\" in word or Path(word).exists()


@click.group(cls=_App, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="videnhance")
def app() -> None:
    """Enlarges video with a small network on ordinary computers.

    videnhance IN OUT [--skip N] converts a file; see `videnhance convert --help`.
    """


def _seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
    """Seconds from `90`, `1:30` or `0:01:30.5`."""
    del ctx
    if value is None:
        return None
    try:
        seconds = 0.0
        for part in value.split(":"):
            seconds = seconds * 60 + float(part)
    except ValueError as error:
        raise click.BadParameter(
            f"{value!r} is no time; write seconds, M:SS or H:MM:SS", param=param
        ) from error
    return seconds


def _pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> Any:
    del ctx
    for value in values:
        if "=" not in value[1:]:
            raise click.BadParameter(f"{value!r} is not key=value", param=param)
    return dict(value.split("=", 1) for value in values)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of convert, in the order in which help shows them."""
    file = click.Path(path_type=Path)
    chosen = [
        click.argument("files", nargs=-1, type=file, metavar="IN OUT"),
        click.option("-i", "--input", "source", type=file, help="The video to read."),
        click.option("-o", "--output", "target", type=file, help="The file to write."),
        click.option("--scale", default=2, help="1 (same size), 2 or 4.", metavar="N"),
        click.option(
            "--skip",
            default=1,
            metavar="N",
            help="Network on every Nth frame; every frame and time stays.",
        ),
        click.option(
            "--fuse",
            default=None,
            type=float,
            help="Share of the last residual, moved, in each frame: 0 to 1.",
        ),
        click.option("--strength", default=1.0, help="0 (plain resize) to 1."),
        click.option(
            "--reuse",
            default="exact",
            type=click.Choice(["exact", "off"]),
            help="Parts that did not change keep their result.",
        ),
        click.option(
            "-m", "--model", default="default", help="Name, or a card's path."
        ),
        click.option("--trust-model", is_flag=True, help="Run a model not from here."),
        click.option(
            "--precision",
            default="auto",
            type=click.Choice(["auto", "int8", "float32"]),
            help="Default: whichever measures faster.",
        ),
        click.option(
            "--device", default="auto", type=click.Choice(["auto", "cpu", "cuda"])
        ),
        click.option("--workers", type=int, help="Worker threads; 0: none. [cores]"),
        click.option("--tile", default=288, help="Largest patch: N x N pixels."),
        click.option("-c", "--codec", default="libx264", show_default=True),
        click.option(
            "--crf", default=18, show_default=True, help="Quality: less is better."
        ),
        click.option("--preset", help="The encoder's own. [veryfast]"),
        click.option("--pix-fmt", help="As FFmpeg names it. [as the source]"),
        click.option(
            "-e", "extra", multiple=True, callback=_pairs, metavar="KEY=VALUE"
        ),
        click.option("--start", callback=_seconds, help="Seconds or H:MM:SS."),
        click.option("--end", callback=_seconds, help="Seconds or H:MM:SS."),
        click.option("--max-frames", type=int, metavar="N"),
        click.option("--no-audio", is_flag=True, help="Leave all sound out."),
        click.option("-y", "--overwrite", is_flag=True, help="Replace the target."),
        click.option("-q", "--quiet", is_flag=True, help="Errors only."),
        click.option("-v", "--verbose", is_flag=True, help="Say what was chosen."),
        click.option(
            "--progress", default="bar", type=click.Choice(["bar", "json", "none"])
        ),
        click.option("--report", type=file, help="Write what was done, as JSON."),
    ]
    for option in reversed(chosen):
        command = option(command)
    return command


@app.command()
@_options
def convert(**options: Any) -> None:
    """Converts the video IN to OUT, enlarged, with its sound and its timing."""
    from videnhance.convert import convert as run

    _listen(options["verbose"])
    job = _job(options)
    watcher, close = _watcher(options)
    try:
        report = run(job, watcher)
    finally:
        close()
    _conclude(report, options)


def _job(options: dict[str, Any]) -> "Job":
    from videnhance.convert import Job, default_workers
    from videnhance.enhance import Settings
    from videnhance.model.runtime import Choice
    from videnhance.video.source import Span
    from videnhance.video.writer import DEFAULT_PRESET, Encoding

    source, target = _files(options)
    settings = Settings(
        scale=options["scale"],
        strength=options["strength"],
        skip=options["skip"],
        reuse=options["reuse"] == "exact",
        workers=default_workers() if options["workers"] is None else options["workers"],
        patch_area=max(options["tile"], 0) ** 2,
        **({} if options["fuse"] is None else {"fuse": options["fuse"]}),
    )
    choice = Choice(
        model=options["model"],
        precision=options["precision"],
        device=options["device"],
        trusted=options["trust_model"],
    )
    encoding = Encoding(
        codec=options["codec"],
        crf=options["crf"],
        preset=options["preset"] or DEFAULT_PRESET,
        pix_fmt=options["pix_fmt"],
        options=options["extra"],
        audio=not options["no_audio"],
    )
    span = Span(options["start"] or 0.0, options["end"], options["max_frames"])
    return Job(source, target, choice, settings, encoding, span, options["overwrite"])


def _files(options: dict[str, Any]) -> tuple[Path, Path]:
    """Source and target, given in place or by -i and -o."""
    rest = list(options["files"])
    source = options["source"] or (rest.pop(0) if rest else None)
    target = options["target"] or (rest.pop(0) if rest else None)
    if rest:
        raise UsageError(
            f"{printable(rest[0])} is one file too many; give one input and one output"
        )
    if source is None or target is None:
        raise UsageError(
            f"the {'input' if source is None else 'output'} is missing; "
            "write: videnhance IN OUT"
        )
    return source, target


def _listen(verbose: bool) -> None:
    if verbose:
        logging.basicConfig(format="videnhance: %(message)s", level=logging.INFO)
        logging.getLogger("videnhance").setLevel(logging.DEBUG)
    signal.signal(signal.SIGTERM, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise SystemExit(_TERMINATED)


def _watcher(options: dict[str, Any]) -> "tuple[Watcher, Callable[[], None]]":
    """Who tells the user, and what to call at the end."""
    from videnhance.convert import Watcher

    bar: Any = None

    def started(info: "VideoInfo", report: "Report") -> None:
        nonlocal bar
        if options["verbose"]:
            click.echo(f"videnhance: model {report.engine}", err=True)
        if not options["quiet"]:
            for notice in report.notices:
                click.echo(f"videnhance: {printable(notice)}", err=True)
            if options["progress"] == "bar":
                bar = _bar(info.frames)

    def advanced(report: "Report") -> None:
        if bar is not None:
            bar.set_postfix(_shares(report), refresh=False)
            bar.update()
        elif options["progress"] == "json":
            print(json.dumps(_progress(report)), flush=True)

    return Watcher(started, advanced), lambda: bar.close() if bar is not None else None


def _bar(frames: int | None) -> Any:
    from tqdm import tqdm

    return tqdm(total=frames, unit="frame", dynamic_ncols=True, mininterval=0.25)


def _shares(report: "Report") -> dict[str, str]:
    total = sum(report.cells.values()) or 1
    return {name: f"{n / total:.0%}" for name, n in report.cells.items() if n}


def _progress(report: "Report") -> dict[str, Any]:
    return {
        "frames": report.frames_out,
        "read": report.frames_in,
        "cells": report.cells,
    }


def _conclude(report: "Report", options: dict[str, Any]) -> None:
    if options["report"]:
        text = json.dumps(report.as_json(), indent=2) + "\n"
        _written(options["report"], text)
    if options["quiet"]:
        return
    damage = report.damaged_packets + report.damaged_frames
    if damage:
        click.echo(
            f"videnhance: the input is damaged: {report.damaged_packets} packets and "
            f"{report.damaged_frames} frames; the rest is converted",
            err=True,
        )
    seconds = report.seconds["total"]
    click.echo(
        f"videnhance: {report.frames_out} frames in {seconds:.1f} s "
        f"({report.frames_out / seconds:.1f} a second), waited most for the "
        f"{report.slowest}: {printable(report.target)}",
        err=True,
    )


def _written(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"--report {printable(path)}: {error.strerror}; choose another file"
        ) from error


@app.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="IN")
@click.option("--json", "as_values", is_flag=True, help="For programs.")
def probe(file: Path, as_values: bool) -> None:
    """Says what is known of the video IN."""
    from videnhance import probe as words

    info = words.probed(file)
    if as_values:
        print(json.dumps(words.as_json(info), indent=2))
    else:
        print("\n".join(words.describe(info)))


def main() -> None:
    """The program `videnhance`."""
    sys.exit(app())
