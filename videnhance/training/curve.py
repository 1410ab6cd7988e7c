"""The course of a training run: a CSV file, and a picture of loss and PSNR."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

__all__ = ["Point", "added", "drawn_curve", "read_points"]

_SIZE = 960, 540


@dataclass(frozen=True, slots=True)
class Point:
    """One line of the log."""

    step: int
    loss: float
    """Mean since the point before."""
    psnr: float
    """dB, of the held-out samples."""
    seconds: float
    """Since the run, or its last part, was started."""


def added(log: Path, point: Point) -> list[Point]:
    """Adds a point; those at or after its step are of a part that was lost."""
    points = [p for p in read_points(log) if p.step < point.step] + [point]
    partial = log.with_suffix(".part")
    with partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(Point.__dataclass_fields__)
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
        _, *rows = csv.reader(file)
    return [Point(int(step), *map(float, rest)) for step, *rest in rows]


def drawn_curve(points: Sequence[Point], path: Path) -> None:
    """Draws loss and PSNR over the steps as PNG, each from its least to its largest."""
    image = Image.new("RGB", _SIZE, "white")
    draw = ImageDraw.Draw(image)
    width, height = _SIZE
    steps = np.array([point.step for point in points])
    for row, (name, colour) in enumerate((("loss", "#c2410c"), ("psnr", "#1d4ed8"))):
        values = np.array([getattr(point, name) for point in points])
        low, high = values.min(), values.max()
        y = height * (1 - (values - low) / (high - low or 1))
        line = np.column_stack([width * steps / steps[-1], y])
        draw.line(line.ravel().tolist(), colour, 2)
        words = f"{name}: {low:.4g} to {high:.4g}, at last {values[-1]:.4g}"
        draw.text((width // 3, height // 2 + 16 * row), words, colour)
    draw.text((width - 8, height - 8), f"step {steps[-1]}", "#222222", anchor="rs")
    image.save(path, "PNG")
