"""`bench`: the speed of this machine."""

import json
from pathlib import Path

import click

from videnhance.cli.help import Command
from videnhance.cli.options import FILE, check_report, write_report
from videnhance.errors import UsageError, counted

__all__ = ["bench"]


@click.command(cls=Command)
@click.argument("file", type=FILE, required=False, metavar="[IN]")
@click.option("--frames", default=150, show_default=True, help="Frames to measure.")
@click.option(
    "--json",
    "target",
    type=FILE,
    metavar="FILE",
    help="Write the table to a file, too, as JSON.",
)
def bench(file: Path | None, frames: int, target: Path | None) -> None:
    """Measures this machine with the video IN, or with a generated 640x360 scene."""
    from videnhance.conversion import bench as measure

    if frames < 1:
        raise UsageError(f"--frames {frames} measures nothing; use 1 or more")
    check_report(target, "--json", files=() if file is None else (file,))
    rows = []
    for row in measure.benchmarked(file, frames):
        rows.append(row)
        click.echo(f"videnhance: measured {row.name}", err=True)
    click.echo(f"{measure.processor_name()}, {counted(rows[0].frames, 'frame')}\n")
    click.echo("\n".join(measure.table(rows)))
    if target:
        write_report(
            target, json.dumps(measure.as_json(rows), indent=2) + "\n", option="--json"
        )
