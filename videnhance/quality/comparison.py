"""What a comparison found: figures of each video, frame by frame and in sum."""

import csv
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite, isnan, nan
from typing import Any, TextIO

import numpy as np

from videnhance.errors import UsageError, counted
from videnhance.quality.fidelity import mean_psnr, mean_xpsnr
from videnhance.quality.metrics import METRICS, Kind, Metric

__all__ = ["Comparison", "Figure", "Scored", "figure_of"]

_LOW = 5
"""Percent of the frames that are as bad as `low` or worse."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric of one video."""

    mean: float
    """Over the measured frames; of PSNR and XPSNR that of the errors."""
    low: float | None = None
    """A twentieth of the frames is as bad, or worse; None for a whole video's."""
    worst: float | None = None
    worst_seconds: float | None = None
    """From the original's first frame."""

    def as_json(self) -> dict[str, float | None]:
        """As plain values; what is infinite (no error at all) is None."""
        values = {
            "mean": self.mean,
            "low": self.low,
            "worst": self.worst,
            "worst_seconds": self.worst_seconds,
        }
        return {name: _plain(value) for name, value in values.items()}


@dataclass(frozen=True, slots=True)
class Scored:
    """A video, and what was measured of it."""

    name: str
    figures: Mapping[str, Figure]
    """By metric."""
    frames: Mapping[str, "array[float]"] = field(repr=False)
    """By metric, a value for each measured frame; NaN where there is none."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One or two videos beside an original."""

    original: Scored
    """Its figures are those that need no original."""
    ours: tuple[Scored, ...]
    size: str
    """What all were brought to."""
    frames: int
    """Moments that all have."""
    every: int
    """Each so many of them was measured."""
    seconds: "array[float]" = field(repr=False)
    """Of each measured frame, from the original's first."""
    notices: tuple[str, ...] = ()
    """What a user must hear: offsets, sizes, damage, what is not measured."""

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Those that were measured, in their order."""
        found = {name for video in self.ours for name in video.figures}
        return tuple(metric for metric in METRICS.values() if metric.name in found)

    def summary(self) -> str:
        """The means of the last video in a line: `640x360: PSNR-Y 38.20 dB, ...`."""
        figures = self.ours[-1].figures
        parts = (
            f"{m.title} {_number(m, figures[m.name].mean)} {m.unit}".rstrip()
            for m in self.metrics
            if m.kind is not Kind.ALONE
        )
        return f"{self.size}: {', '.join(parts)}"

    def failures(
        self, least: Mapping[str, float], most: Mapping[str, float]
    ) -> list[str]:
        """Which bounds the last video's means miss, in words; none: all hold.

        Raises UsageError for a metric that was not measured.
        """
        last, missed = self.ours[-1], []
        for bounds, sign, word in ((least, 1, "below"), (most, -1, "above")):
            for name, bound in bounds.items():
                if name not in last.figures:
                    raise UsageError(f"{name} was not measured: leave out its bound")
                mean = last.figures[name].mean
                if isnan(mean) or sign * (mean - bound) < 0:
                    metric = METRICS[name]
                    missed.append(
                        f"{metric.title} of {last.name} is {mean:.{metric.digits}f}, "
                        f"{word} {bound:g}"
                    )
        return missed

    def as_json(self) -> dict[str, Any]:
        """All but the single frames, as plain values."""
        return {
            "original": _scored_json(self.original),
            "compared": [_scored_json(video) for video in self.ours],
            "size": self.size,
            "frames": self.frames,
            "measured_frames": len(self.seconds),
            "every": self.every,
            "notices": list(self.notices),
        }

    def write_csv(self, file: TextIO) -> None:
        """A line for each measured frame: its time, and each metric of each video."""
        videos = (self.original, *self.ours)
        columns = [(v.name, name, v.frames[name]) for v in videos for name in v.frames]
        writer = csv.writer(file)
        writer.writerow(
            ["frame", "seconds", *(f"{name} {title}" for title, name, _ in columns)]
        )
        for row, seconds in enumerate(self.seconds):
            values = (_cell(column[row]) for _, _, column in columns)
            writer.writerow([row * self.every, f"{seconds:.4f}", *values])

    def lines(self) -> Iterator[str]:
        """A table for people."""
        first = self.original.name
        measured = counted(len(self.seconds), "frame")
        names = " and ".join(video.name for video in self.ours)
        yield f"{names} beside {first}, {self.size}, {measured} measured"
        yield from self._beside(self.ours)
        alone = [m for m in self.metrics if m.kind is Kind.ALONE]
        if alone:
            yield ""
            yield "alarms only: they see no original, and like what is too sharp"
            videos = (self.original, *self.ours)
            heads = [f"{'':<14}{'':>7}", *(f"{_short(v.name):>16}" for v in videos)]
            yield "".join(heads)
            for metric in alone:
                cells = (_number(metric, v.figures[metric.name].mean) for v in videos)
                yield _row(metric, *(f"{cell:>16}" for cell in cells))

    def _beside(self, videos: Sequence[Scored]) -> Iterator[str]:
        for video in videos:
            if len(videos) > 1:
                yield ""
                yield video.name
            heads = ("mean", f"low {_LOW} %", "worst", "at")
            yield f"{'':<14}{'':>7}" + "".join(f"{head:>10}" for head in heads)
            for metric in self.metrics:
                if metric.kind is Kind.ALONE:
                    continue
                figure = video.figures[metric.name]
                cells = [_number(metric, figure.mean)]
                if figure.low is not None and figure.worst_seconds is not None:
                    worst = figure.worst if figure.worst is not None else nan
                    cells += [_number(metric, figure.low), _number(metric, worst)]
                    cells.append(f"{figure.worst_seconds:.2f} s")
                yield _row(metric, *(f"{cell:>10}" for cell in cells))


def figure_of(
    metric: Metric, values: "array[float]", seconds: "array[float]"
) -> Figure:
    """The sum of a metric's frames; NaN without any."""
    found = np.frombuffer(values, np.float64)
    known = ~np.isnan(found)
    if not known.any():
        return Figure(nan)
    scores, times = found[known], np.frombuffer(seconds, np.float64)[known]
    mean = float(np.mean(scores))
    if metric.is_decibel:
        mean = mean_xpsnr(scores) if metric.name == "xpsnr" else mean_psnr(scores)
    bad = int(np.argmax(scores) if metric.less_is_better else np.argmin(scores))
    share = 100 - _LOW if metric.less_is_better else _LOW
    # The frame itself: between two, infinite values have no middle.
    low = float(np.percentile(scores, share, method="nearest"))
    return Figure(mean, low, float(scores[bad]), float(times[bad]))


def _scored_json(video: Scored) -> dict[str, Any]:
    figures = {name: figure.as_json() for name, figure in video.figures.items()}
    return {"name": video.name, "metrics": figures}


def _plain(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _cell(value: float) -> str:
    return "" if isnan(value) else f"{value:.6g}"


def _number(metric: Metric, value: float) -> str:
    if isnan(value):
        return "-"
    return "no error" if value == inf else f"{value:.{metric.digits}f}"


def _row(metric: Metric, *cells: str) -> str:
    return f"{metric.title:<14}{metric.unit:>7}" + "".join(cells)


def _short(name: str) -> str:
    return name if len(name) <= 15 else f"{name[:7]}…{name[-7:]}"
