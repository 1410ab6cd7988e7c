"""`bench`: the speed of this machine, and what it costs in quality."""

import json
from pathlib import Path
from typing import Any

import click

from videnhance.cli.fields import FILE
from videnhance.cli.help import Command
from videnhance.cli.report_file import check_report, write_report
from videnhance.errors import UsageError, counted

__all__ = ["bench"]


@click.command(
    cls=Command,
    examples=(
        "videnhance bench                           generated scenes of four kinds",
        "videnhance bench film.mp4                  a video of yours, without quality",
        "videnhance bench --clips FOLDER --plot q.png    quality, too",
        "videnhance bench --peer 'other=prog {source} {target}'   beside another",
    ),
)
@click.argument("file", type=FILE, required=False, metavar="[IN]")
@click.option(
    "--clips",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Take its videos as originals: they are halved, enlarged and compared.",
)
@click.option("--frames", default=100, show_default=True, help="Frames of each clip.")
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    default=("default", "fast"),
    show_default=True,
    metavar="MODEL",
    help="Measure this model; may be repeated.",
)
@click.option(
    "--peer",
    "peers",
    multiple=True,
    metavar="NAME=COMMAND",
    help="Measure another program, too; {source} and {target} stand for the files.",
)
@click.option(
    "--plot",
    type=FILE,
    metavar="FILE",
    help="Draw the gain of each frame over time, as PNG.",
)
@click.option(
    "--json",
    "target",
    type=FILE,
    metavar="FILE",
    help="Write the tables to a file, too, as JSON.",
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
