"""`bench`: the speed of this machine, and what it costs in quality."""

import json
from pathlib import Path
from typing import Any

import click

from videnhance.cli.fields import FILE
from videnhance.cli.help import Command, in_section, with_options
from videnhance.cli.report_file import check_report, write_report
from videnhance.errors import UsageError, counted

__all__ = ["bench"]

_option = in_section("Options")


@click.command(
    cls=Command,
    examples=(
        "videnhance bench                           generated scenes of four kinds",
        "videnhance bench film.mp4                  a video of yours, without quality",
        "videnhance bench --clips FOLDER --plot q.png    quality, too",
        "videnhance bench --peer 'other=prog {source} {target}'   beside another",
    ),
)
@with_options(
    click.argument("file", type=FILE, required=False, metavar="[IN]"),
    _option(
        "--clips FOLDER",
        "Take its videos as originals: they are halved, enlarged and compared.",
        name="folder",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
    ),
    _option("--frames N", "Frames of each clip.", default=100),
    _option(
        "-m --model MODEL",
        "Measure this model; may be repeated.",
        name="models",
        multiple=True,
        default=("default", "fast"),
    ),
    _option(
        "--peer NAME=COMMAND",
        "Measure another program, too; {source} and {target} stand for the files.",
        name="peers",
        multiple=True,
    ),
    _option("--plot FILE", "Draw the gain of each frame over time, as PNG.", type=FILE),
    _option(
        "--json FILE",
        "Write the tables to a file, too, as JSON.",
        name="target",
        type=FILE,
    ),
)
def bench(**options: Any) -> None:
    """Measures this machine with the video IN, or with generated scenes.

    Each stage alone, then conversions with each model on every frame, fused and with
    skipping, and other programs that are installed.
    """
    from videnhance.conversion.bench import run as measure
    from videnhance.conversion.bench import table as tables
    from videnhance.conversion.bench.programs import installed_peers
    from videnhance.conversion.bench.stages import Stage
    from videnhance.system.processor import processor_name

    file, frames = options["file"], options["frames"]
    if frames < 1:
        raise UsageError(f"--frames {frames} measures nothing; use 1 or more")
    for option in ("json", "plot"):
        path = options["target" if option == "json" else option]
        check_report(path, f"--{option}", files=() if file is None else (file,))
    order = measure.BenchOrder(
        source=file,
        folder=options["folder"],
        frames=frames,
        models=options["models"],
        peers=tuple(installed_peers(options["peers"])),
    )
    stages, rows = [], []
    for found in measure.benchmarked(order):
        if isinstance(found, Stage):
            stages.append(found)
            words = found.name
        else:
            rows.append(found)
            words = f"{found.clip}: {found.name}"
        click.echo(f"videnhance: measured {words}", err=True)
    click.echo(f"{processor_name()}, {counted(frames, 'frame')} a clip\n")
    click.echo("\n".join([*tables.stage_table(stages), "", *tables.table(rows)]))
    if options["target"]:
        text = json.dumps(tables.as_json(stages, rows), indent=2) + "\n"
        write_report(options["target"], text, option="--json")
    if options["plot"] and not tables.drawn(rows, options["plot"]):
        raise UsageError(
            "--plot: there is no original to compare with; give --clips FOLDER, or no "
            "video for generated scenes"
        )
