"""Resolves a job against its opened source: size, threads, model."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from videnhance.conversion.fingerprint import (
    arithmetic_of,
    library_key,
    option_key,
    source_key,
)
from videnhance.conversion.job import Job
from videnhance.conversion.sample_frames import sample_frames
from videnhance.conversion.segments import segment_length
from videnhance.conversion.workdir import Key, recorded
from videnhance.errors import UsageError
from videnhance.frame import VideoInfo
from videnhance.geometry import Region, Size
from videnhance.media.containers import container_for
from videnhance.media.encoder.formats import even_size
from videnhance.media.encoder.rescale import Rescaler
from videnhance.media.encoder.storage import playable, storage
from videnhance.media.layout import has_alpha
from videnhance.media.open_any import PIPE, SinkKind, sink_kind
from videnhance.media.output.picture_check import keeps_aspect
from videnhance.media.sandbox.serialize import to_plain
from videnhance.models.card import Card, find_card
from videnhance.models.imported import (
    channels_of,
    needs_import,
    sources_of,
    with_card,
)
from videnhance.models.runtime import Choice, check_trust, load
from videnhance.pipeline.alpha import laid_on_black
from videnhance.pipeline.enhance import Bicubic, Upscaler
from videnhance.pipeline.output_size import Target, planned_size, squared
from videnhance.system.limits import LIMIT_PIXELS, Demand, check_pixels, queue_bytes_for
from videnhance.system.threads import available_cores

__all__ = [
    "NOT_IN_THE_PICTURE",
    "LoadedModel",
    "ResolvedJob",
    "loaded_model",
    "resolve",
]

NOT_IN_THE_PICTURE = (
    *("workers", "patch_area", "queue_bytes", "begin", "finish", "pacer"),
)
"""Settings that change no pixel, or, the pacer, that no two runs have alike."""
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
    fresh = job.discard or job.target == PIPE
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
    settings, most = job.settings, job.resources.max_memory_mb
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


def loaded_model(work: ResolvedJob) -> LoadedModel:
    """Loads the model; where unfinished work was begun with one, it is the same.

    Raises what `load` raises.
    """
    job, key = work.job, _key(work)
    if not job.settings.strength:
        return LoadedModel(Bicubic(), "none: strength is 0", key)
    choice, before = _choice(work), work.recorded.get("precision")
    card = find_card(choice.model)
    if choice.precision == "auto" and before in card.files:
        # Whichever measures faster today: the rest must look as what is done.
        choice = replace(choice, precision=str(before))
    if job.resources.cluster is not None:
        # What this machine has says nothing of the workers: who wants CUDA asks for it.
        choice = replace(choice, device="cuda" if choice.device == "cuda" else "cpu")
        if choice.device == "cuda":
            return _distant(card, choice, key=key)
    network = load(choice)
    model = _model_key(card, network.precision, cuda=network.engine == "cuda")
    if network.engine != "cuda":
        # A copy is for the shape of a patch, and the probe's may be none.
        name = arithmetic_of(replace(network, copies=None))
        model = {**model, "arithmetic": name}
    name, digest = card.files[network.precision]
    files = {**sources_of(job.choice.model), name: digest}
    told = _told(card, job.settings.scale)
    key, words = {**key, **model}, str(network)
    return LoadedModel(network, words, key, model_files=files, notices=told)


def _told(card: Card, scale: int) -> tuple[str, ...]:
    """What to tell of a network that is not ours."""
    notes = [f"{card.name}: {note}" for note in card.notes]
    if card.resizes and scale != card.scale:
        how = f"enlarges {card.scale} times" if card.scale > 1 else "keeps the size"
        brought = "reduced" if card.scale > scale else "enlarged plainly"
        notes.append(
            f"{card.name} {how}: its picture is {brought} to {scale} times; --scale "
            f"{card.scale} keeps it"
        )
    return tuple(notes)


def _distant(card: Card, choice: Choice, *, key: Key) -> LoadedModel:
    """An engine that only other machines have. Raises what `load` raises."""
    check_trust(card, choice)
    if choice.precision == "int8" or "float32" not in card.files:
        raise UsageError("--device cuda runs float32 only; leave --precision out")
    words = f"{card.name} float32 on cuda"
    return LoadedModel(
        Bicubic(), words, {**key, **_model_key(card, "float32", cuda=True)}
    )


def _choice(work: ResolvedJob) -> Choice:
    """The job's; what has no card is made a model, with a look at the source."""
    job = work.job
    if not needs_import(job.choice.model):
        return job.choice
    seen, model = None, job.choice.model
    if not job.resources.isolate and job.source != PIPE:
        channels = channels_of(model)
        seen = sample_frames(
            job.source, work.info, channels=channels, reading=job.reading
        )
    choice = with_card(job.choice, seen)
    if job.resources.cluster is not None:
        raise UsageError(
            f"the workers of --cluster cannot make a model of {model}; put "
            f"the folder of {choice.model} where they see it, and give the card in it "
            "with --trust-model"
        )
    return choice


def _model_key(card: Card, precision: str, *, cuda: bool) -> Key:
    name, digest = card.files[precision]
    return {"precision": precision, "cuda": cuda, "model file": [name, digest]}


def _key(work: ResolvedJob) -> Key:
    job = work.job
    return {
        **source_key(job.source),
        **library_key(),
        **option_key(job.settings, NOT_IN_THE_PICTURE),
        **option_key(job.encoding, ("audio", "stamp")),
        **option_key(job.span),
        **option_key(job.reading, ("limit_pixels",)),
        "box": to_plain(job.box),
        "rate": to_plain(job.rate),
        "model": job.choice.model,
        # Which one does not matter: it may be changed to go on.
        **({} if job.budget is None else {"time budget": True}),
    }
