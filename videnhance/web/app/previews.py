"""Pictures of what a conversion makes, from a process that has its network loaded.

They are those of the conversion bit for bit, before they are encoded: the same source,
pipeline and network. Where residuals are moved from frame to frame, work begins where
the conversion's own segment begins, as the source's rate tells.
"""

import io
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from videnhance.conversion.job import Job, choice_of, job_of
from videnhance.conversion.resolve import ResolvedJob, resolve
from videnhance.conversion.time_budget import with_budget
from videnhance.errors import InputError, printable
from videnhance.frame import Frame, VideoInfo
from videnhance.media.display import Displayer
from videnhance.media.open_any import opened
from videnhance.media.source import Span
from videnhance.models.choice import needs_import
from videnhance.options import ConvertOptions
from videnhance.pipeline.enhance import enhanced
from videnhance.pipeline.report import Report
from videnhance.pipeline.upscaler import Bicubic, Upscaler
from videnhance.web.app.answers import Answers, serve
from videnhance.web.app.pictures import frame_at

__all__ = ["answer_quickly"]

_MOST_MODELS = 4
_MOST_MOMENTS = 4
_PNG_LEVEL = 1
"""Of zlib: it takes a tenth of the time of the usual one."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Moment:
    """Decoded frames, the last of which is wanted, and what is known of the video."""

    frames: tuple[Frame, ...]
    info: VideoInfo

    @property
    def seconds(self) -> float:
        """From the first frame of the source to the last one here."""
        last = self.frames[-1]
        return float(last.pts * last.time_base - self.info.start_seconds)


def answer_quickly(connection: Connection) -> None:
    """What a process runs that somebody waits for: its libraries are loaded first."""
    previews = _Previews()
    answers: dict[str, Answers] = {
        "warm": previews.warm,
        "prepare": previews.prepare,
        "frame": previews.frame,
    }
    serve(connection, answers)


class _Previews:
    """Keeps what the next picture needs again: networks, and frames of the source."""

    def __init__(self) -> None:
        self._networks: OrderedDict[Hashable, Upscaler] = OrderedDict()
        self._moments: OrderedDict[Hashable, _Moment] = OrderedDict()

    def warm(self) -> None:
        """Loads what the first picture needs, with the usual look."""
        from videnhance.models.runtime import load  # brings torch

        choice = choice_of(ConvertOptions())
        self._kept_network((choice, None), lambda: load(choice))

    def prepare(self, source: str, options: ConvertOptions, at: float) -> None:
        """Looks at a moment of a film, so that its picture comes sooner."""
        self._moment(_job(source, f"{source}.mkv", options), at)

    def frame(
        self, source: str, target: str, options: ConvertOptions, at: float, plain: bool
    ) -> tuple[bytes, float]:
        """A moment of the result, or of the source plainly enlarged, as PNG, and its
        time.
        """
        job = _job(source, target, options)
        moment = self._moment(job, at)
        work = resolve(job, moment.info)
        settings = work.job.settings
        if plain or not settings.strength:
            settings = replace(settings, strength=0.0, skip=1, fuse=0.0)
            network: Upscaler = Bicubic()
        else:
            network = self._network(work, moment.info)
            if settings.moves:
                moment = self._from_segment(work, moment)
        made = enhanced(iter(moment.frames), network, settings, Report())
        with closing(made):
            for last in islice(made, len(moment.frames) - 1, None):
                return _png(last, moment.info), moment.seconds
        raise InputError(f"{printable(source)}: there is no frame")

    def _moment(self, job: Job, at: float) -> _Moment:
        key = _version(job.source), job.reading, at

        def found() -> _Moment:
            frame, info = frame_at(job.source, at, job.reading)
            return _Moment((frame,), info)

        return _kept(self._moments, key, found, most=_MOST_MOMENTS)

    def _from_segment(self, work: ResolvedJob, moment: _Moment) -> _Moment:
        """The same moment after all frames of its segment that come before it."""
        job, rate = work.job, float(moment.info.rate)
        began = job.span.start_seconds
        index = round((moment.seconds - began) * rate) if rate else 0
        first = max(index - index % job.settings.segment_frames, 0)
        start = began + max(first - 0.5, 0.0) / (rate or 1.0)
        key = _version(job.source), job.reading, start, index

        def found() -> _Moment:
            span = Span(start, None, index - first + 1)
            with opened(job.source, span, job.reading) as reader:
                frames = tuple(
                    replace(frame, index=number)
                    for number, frame in enumerate(reader, first)
                )
                return _Moment(frames or moment.frames, moment.info)

        return _kept(self._moments, key, found, most=_MOST_MOMENTS)

    def _network(self, work: ResolvedJob, info: VideoInfo) -> Upscaler:
        job = work.job
        key: list[Hashable] = [job.choice, work.recorded.get("precision")]
        if needs_import(job.choice.model):  # made with a look at the source
            key += [_version(job.source), job.reading]

        def loaded() -> Upscaler:
            return with_budget(replace(job, notices=()), info)[1].upscaler

        return self._kept_network(tuple(key), loaded)

    def _kept_network(self, key: Hashable, loaded: Callable[[], Upscaler]) -> Upscaler:
        return _kept(self._networks, key, loaded, most=_MOST_MODELS)


def _job(source: str, target: str, options: ConvertOptions) -> Job:
    job = job_of(Path(source), Path(target), options=options)
    return replace(job, budget=None)


def _kept(
    known: OrderedDict[Hashable, T], key: Hashable, make: Callable[[], T], *, most: int
) -> T:
    """What is known by a key, or is made now; of many the latest are kept."""
    value = known.pop(key, None)
    if value is None:
        value = make()
    known[key] = value
    while len(known) > most:
        known.popitem(last=False)
    return value


def _version(path: Path) -> tuple[Path, int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(
            f"{printable(path)} cannot be read: {error.strerror}"
        ) from None
    return path, status.st_size, status.st_mtime_ns


def _png(frame: Frame, info: VideoInfo) -> bytes:
    pixels = Displayer(info.rotation_degrees, info.mirrored)(frame)[..., ::-1]
    file = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.save(file, "PNG", compress_level=_PNG_LEVEL)
    return file.getvalue()
