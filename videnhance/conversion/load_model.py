"""Loads the model of a resolved job; brings torch, which takes a second."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

from videnhance.conversion.fingerprint import (
    arithmetic_of,
    job_key,
    library_key,
    source_key,
)
from videnhance.conversion.resolve import LoadedModel, ResolvedJob
from videnhance.conversion.workdir import Key
from videnhance.errors import InputError, UsageError
from videnhance.frame import Pixels, VideoInfo
from videnhance.media.open_any import PIPE, is_video_file
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Reading, Span
from videnhance.models.card import Card, find_card
from videnhance.models.choice import Choice, check_trust, needs_import
from videnhance.models.imported import (
    calibration_chart,
    channels_of,
    sources_of,
    with_card,
)
from videnhance.models.runtime import load, measured
from videnhance.pipeline.colour import model_input
from videnhance.pipeline.upscaler import Bicubic

__all__ = ["loaded_model", "sample_frames"]

_PLACES = 8


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
    if job.options.cluster is not None:
        # What this machine has says nothing of the workers: who wants CUDA asks for it.
        choice = replace(choice, device="cuda" if choice.device == "cuda" else "cpu")
        if choice.device == "cuda":
            return _distant(card, choice, key=key)
    network = load(choice)
    if job.budget is not None:  # what is affordable depends on it
        network = measured(network)
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
    if not job.options.isolate and job.source != PIPE:
        channels = channels_of(model)
        seen = sample_frames(
            job.source, work.info, channels=channels, reading=job.reading
        )
    choice = with_card(job.choice, seen)
    if job.options.cluster is not None:
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
        **job_key(job, encoding_without=("audio", "stamp")),
        "model": job.choice.model,
    }


def sample_frames(
    source: Path, info: VideoInfo, *, channels: int, reading: Reading | None = None
) -> list[Pixels]:
    """One picture at each of eight places, H x W x C, as luma or RGB.

    Of what is no video file, or cannot be looked into, a test chart.
    """
    if not is_video_file(source):
        return calibration_chart(channels)
    seconds = info.duration_seconds or 0.0
    found: list[Pixels] = []
    for number in range(_PLACES if seconds else 1):
        try:
            with VideoReader(
                source, Span(seconds * number / _PLACES), reading
            ) as reader:
                found += [model_input(channels, frame) for frame in islice(reader, 1)]
        except (InputError, UsageError):
            # A damaged place, or one behind the last frame; the conversion tells of it.
            continue
    return found or calibration_chart(channels)
