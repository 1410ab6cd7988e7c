"""The options of `convert`, and the Job that they make."""

import os
from collections.abc import Callable
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from videnhance.errors import UsageError, printable

if TYPE_CHECKING:
    from videnhance.convert import Job

__all__ = ["check_report", "convert_options", "job_of"]


def _seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
    """Seconds from `90`, `1:30` or `0:01:30.5`."""
    del ctx
    if value is None:
        return None
    try:
        parts = [float(part) for part in value.split(":")]
        if not all(map(isfinite, parts)) or (len(parts) > 1 and "-" in value):
            raise ValueError(value)
        seconds = sum(part * 60**n for n, part in enumerate(reversed(parts)))
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


_FILE = click.Path(path_type=Path)
_CONVERT = (
    click.argument("files", nargs=-1, type=_FILE, metavar="IN OUT"),
    click.option("-i", "--input", "source", type=_FILE, help="The video to read."),
    click.option("-o", "--output", "target", type=_FILE, help="The file to write."),
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
    click.option("-m", "--model", default="default", help="Name, or a card's path."),
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
    click.option(
        "--tile",
        default=496,
        type=click.IntRange(min=32),
        help="Largest patch: N x N pixels.",
    ),
    click.option("-c", "--codec", default="libx264", show_default=True),
    click.option(
        "--crf", default=18, show_default=True, help="Quality: less is better."
    ),
    click.option("--preset", help="The encoder's own. [veryfast]"),
    click.option("--pix-fmt", help="As FFmpeg names it. [as the source]"),
    click.option("-e", "extra", multiple=True, callback=_pairs, metavar="KEY=VALUE"),
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
    click.option("--report", type=_FILE, help="Write what was done, as JSON."),
)


def convert_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the options of `convert`, in the order that help shows."""
    for option in reversed(_CONVERT):
        command = option(command)
    return command


def job_of(options: dict[str, Any]) -> "Job":
    """The conversion that these options ask for. Raises UsageError."""
    from videnhance.convert import Job, default_workers
    from videnhance.enhance import Settings, default_fuse
    from videnhance.model.runtime import Choice
    from videnhance.video.source import Span
    from videnhance.video.writer import DEFAULT_PRESET, Encoding

    source, target = _files(options)
    check_report(options["report"], "--report", (source, target))
    fuse, notice = options["fuse"], None
    if fuse is None:
        moves = options["strength"] != 0
        fuse, notice = default_fuse(options["skip"]) if moves else (0.0, None)
    settings = Settings(
        scale=options["scale"],
        strength=options["strength"],
        skip=options["skip"],
        reuse=options["reuse"] == "exact",
        workers=default_workers() if options["workers"] is None else options["workers"],
        patch_area=options["tile"] ** 2,
        fuse=fuse,
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
    return Job(
        source,
        target,
        choice,
        settings,
        encoding,
        span,
        options["overwrite"],
        () if notice is None else (notice,),
    )


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
    if source is None or target is None:
        raise UsageError(
            f"the {'input' if source is None else 'output'} is missing; "
            "write: videnhance IN OUT"
        )
    return source, target
