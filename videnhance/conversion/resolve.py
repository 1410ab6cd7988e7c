"""Resolves a job against its opened source: size, threads, model."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from videnhance.conversion.job import Job
from videnhance.conversion.segments import segment_length
from videnhance.conversion.workdir import Key, recorded
from videnhance.frame import VideoInfo
from videnhance.frame.geometry import Region, Size
from videnhance.media.containers import container_for
from videnhance.media.encoder.formats import even_size
from videnhance.media.encoder.rescale import Rescaler
from videnhance.media.encoder.storage import playable, storage
from videnhance.media.layout import has_alpha
from videnhance.media.open_any import PIPE, SinkKind, sink_kind
from videnhance.media.output.picture_check import keeps_aspect
from videnhance.pipeline.alpha import laid_on_black
from videnhance.pipeline.output_size import Target, planned_size, squared
from videnhance.pipeline.upscaler import Upscaler
from videnhance.system.limits import LIMIT_PIXELS, Demand, check_pixels, queue_bytes_for
from videnhance.system.threads import available_cores

__all__ = [
    "LoadedModel",
    "ResolvedJob",
    "resolve",
]

_OUTPUT_AREAS = 16
"""The largest output has so many times the pixels of the largest input: --scale 4."""


@dataclass(frozen=True, slots=True)
class ResolvedJob:
    """A job with all that its source, the machine or unfinished work decides."""

    job: Job
    """With settings and encoding as they will be used."""
    info: VideoInfo
    """The source, with the pixel shape that the output has."""
    size: Size
    """Of the output's frames."""
    recorded: Key
    """What the unfinished work of this output was made of; empty if there is none."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """What enlarges, and all that the result depends on."""

    upscaler: Upscaler
    """A stand-in, if only other machines run it."""
    words: str
    key: Key
    model_files: Mapping[str, str] = field(default_factory=dict)
    """For each file that the model is made of its sha256."""
    notices: tuple[str, ...] = ()
    """What is other than one would think."""


def resolve(job: Job, info: VideoInfo) -> ResolvedJob:
    """Decides what the source, the machine or unfinished work decides.

    Raises UsageError or InputError for what is too large.
    """
    fresh = job.options.discard or job.target == PIPE
    before = {} if fresh else recorded(job.target)
    threads = before.get("threads") or job.encoding.threads
    settings, encoding = job.settings, job.encoding
    # What libx264 makes depends on the number of its threads.
    encoding = replace(encoding, threads=threads or available_cores() * 3 // 2)
    length = settings.segment_frames or segment_length(info.size)
    settings = replace(settings, segment_frames=length)
    target, notices = _target(job, info, scale=settings.scale)
    finish = Rescaler(target) if target.resizes else None
    begin = None if _stores_alpha(job, info) else laid_on_black
    settings = replace(settings, scale=target.scale, begin=begin, finish=finish)
    info = replace(info, sample_aspect_ratio=target.sample_aspect_ratio)
    size = target.size
    limit = job.reading.limit_pixels or LIMIT_PIXELS
    check_pixels(job.target, size, limit=limit * _OUTPUT_AREAS)
    job = replace(
        job,
        settings=settings,
        encoding=encoding,
        notices=(*job.notices, *notices),
    )
    return ResolvedJob(_within_memory(job, info, size=size), info, size, before)


def _target(job: Job, info: VideoInfo, *, scale: int) -> tuple[Target, tuple[str, ...]]:
    """How frames come to the output's size, and what to tell of it."""
    turn, aspect = info.rotation_degrees, info.sample_aspect_ratio
    if job.box is not None:
        return planned_size(info.size, aspect, rotation_degrees=turn, box=job.box), ()
    enlarged = info.size.scaled(scale)
    whole = Region.of(enlarged), Region.of(enlarged)
    plain = Target(info.size, scale, *whole, enlarged, aspect)
    if sink_kind(job.target, info) is not SinkKind.VIDEO:
        return plain, ()
    container, codec = container_for(job.target), job.encoding.codec
    if aspect in (None, 1) or keeps_aspect(container, codec):
        return _in_whole_samples(plain, job, info=info, container=container)
    square = squared(info.size, aspect, scale)
    return square, (
        f"{container} cannot say that the pixels of {codec} are shaped {aspect}: they "
        f"become square, in {square.size}; .mp4, .mov or libx264 keep them",
    )


def _stores_alpha(job: Job, info: VideoInfo) -> bool:
    """Whether the opacity of the source, if it has any, has a place in the output.

    If not, frames lie on black from the first: it need not be enlarged.
    """
    kind = sink_kind(job.target, info)
    if not info.layout.alpha or kind is not SinkKind.VIDEO:
        return True
    container = container_for(job.target)
    encoding, _ = playable(job.encoding, info, container=container)
    return has_alpha(storage(info, encoding, [], container).pix_fmt)


def _in_whole_samples(
    target: Target, job: Job, *, info: VideoInfo, container: str
) -> tuple[Target, tuple[str, ...]]:
    """The same with even sides, if the encoder takes no others; and what to tell."""
    encoding, _ = playable(job.encoding, info, container=container)
    stored = storage(info, encoding, [], container)
    size = even_size(encoding.codec, stored.pix_fmt, size=target.size)
    if size == target.size:
        return target, ()
    return replace(target, size=size), (
        f"{encoding.codec} takes only even sizes in {stored.pix_fmt}: {target.size} "
        f"becomes {size}, its last pixels twice",
    )


def _within_memory(job: Job, info: VideoInfo, *, size: Size) -> Job:
    settings, most = job.settings, job.options.max_memory
    if most is None:
        return job
    demand = Demand(
        info.size,
        size,
        info.layout,
        network=settings.strength > 0,
        moves=settings.moves or (job.budget is not None and settings.strength > 0),
        workers=settings.workers,
        coder_threads=job.encoding.threads or 1,
    )
    queue_bytes = queue_bytes_for(demand, most)
    return replace(job, settings=replace(settings, queue_bytes=queue_bytes))
