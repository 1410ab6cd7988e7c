"""Measures matched frames as they come, and sums up what was found."""

from array import array
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from math import nan

from videnhance.quality.comparison import Figure, Scored, figure_of
from videnhance.quality.fidelity import blockiness, gradient, mean_square, psnr_of, ssim
from videnhance.quality.metrics import Kind, Metric
from videnhance.quality.pairs import Matched, Pairs
from videnhance.quality.perceptual import PERCEPTUAL, picture_metric
from videnhance.quality.pictures import Picture
from videnhance.quality.temporal import OverTime, shimmer
from videnhance.quality.vmaf import MEASURED, Vmaf

__all__ = ["Measurer"]


class Measurer:
    """Scores of an original and of what is compared with it; a `with` block.

    Every `every`th moment is measured; a number for each metric is kept of it.
    """

    def __init__(
        self, pairs: Pairs, metrics: Sequence[Metric], *, every: int = 1
    ) -> None:
        self.seconds = array("d")
        """Of each measured moment."""
        self.frames = 0
        """Moments seen."""
        self._metrics = {metric.name: metric for metric in metrics}
        self._names, self._form, self._every = pairs.names, pairs.form, every
        self._found = [_Columns(metrics, alone=n == 0) for n in range(len(pairs.names))]
        self._over_time = OverTime()
        self._last: tuple[Picture, ...] = ()
        self._stack = ExitStack()
        self._by_ffmpeg: list[Vmaf] = []
        if self._metrics.keys() & {*MEASURED}:
            for _ in pairs.names[1:]:
                vmaf = Vmaf(
                    self._form.size, self._form.depth, rate=pairs.rate, every=every
                )
                self._by_ffmpeg.append(self._stack.enter_context(vmaf))

    def __enter__(self) -> "Measurer":
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)  # type: ignore[arg-type]  # what `with` gives

    def add(self, moment: Matched) -> None:
        """Measures one moment after the last."""
        for vmaf, ours in zip(self._by_ffmpeg, moment.ours, strict=False):
            vmaf.write(ours.luma, moment.original.luma)
        measured = self.frames % self._every == 0
        self.frames += 1
        shown = (moment.original, *moment.ours)
        moves = self._moves(moment, measured)
        if measured:
            self.seconds.append(moment.seconds)
            for n, picture in enumerate(shown):
                scores = self._alone(picture, n)
                if n:
                    scores |= self._near(picture, moment.original) | moves[n - 1]
                self._found[n].add(scores)
        self._last = shown

    def sums(self) -> list[Scored]:
        """The original's scores, then those of the others; waits for FFmpeg."""
        for columns, vmaf in zip(self._found[1:], self._by_ffmpeg, strict=False):
            for name, scores in vmaf.scores().items():
                if name in columns.values:
                    columns.fill(name, scores, every=self._every)
        return [
            Scored(name, columns.figures(self._metrics, self.seconds), columns.values)
            for name, columns in zip(self._names, self._found, strict=True)
        ]

    def _moves(self, moment: Matched, measured: bool) -> list[dict[str, float]]:
        """tOF and flicker of each."""
        if not self._metrics.keys() & {"tof", "flicker"}:
            return [{}] * len(moment.ours)
        ours = [picture.luma8 for picture in moment.ours]
        found = self._over_time(moment.original.luma8, ours, measured=measured)
        return [{"tof": tof, "flicker": flicker} for tof, flicker in found]

    def _near(self, ours: Picture, original: Picture) -> dict[str, float]:
        depth = self._form.depth
        scores = {}
        if "psnr" in self._metrics:
            scores["psnr"] = psnr_of(mean_square(ours.luma, original.luma), depth)
        if "ssim" in self._metrics:
            scores["ssim"] = ssim(ours.luma, original.luma, depth=depth)
        for name in PERCEPTUAL:
            if name in self._metrics:
                scores[name] = picture_metric(name)(ours.rgb, original.rgb)
        return scores

    def _alone(self, picture: Picture, number: int) -> dict[str, float]:
        scores = {}
        if "sharpness" in self._metrics:
            scores["sharpness"] = gradient(picture.luma8)
        if "blockiness" in self._metrics:
            scores["blockiness"] = blockiness(picture.luma8)
        if "shimmer" in self._metrics and self._last:
            scores["shimmer"] = shimmer(self._last[number].luma8, picture.luma8)
        return scores


class _Columns:
    """A column of numbers for each metric of one video."""

    def __init__(self, metrics: Sequence[Metric], *, alone: bool) -> None:
        self.values: dict[str, array[float]] = {
            metric.name: array("d")
            for metric in metrics
            if metric.kind is not Kind.WHOLE
            and (metric.kind is Kind.ALONE or not alone)
        }

    def add(self, scores: Mapping[str, float]) -> None:
        """A number for each, NaN for what is not known (yet)."""
        for name, column in self.values.items():
            column.append(scores.get(name, nan))

    def fill(self, name: str, scores: Mapping[int, float], *, every: int) -> None:
        """The column of what became known at the end; `scores` are by moment."""
        column = self.values[name]
        for row in range(len(column)):
            column[row] = scores.get(row * every, nan)

    def figures(
        self, metrics: Mapping[str, Metric], seconds: "array[float]"
    ) -> dict[str, Figure]:
        """The sum of each column."""
        return {
            name: figure_of(metrics[name], column, seconds)
            for name, column in self.values.items()
        }
