"""`compare`: how near videos are to an original, in figures and to look at."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from videnhance.cli.fields import FILE
from videnhance.cli.help import Command, in_section, with_options
from videnhance.cli.options import SPAN
from videnhance.cli.process import signals
from videnhance.cli.progress import FrameBar, is_watched
from videnhance.cli.report_file import check_report
from videnhance.errors import UsageError, printable

if TYPE_CHECKING:
    from videnhance.quality.comparison import Comparison
    from videnhance.quality.pairs import Video

__all__ = ["compare"]

_MISSED = 5
"""Exit code: measured, and a bound is missed."""
_measure, _output = in_section("What is measured"), in_section("Output")
_bound = in_section("Bounds")


@click.command(
    cls=Command,
    examples=(
        "videnhance compare original.mp4 coded.mp4        a table",
        "videnhance compare a.mp4 b.mp4 -r original.mkv   both beside the original",
        "videnhance compare in.mp4 out.mp4 --worst worst.png --plot over-time.png",
        "videnhance compare in.mp4 out.mp4 --video split.mp4",
        "videnhance compare in.mp4 out.mp4 -q --min vmaf=90 --min psnr=38",
        "videnhance compare in.mp4 out.mp4 --metrics all --every 8",
    ),
)
@with_options(
    click.argument("files", nargs=2, type=FILE, metavar="A B"),
    _measure(
        "-r --reference R",
        "The original, which A and B are compared with.",
        shown="A",
        type=FILE,
    ),
    _measure(
        "--metrics NAMES",
        "Measure psnr, ssim, xpsnr, vmaf, vmaf_neg, ssimulacra2, erqa, cvvdp, tof, "
        "flicker, sharpness, blockiness, shimmer, with commas between; or all.",
        shown="the quick ones that are there",
    ),
    _measure(
        "--every N",
        "Measure every Nth frame only.",
        type=click.IntRange(min=1),
        default=1,
    ),
    *SPAN,
    _output("--json", "Write JSON instead of a table.", name="as_json", is_flag=True),
    _output("--csv FILE", "Write a line for each measured frame.", type=FILE),
    _output("--plot FILE", "Draw the figures over time, as PNG.", type=FILE),
    _output("--worst FILE", "Draw B's worst frames beside A's, as PNG.", type=FILE),
    _output("--video FILE", "Write A and B as one video, with names.", type=FILE),
    _output(
        "--arrange",
        "In that video: the left half of A and the right of B, or both side by side.",
        type=click.Choice(["split", "side"]),
        default="split",
    ),
    _output("-y --overwrite", "Replace that video.", is_flag=True),
    _output("-q --quiet", "Write no table, and no progress.", is_flag=True),
    _bound(
        "--min NAME=VALUE",
        "Exit with 5 if B's mean is less; may be given more than once.",
        name="least",
        multiple=True,
    ),
    _bound(
        "--max NAME=VALUE",
        "The same if it is more: tof, flicker.",
        name="most",
        multiple=True,
    ),
)
def compare(**words: Any) -> None:
    """Measures how near the video B is to A, or both to an original.

    Frames are paired by their times. A beside B also gets what needs no original:
    sharpness, blockiness, shimmer; these are alarms, not judges.
    """
    from videnhance.quality.metrics import limits_of
    from videnhance.quality.pairs import Video

    least = limits_of(words["least"], "--min")
    most = limits_of(words["most"], "--max")
    files = (*([words["reference"]] if words["reference"] else []), *words["files"])
    _check_outputs(words, files)
    videos = [Video(file, _span(words)) for file in files]
    with signals():
        found = _measured(videos, words, bounds=[*least, *most])
        _write(found, videos, words)
    for notice in found.notices:
        click.echo(f"videnhance: {notice}", err=True)
    missed = found.failures(least, most)
    for failure in missed:
        click.echo(f"videnhance: {failure}", err=True)
    if missed:
        raise SystemExit(_MISSED)


def _span(words: dict[str, Any]) -> Any:
    from videnhance.media.source import Span

    return Span(words["start"] or 0.0, words["end"])


def _check_outputs(words: dict[str, Any], files: Sequence[Path]) -> None:
    """Raises UsageError or OutputError now for what cannot be written later."""
    from videnhance.media.output.output_file import check_target

    for name in ("csv", "plot", "worst"):
        check_report(words[name], f"--{name}", files=tuple(files))
    if words["video"]:
        for file in files:
            check_target(words["video"], file, overwrite=words["overwrite"])


def _measured(
    videos: "Sequence[Video]", words: dict[str, Any], *, bounds: Sequence[str]
) -> "Comparison":
    """Compares, and shows how far it is."""
    from videnhance.quality.compare import Order, compared

    names = words["metrics"]
    asked = None if names is None else (*names.replace(" ", "").split(","), *bounds)
    order = Order(asked, words["every"], tuple(bounds))
    with FrameBar(shown=is_watched() and not words["quiet"]) as bar:
        return compared(videos[0], videos[1:], order=order, advanced=bar.advanced)


def _write(
    found: "Comparison", videos: "Sequence[Video]", words: dict[str, Any]
) -> None:
    """The table, and the files that are asked for."""
    from videnhance.quality.chart import drawn_chart
    from videnhance.quality.shown import Arrangement, save_video, save_worst

    if words["as_json"]:
        click.echo(json.dumps(found.as_json(), indent=2))
    elif not words["quiet"]:
        click.echo("\n".join(found.lines()))
    if words["csv"]:
        _write_csv(found, words["csv"])
    if words["plot"]:
        drawn_chart(found, words["plot"])
    if words["worst"]:
        save_worst(found, videos, words["worst"])
    if words["video"]:
        with FrameBar(shown=is_watched() and not words["quiet"]) as bar:
            save_video(
                videos,
                words["video"],
                arrangement=Arrangement(words["arrange"]),
                overwrite=words["overwrite"],
                advanced=bar.advanced,
            )


def _write_csv(found: "Comparison", path: Path) -> None:
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            found.write_csv(file)
    except OSError as error:
        raise UsageError(
            f"--csv {printable(path)}: {error.strerror}; choose another file"
        ) from error
