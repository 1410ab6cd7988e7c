"""The course of a training run: a CSV file, and a picture of loss and PSNR."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

__all__ = ["Point", "added", "drawn_curve", "read_points"]

_FIELDS = ("step", "loss", "psnr", "seconds")
_SIZE = 960, 540
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 880, 40, 480
"""The frame of the plot; the scales stand beside it."""
_LOSS, _PSNR, _INK, _GRID = "#c2410c", "#1d4ed8", "#222222", "#dddddd"


@dataclass(frozen=True, slots=True)
class Point:
    """One line of the log."""

    step: int
    loss: float
    """Mean since the point before."""
    psnr: float
    """dB, of the validation stills."""
    seconds: float
    """Since the run, or its last part, was started."""


def added(log: Path, point: Point) -> list[Point]:
    """Adds a point; those at or after its step are of a part that was lost."""
    points = [p for p in read_points(log) if p.step < point.step] + [point]
    partial = log.with_suffix(".part")
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_FIELDS)
        # Every digit: two runs are compared by their logs.
        writer.writerows(
            (p.step, repr(p.loss), repr(p.psnr), f"{p.seconds:.1f}") for p in points
        )
    partial.replace(log)
    return points


def read_points(log: Path) -> list[Point]:
    """The points of a log; none if there is no log yet."""
    if not log.exists():
        return []
    with log.open(newline="", encoding="utf-8") as file:
        return [
            Point(
                int(row["step"]),
                float(row["loss"]),
                float(row["psnr"]),
                float(row["seconds"]),
            )
            for row in csv.DictReader(file)
        ]


def drawn_curve(points: Sequence[Point], path: Path) -> None:
    """Draws loss (left scale) and PSNR (right scale) over the steps, as PNG."""
    image = Image.new("RGB", _SIZE, "white")
    draw = ImageDraw.Draw(image)
    steps = [float(p.step) for p in points]
    for values, colour, side in (
        ([p.loss for p in points], _LOSS, _LEFT),
        ([p.psnr for p in points], _PSNR, _RIGHT),
    ):
        _line(draw, steps, values, colour)
        _scale(draw, values, colour, side)
    for n in range(5):
        x = _LEFT + (_RIGHT - _LEFT) * n / 4
        draw.text((x, _BOTTOM + 8), f"{max(steps) * n / 4:.0f}", _INK, anchor="ma")
    draw.rectangle((_LEFT, _TOP, _RIGHT, _BOTTOM), outline=_INK)
    draw.text((_LEFT, 12), "loss", _LOSS)
    draw.text((_RIGHT, 12), "PSNR, dB", _PSNR, anchor="ra")
    draw.text((_SIZE[0] // 2, _SIZE[1] - 24), "steps", _INK, anchor="ma")
    image.save(path, "PNG")


def _range(values: Sequence[float]) -> tuple[float, float]:
    """From the least to the largest, never empty."""
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _line(
    draw: ImageDraw.ImageDraw,
    steps: Sequence[float],
    values: Sequence[float],
    colour: str,
) -> None:
    low, high = _range(values)
    places = [
        (
            _LEFT + (_RIGHT - _LEFT) * step / max(steps),
            _BOTTOM - (_BOTTOM - _TOP) * (value - low) / (high - low),
        )
        for step, value in zip(steps, values, strict=True)
    ]
    draw.line(places, colour, 2)
    for x, y in places if len(places) < 60 else ():
        draw.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)


def _scale(
    draw: ImageDraw.ImageDraw, values: Sequence[float], colour: str, x: int
) -> None:
    low, high = _range(values)
    for n in range(5):
        y = _BOTTOM - (_BOTTOM - _TOP) * n / 4
        if x == _LEFT:
            draw.line((_LEFT, y, _RIGHT, y), _GRID)
        text = f"{low + (high - low) * n / 4:.4g}"
        beside, anchor = (x - 8, "rm") if x == _LEFT else (x + 8, "lm")
        draw.text((beside, y), text, colour, anchor=anchor)
