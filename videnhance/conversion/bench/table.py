"""What a benchmark found, as Markdown, as plain values and as a chart."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from videnhance.conversion.bench.run import Row
from videnhance.conversion.bench.stages import Stage
from videnhance.pipeline.plan import Fill
from videnhance.quality.chart import Graph, drawn_graphs
from videnhance.system.processor import processor_name
from videnhance.system.threads import available_cores

__all__ = ["as_json", "drawn", "stage_table", "table"]

_MEAN = "**mean**"
_FILLS = tuple(fill.name.lower() for fill in Fill)
_HEAD = (
    *("clip", "setting", "frames/s", "with the start", "CPU-ms a frame"),
    *("outside the network", *_FILLS, "PSNR, dB", "gain, dB", "of every frame's"),
    *("first frame, s", "peak MB"),
)
_MOST_LINES = 6


def stage_table(stages: Sequence[Stage]) -> list[str]:
    """The stages as lines of a Markdown table."""
    lines = ["| stage alone | frames/s | CPU-ms a frame |", "|---|---:|---:|"]
    return lines + [
        f"| {s.name} | {s.frames_per_second:.1f} | {s.cpu_ms:.1f} |" for s in stages
    ]


def table(rows: Sequence[Row]) -> list[str]:
    """The rows, and the means over several clips, as lines of a Markdown table."""
    lines = [f"| {' | '.join(_HEAD)} |", "|---|---|" + "---:|" * (len(_HEAD) - 2)]
    return lines + [_line(row) for row in (*rows, *_means(rows))]


def _line(row: Row) -> str:
    outside = None
    if row.cpu_ms is not None and row.network_ms is not None:
        outside = row.cpu_ms - row.network_ms
    cells = [
        row.clip,
        f"`{row.name}`" if row.name.startswith("-") else row.name,
        _said(row.frames_per_second, ".1f"),
        _said(row.whole_per_second, ".1f"),
        _said(row.cpu_ms, ".1f"),
        _said(outside, ".1f"),
        *(_said(row.cells.get(fill), ".2f") for fill in _FILLS),
        _said(row.psnr, ".2f"),
        _said(row.gain, "+.2f"),
        _said(row.kept, ".0%"),
        _said(row.first_seconds, ".2f"),
        _said(row.peak_memory_mb, ".0f"),
    ]
    return f"| {' | '.join(cells)} |"


def _said(value: float | None, form: str) -> str:
    return "" if value is None else f"{value:{form}}"


def _means(rows: Sequence[Row]) -> Iterator[Row]:
    """A row for each setting that several clips have."""
    for name in dict.fromkeys(row.name for row in rows):
        same = [row for row in rows if row.name == name]
        if len(same) > 1:
            yield _mean(name, same)


def _mean(name: str, rows: Sequence[Row]) -> Row:
    values: dict[str, Any] = {}
    for row_field in fields(Row):
        column = [getattr(row, row_field.name) for row in rows]
        known = [value for value in column if isinstance(value, int | float)]
        if len(known) == len(rows):
            values[row_field.name] = fmean(known)
    fills = {fill for row in rows for fill in row.cells}
    cells = {fill: fmean(row.cells.get(fill, 0.0) for row in rows) for fill in fills}
    frames = sum(row.frames for row in rows)
    return Row(**values | {"clip": _MEAN, "name": name, "frames": frames}, cells=cells)


def as_json(stages: Sequence[Stage], rows: Sequence[Row]) -> dict[str, Any]:
    """What was found and the machine, as plain values."""
    found = []
    for row in rows:
        plain = asdict(row)
        plain["psnrs"] = [value if np.isfinite(value) else None for value in row.psnrs]
        plain["times"] = list(row.times)
        found.append(plain)
    return {
        "processor": processor_name(),
        "cores": available_cores(),
        "stages": [asdict(stage) for stage in stages],
        "rows": found,
    }


def drawn(rows: Sequence[Row], path: Path) -> bool:
    """Draws how much each setting of the first model, and each peer, gains over the
    plain enlargement, frame by frame, as PNG; a panel for each clip.

    False, and no file, if no original is known. Raises OutputError.
    """
    judged = [row for row in rows if row.psnrs]
    plain = {row.clip: row for row in judged if row.gain is None}
    others = [row for row in judged if row.gain is not None]
    first = next((row.name.split()[1] for row in others if row.name[0] == "-"), "")
    chosen = [r for r in others if r.name[0] != "-" or r.name.split()[1] == first]
    names = list(dict.fromkeys(row.name for row in chosen))[:_MOST_LINES]
    graphs = []
    for clip, base in plain.items():
        lines = [
            np.subtract(row.psnrs, base.psnrs)
            for name in names
            for row in chosen
            if (row.clip, row.name, len(row.psnrs)) == (clip, name, len(base.psnrs))
        ]
        if len(lines) == len(names):
            times = np.frombuffer(base.times, np.float64)
            graphs.append(Graph(f"{clip}: gain in PSNR-Y, dB", times, lines))
    if graphs:
        drawn_graphs(names, graphs, path)
    return bool(graphs)
