"""Compares videos: how near they are to an original, and how each stands alone."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from videnhance.errors import UsageError
from videnhance.quality.comparison import Comparison, Figure, Scored
from videnhance.quality.measure import Measurer
from videnhance.quality.metrics import METRICS, Metric, chosen_metrics, is_there
from videnhance.quality.pairs import Pairs, Video
from videnhance.quality.vdp import colour_video_vdp

__all__ = ["Order", "compared"]

Advanced = Callable[[int, int | None], None]
"""Is told how many moments are done, and of how many, if that is known."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be measured."""

    metrics: tuple[str, ...] | None = None
    """By name; `all` for everything that is there; None for all quick ones."""
    every: int = 1
    """Each so many moments is measured."""
    also: tuple[str, ...] = ()
    """Metrics that are measured whatever `metrics` says: bounds are on them."""

    def __post_init__(self) -> None:
        if self.every < 1:
            raise UsageError(f"--every {self.every}: give 1 (each frame) or more")


def compared(
    original: Video,
    ours: Sequence[Video],
    *,
    order: Order,
    advanced: Advanced = lambda done, total: None,
) -> Comparison:
    """Measures one or two videos beside an original, frame by frame as they are read.

    Raises UsageError for what cannot be compared as it is, InputError for what cannot
    be read, and MissingLibraryError.
    """
    chosen = chosen_metrics(order.metrics, order.also)
    pairs = Pairs(original, ours)
    metrics, left_out = _fit(chosen, pairs)
    if order.metrics is None:
        left_out += _missing()
    with Measurer(pairs, metrics, every=order.every) as measurer:
        with closing(pairs.moments()) as moments:
            for moment in moments:
                measurer.add(moment)
                advanced(measurer.frames, pairs.total)
        first, *others = measurer.sums()
    if any(metric.name == "cvvdp" for metric in metrics):
        others = _with_vdp(pairs, others, count=measurer.frames)
    return Comparison(
        original=first,
        ours=tuple(others),
        size=str(pairs.form.size),
        frames=measurer.frames,
        every=order.every,
        seconds=measurer.seconds,
        notices=(*pairs.notices, *left_out),
    )


def _fit(chosen: Iterable[Metric], pairs: Pairs) -> tuple[list[Metric], list[str]]:
    """The metrics that mean something for these videos, and words on the others."""
    metrics = [m for m in chosen if m.for_hdr or not pairs.is_hdr]
    unfit = [m.title for m in chosen if m not in metrics]
    words = f"not measured, for it is not made for HDR: {', '.join(unfit)}"
    return metrics, [words] if unfit else []


def _missing() -> list[str]:
    """Words on what would be measured by default, if it were there."""
    titles = [m.title for m in METRICS.values() if not (m.is_slow or is_there(m))]
    words = "not on this machine (docs/compare.md tells what it takes)"
    return [f"{words}: {', '.join(titles)}"] if titles else []


def _with_vdp(pairs: Pairs, ours: Sequence[Scored], *, count: int) -> list[Scored]:
    """The same with ColorVideoVDP, for which the videos are read once more each."""
    found = []
    for number, video in enumerate(ours):
        with closing(pairs.moments()) as moments:
            score = colour_video_vdp(
                ((m.ours[number].rgb, m.original.rgb) for m in moments),
                count=count,
                size=pairs.form.size,
                rate=pairs.rate,
            )
        figures = {**video.figures, "cvvdp": Figure(score)}
        found.append(replace(video, figures=figures))
    return found
