"""A chart of a comparison over time: a panel for each metric, a line for each video."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from videnhance.errors import OutputError, printable
from videnhance.quality.comparison import Comparison
from videnhance.quality.metrics import Kind, Metric

__all__ = ["Graph", "drawn_chart", "drawn_graphs", "saved_picture"]

Values = npt.NDArray[np.float64]

_FINE = 2
"""Drawn so many times as large, then averaged: smooth lines."""
_WIDTH, _PANEL, _TOP, _BOTTOM = 1200, 150, 36, 44
_LEFT, _RIGHT, _GAP = 84, 24, 26
_COLOURS = ("#1d4ed8", "#c2410c", "#15803d", "#7e22ce", "#0e7490", "#a16207")
_INK, _PALE = "#222222", "#dddddd"
_TICKS, _TIMES = 3, 8
"""About so many lines in a panel, and marks of time."""
_TEXT = 13


@dataclass(frozen=True, slots=True)
class _Panel:
    """One metric's place: what its edges stand for."""

    top: int
    low: float
    high: float
    end: float
    """Seconds at the right edge."""

    def y(self, value: float) -> float:
        """Where a value lies."""
        share = (value - self.low) / (self.high - self.low)
        return self.top + _PANEL - share * (_PANEL - _GAP)

    def x(self, seconds: float) -> float:
        """Where a time lies."""
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * seconds / self.end


@dataclass(frozen=True, slots=True)
class Graph:
    """What one panel shows over time."""

    title: str
    seconds: Values
    lines: Sequence[Values]
    """One for each name of the chart; NaN where there is nothing."""


def drawn_chart(comparison: Comparison, path: Path) -> None:
    """Draws what was measured frame by frame as PNG. Raises OutputError."""
    times = np.frombuffer(comparison.seconds, np.float64)
    graphs = [
        Graph(
            _title(metric),
            times,
            [_finite(video.frames[metric.name]) for video in comparison.ours],
        )
        for metric in comparison.metrics
        if metric.kind in (Kind.NEAR, Kind.TIME)
    ]
    drawn_graphs([video.name for video in comparison.ours], graphs, path)


def drawn_graphs(names: Sequence[str], graphs: Sequence[Graph], path: Path) -> None:
    """Draws panels one below the other, a line for each name, as PNG.

    Raises OutputError.
    """
    height = _TOP + _PANEL * len(graphs) + _BOTTOM
    image = Image.new("RGB", (_WIDTH * _FINE, height * _FINE), "white")
    draw = ImageDraw.Draw(image)
    _draw_legend(draw, names)
    end = max((float(graph.seconds[-1]) for graph in graphs), default=0.0)
    end = max(end, 1e-3)
    for row, graph in enumerate(graphs):
        known = np.concatenate([line[~np.isnan(line)] for line in graph.lines])
        if not known.size:
            continue
        low, high = float(known.min()), float(known.max())
        pad = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
        panel = _Panel(_TOP + row * _PANEL, low - pad, high + pad, end)
        _draw_frame(draw, panel, graph.title)
        for line, colour in zip(graph.lines, _COLOURS, strict=False):
            _draw_line(draw, panel, graph.seconds, values=line, colour=colour)
    _draw_times(draw, height, end)
    saved_picture(image.reduce(_FINE), path)


def _title(metric: Metric) -> str:
    words = f"{metric.title}, {metric.unit}" if metric.unit else metric.title
    return f"{words} (less is better)" if metric.less_is_better else words


def saved_picture(image: Image.Image, path: Path) -> None:
    """Writes a PNG. Raises OutputError, which names the file."""
    try:
        image.save(path, "PNG")
    except OSError as error:
        words = error.strerror or error
        raise OutputError(
            f"{printable(path)} cannot be written: {words}; choose another name"
        ) from error


def _finite(values: Sequence[float]) -> Values:
    """The values; where there is no error at all, the best of the others."""
    found = np.array(values, np.float64)
    fine = found[np.isfinite(found)]
    found[np.isinf(found)] = fine.max() if fine.size else 0.0
    return found


def _text(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], words: str, **more: str
) -> None:
    place = at[0] * _FINE, at[1] * _FINE
    draw.text(place, words, font_size=_TEXT * _FINE, **{"fill": _INK, **more})  # type: ignore[arg-type]


def _line(
    draw: ImageDraw.ImageDraw, points: Sequence[float], colour: str, *, width: int = 1
) -> None:
    draw.line([value * _FINE for value in points], colour, width * _FINE)


def _draw_legend(draw: ImageDraw.ImageDraw, names: Sequence[str]) -> None:
    x = float(_LEFT)
    for name, colour in zip(names, _COLOURS, strict=False):
        _line(draw, [x, 18, x + 24, 18], colour, width=3)
        _text(draw, (x + 32, 10), name)
        x += 56 + draw.textlength(name, font_size=_TEXT)


def _draw_frame(draw: ImageDraw.ImageDraw, panel: _Panel, words: str) -> None:
    for tick in _round_values(panel.low, panel.high, _TICKS):
        y = panel.y(tick)
        _line(draw, [_LEFT, y, _WIDTH - _RIGHT, y], _PALE)
        _text(draw, (_LEFT - 8, y), f"{tick:g}", anchor="rm")
    _text(draw, (_LEFT, panel.top + _GAP - 3), words, anchor="ls")


def _draw_line(
    draw: ImageDraw.ImageDraw,
    panel: _Panel,
    times: Values,
    *,
    values: Values,
    colour: str,
) -> None:
    """A line through the values; where several fall on a pixel, from least to most."""
    known = ~np.isnan(values)
    places = np.rint([panel.x(seconds) for seconds in times[known]]).astype(int)
    points: list[float] = []
    for x in np.unique(places):
        here = values[known][places == x]
        points += [x, panel.y(here[0])]
        if here.size > 1:
            points += [x, panel.y(here.min()), x, panel.y(here.max())]
            points += [x, panel.y(here[-1])]
    if len(points) == 2:
        x, y = (value * _FINE for value in points)
        draw.ellipse((x - 5, y - 5, x + 5, y + 5), colour)
    else:
        _line(draw, points, colour, width=2)


def _draw_times(draw: ImageDraw.ImageDraw, height: int, end: float) -> None:
    axis = _Panel(0, 0, 1, end)
    y = height - _BOTTOM + 10
    _line(draw, [_LEFT, y, _WIDTH - _RIGHT, y], _INK)
    for seconds in _round_values(0, end, _TIMES):
        x = axis.x(seconds)
        _line(draw, [x, y, x, y + 4], _INK)
        minutes, rest = divmod(seconds, 60)
        _text(draw, (x, y + 8), f"{int(minutes)}:{rest:05.2f}", anchor="ma")


def _round_values(low: float, high: float, count: int) -> list[float]:
    """About so many round numbers between two."""
    rough = (high - low) / count
    unit = 10.0 ** floor(log10(rough))
    step = next(unit * n for n in (1, 2, 5, 10) if unit * n >= rough)
    first = ceil(low / step)
    return [n * step for n in range(first, floor(high / step) + 1)]
