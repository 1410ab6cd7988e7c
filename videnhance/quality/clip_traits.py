"""Finds out what a clip is, in seconds, from pictures at places all over it."""

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import islice
from os import PathLike
from pathlib import Path

import numpy as np

from videnhance.errors import InputError, printable
from videnhance.frame import Pixels, VideoInfo
from videnhance.media.open_any import is_video_file, opened
from videnhance.media.probe import probe
from videnhance.media.reader.survey import (
    FieldAction,
    FieldSurvey,
    luma_runs,
    survey_file,
)
from videnhance.media.source import Deinterlace, Reading
from videnhance.quality.flaws import (
    Borders,
    Noise,
    Steps,
    borders_of,
    changes,
    drawn_share,
    noise_of,
    repeats,
    steps_of,
)
from videnhance.quality.softness import softness_of
from videnhance.quality.traits import ClipTraits, Fields

__all__ = ["clip_traits"]

_RUN, _RUNS = 12, 8
_MOST_WIDTH, _MOST_HEIGHT = 1920, 1088
"""Pixels of the middle of a picture that are looked at."""
_LIMITED_BLACK, _LIMITED_WHITE = 16, 235


def clip_traits(
    source: str | PathLike[str], video_track: int | None = None
) -> ClipTraits:
    """What a clip is: soft, noisy, blocky, interlaced, drawn ...

    Up to 96 pictures from eight places are looked at. Raises InputError, and UsageError
    if there is no such track.
    """
    path = Path(source)
    info = probe(path, video_track)
    reading = Reading(Deinterlace.OFF, video_track=video_track)
    fields = Fields.WHOLE
    if is_video_file(path):
        fields = _fields(survey_file(path, reading, marked=info.interlaced))
    runs = [run for run in _runs(path, reading) if run]
    if not runs:
        raise InputError(f"{printable(path)} has no picture to look at")
    return _traits(info, runs, fields)


def _runs(path: Path, reading: Reading) -> Iterator[list[Pixels]]:
    """Pictures in a row, their middle."""
    if is_video_file(path):
        for run in luma_runs(path, reading):
            yield [_middle(picture) for picture in run]
        return
    with opened(path, reading=reading) as frames:
        line = iter(frames)
        for _ in range(_RUNS):
            yield [
                _middle((f.planes[0] >> (f.layout.depth - 8)).astype(np.uint8))
                for f in islice(line, _RUN)
            ]


def _middle(picture: Pixels) -> Pixels:
    height, width = picture.shape
    # Even, so that fields stay what they are.
    top = max(height - _MOST_HEIGHT, 0) // 4 * 2
    left = max(width - _MOST_WIDTH, 0) // 4 * 2
    return picture[top : top + _MOST_HEIGHT, left : left + _MOST_WIDTH]


def _fields(survey: FieldSurvey) -> Fields:
    if survey.telecined:
        return Fields.TELECINED
    if survey.action in (FieldAction.ALL, FieldAction.MARKED):
        return Fields.ALL if survey.some_comb else Fields.WHOLE
    return Fields.SOME if survey.some_comb else Fields.WHOLE


def _traits(
    info: VideoInfo, runs: Sequence[Sequence[Pixels]], fields: Fields
) -> ClipTraits:
    black, white = _LIMITED_BLACK, _LIMITED_WHITE
    if info.tags.full or info.layout.family.value == "rgb":
        black, white = 0, 255
    borders = reduce(Borders.common, (borders_of(run, black=black) for run in runs))
    whole = fields is Fields.WHOLE
    # One field of a picture is a picture of one moment.
    step = 1 if whole else 2
    inner = [[borders.inside(p)[::step] for p in run] for run in runs]
    moved = [changes(run) for run in inner]
    chosen = [run[n] for run in inner for n in {len(run) // 4, 3 * len(run) // 4}]
    again, seen = np.sum([repeats(found) for found in moved], axis=0)
    return ClipTraits(
        size=info.size,
        rate=info.rate if sum(map(len, runs)) > 1 else info.rate * 0,
        looked_at=sum(map(len, runs)),
        softness=softness_of(chosen, whole=whole),
        noise=_noise(inner, moved),
        steps=_steps(chosen),
        fields=fields,
        marked=info.interlaced,
        repeats=float(again / seen) if seen else 0.0,
        borders=borders,
        brightness=float(
            np.mean([(p.mean() - black) / (white - black) for p in chosen])
        ),
        drawn=float(np.median([drawn_share(picture) for picture in chosen])),
    )


def _noise(runs: Sequence[Sequence[Pixels]], moved: Sequence[Sequence[float]]) -> Noise:
    """The median of those places where a picture does not repeat another one."""
    found = []
    for run, steps in zip(runs, moved, strict=True):
        if steps:
            n = int(np.argsort(steps)[len(steps) // 2])
            found.append(noise_of(run[n], run[n + 1]))
    if not found:
        return Noise(0.0, 0.0)
    sigma, alike = np.median([(n.sigma, n.alike) for n in found], axis=0)
    return Noise(float(sigma), float(alike))


def _steps(pictures: Sequence[Pixels]) -> Steps:
    found = [steps_of(picture) for picture in pictures]
    blocks, bands = np.median([(s.blocks, s.bands) for s in found], axis=0)
    return Steps(float(blocks), float(bands))
