"""Converts the seconds that a sample page shows, and measures what each way takes."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace

from videnhance.conversion.job import job_of
from videnhance.conversion.preflight import REHEARSED_FRAMES, rehearsed
from videnhance.conversion.prepare import Prepared, prepared
from videnhance.errors import InputError, UsageError, printable
from videnhance.frame import Frame, VideoInfo
from videnhance.media.open_any import is_video_file
from videnhance.media.reader.glimpses import glimpses
from videnhance.media.source import Span
from videnhance.pipeline.report import Progress
from videnhance.quality.moments import Moment, look_at, telling_moments
from videnhance.web.sample.columns import Column, Tried
from videnhance.web.sample.page import facts_of, page_of
from videnhance.web.sample.shots import Cut, Shot, Shown, shot_of

__all__ = ["Teller", "Work"]

_MOST, _FEWEST = 5, 3
"""Moments: with each further way to compare, one less."""
_SECONDS = 1.0
_MOST_FRAMES = 120
"""Of a moment, however fast the source is."""
_APART_SECONDS, _APART_SHARE = 1.5, 1 / 20


class Teller:
    """Tells how far the work is."""

    def __init__(self, tell: Callable[[Progress], None] | None) -> None:
        self.total = 0
        self._tell = tell
        self._done, self._began = 0, time.monotonic()

    def counted(self, frames: Generator[Frame]) -> Generator[Frame]:
        """The same frames; each is told of."""
        with closing(frames):
            for frame in frames:
                self._done = min(self._done + 1, self.total)
                if self._tell is not None:
                    seconds = time.monotonic() - self._began
                    self._tell(Progress(self._done, 0, self.total, seconds))
                yield frame


class Work:
    """A page on its way."""

    def __init__(self, columns: Sequence[Column], teller: Teller) -> None:
        self.moments: list[Moment] = []
        self.tried: list[Tried] = []
        self._columns, self._teller = columns, teller

    def page(self, told: Sequence[str]) -> str:
        """The finished page; `told` is what the clip is, and what suits it."""
        plain = _plain(self._columns[0])
        first = _ready(self._columns[0])
        info = first.work.info
        self.moments = _moments_of(first, max(_MOST + 1 - len(self._columns), _FEWEST))
        count = _frames_of(info)
        ways = 1 + len(self._columns)
        self._teller.total = ways * count * len(self.moments)
        self._teller.total += len(self._columns) * REHEARSED_FRAMES
        base = _ready(plain, known=True)
        cuts = [self._cut(base, moment) for moment in self.moments]
        shots = [self._shots(base, cuts)]
        for column in self._columns:
            ready = first if column is self._columns[0] else _ready(column, known=True)
            self.tried.append(self._tried(column, ready))
            shots.append(self._shots(ready, cuts))
        facts = facts_of(self._columns[0].source, first) | {"traits": list(told)}
        return page_of(facts, self.tried, moments=self.moments, shots=shots, cuts=cuts)

    def _tried(self, column: Column, ready: Prepared) -> Tried:
        settings = ready.work.job.settings
        found = rehearsed(
            ready.plan,
            ready.source,
            lambda frames: self._teller.counted(ready.enhanced(frames)),
            settings,
        )
        plan = ready.plan
        what = f"{plan.size}, {plan.encoding.codec}; network {ready.model.words}"
        notices = (*ready.notices, *plan.notices, *ready.budget.values())
        return Tried(
            column.name,
            column.options,
            column.command,
            found.estimate,
            what,
            tuple(dict.fromkeys((*notices, *found.notices))),
        )

    def _cut(self, base: Prepared, moment: Moment) -> Cut:
        with base.source(Span(moment.seconds, None, 1)) as reader:
            frame = next(base.enhanced(iter(reader)), None)
        return Cut() if frame is None else Shown(base.work.info).cut(frame)

    def _shots(self, ready: Prepared, cuts: Sequence[Cut]) -> list[Shot]:
        """A shot of each moment. Raises InputError for one that cannot be read."""
        info, shots = ready.work.info, list[Shot]()
        count = _frames_of(info)
        for moment, cut in zip(self.moments, cuts, strict=True):
            with ready.source(Span(moment.seconds, None, count)) as reader:
                line = ready.enhanced(iter(reader))
                with closing(line):
                    frames = self._teller.counted(line)
                    shot = shot_of(frames, info, cut=cut, middle=count // 2)
            if shot is None:
                name = printable(ready.work.job.source)
                raise InputError(f"{name} has no frame at {moment.seconds:.2f} s")
            shots.append(shot)
        return shots


def _ready(column: Column, *, known: bool = False) -> Prepared:
    job = job_of(column.source, column.target, options=column.options)
    return prepared(job, known=known)


def _plain(column: Column) -> Column:
    """The same without a network."""
    options = replace(
        column.options,
        strength=0.0,
        skip=1,
        fuse=0.0,
        target_fps=None,
        realtime=False,
        deadline=None,
    )
    return replace(column, options=options)


def _frames_of(info: VideoInfo) -> int:
    """Frames of a moment: about a second of them."""
    return min(max(round(float(info.rate or 25) * _SECONDS), 2), _MOST_FRAMES)


def _moments_of(ready: Prepared, count: int) -> list[Moment]:
    """Where to look. Raises UsageError for a source of one frame."""
    job, info = ready.work.job, ready.work.info
    if info.frames == 1:
        raise UsageError(
            f"{printable(job.source)} is one picture: convert it, and look at the "
            "result; a sample is for videos"
        )
    start, length = job.span.start_seconds, info.duration_seconds or 0.0
    part = start, start + length
    apart = max(_APART_SECONDS, length * _APART_SHARE)
    looks = []
    if is_video_file(job.source) and length:
        seen = glimpses(job.source, job.reading, part=part)
        looks = [look_at(one.seconds, one.lumas) for one in seen]
    found = telling_moments(looks, count, apart_seconds=apart)
    found = found or [Moment(start + length / 3, "about a third in")]
    last = max(start, part[1] - _SECONDS)
    return [replace(m, seconds=min(m.seconds, last)) for m in found]
