"""What is asked of a batch: from where, to where, under which names, what of it, and
how long it takes.
"""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from videnhance.batch.inputs import Choosing, Input, Kind, Sequences
from videnhance.conversion.estimate import bytes_words, seconds_words
from videnhance.conversion.fingerprint import job_key
from videnhance.conversion.job import Job, budget_of, default_workers, job_of
from videnhance.conversion.preflight import preflight
from videnhance.errors import UsageError, VidenhanceError, counted, printable
from videnhance.media.containers import CONTAINERS
from videnhance.media.output.provenance import digest_of
from videnhance.media.picture_formats import PICTURES, STILLS, animation_suffix
from videnhance.media.stills.picture_tags import tags_of_file
from videnhance.models.card import find_card
from videnhance.models.imported import with_card
from videnhance.options import FolderOptions
from videnhance.system.memory import available_memory_mb
from videnhance.system.threads import available_cores

__all__ = [
    "BatchOptions",
    "Naming",
    "batch_options_of",
    "default_jobs",
    "foretold",
    "options_digest",
]

_OF_VIDEOS: dict[str, Any] = dict.fromkeys(("codec", "crf", "preset", "pix_fmt"))
_JOB_MB = 1500.0
"""What one conversion takes: 600 of 360p, 1,400 of 1080p."""
_LOOKED_AT = 3
"""Videos: some frames of each are made, which takes seconds."""
_LONGEST_NAME = 255
"""Bytes, in nearly all file systems."""
_NUMBER_BYTES = 8
"""Kept free for the number of a name that is shared."""
_MANY = re.compile(r"%(?=\d*d)|\*")
"""What would make the name of a picture stand for many."""


@dataclass(frozen=True, slots=True)
class Naming:
    """How outputs are called."""

    pattern: str = "{stem}"
    """The name without its suffix; {stem} is the input's."""
    video_suffix: str | None = None
    """None: the input's, if such a container can be written, else .mkv."""
    picture_suffix: str | None = None
    """None: the input's. Animations keep theirs where the format holds none."""

    def __post_init__(self) -> None:
        rest = self.pattern.replace("{stem}", "", 1)
        if rest == self.pattern or set("{}/\\\0") & set(rest):
            raise UsageError(
                f"--name {printable(self.pattern)} is not possible: write {{stem}} "
                "once, and no slashes or braces, for example {stem}-x2"
            )
        _check("--to", self.video_suffix, known=CONTAINERS)
        _check("--pictures-to", self.picture_suffix, known=PICTURES)

    def name_for(self, one: Input) -> tuple[str, str]:
        """Stem and suffix of the output; they fit into a file system together."""
        stem, suffix = os.path.splitext(one.relative.rpartition("/")[2])
        stem = self.pattern.replace("{stem}", stem)
        suffix = self._suffix(one, suffix)
        if one.kind is Kind.SEQUENCE:
            return stem, suffix  # shortened, it would lose its number
        if suffix.lower() in STILLS:
            stem = _MANY.sub("_", stem)
        return _cut(stem, _LONGEST_NAME - len(os.fsencode(suffix))), suffix

    def _suffix(self, one: Input, suffix: str) -> str:
        if one.kind is Kind.VIDEO:
            known = suffix.lower() in CONTAINERS
            return self.video_suffix or (suffix if known else ".mkv")
        wanted = (self.picture_suffix or suffix).lower()
        moving = animation_suffix(wanted)
        if wanted in (moving, suffix.lower()) or not _moves(one):
            return self.picture_suffix or suffix
        # What moves does not fit into a single picture.
        return moving or suffix


def _moves(one: Input) -> bool:
    if one.kind is Kind.SEQUENCE:
        return False
    tags = tags_of_file(one.path)
    return tags is not None and tags.pictures > 1


def _check(option: str, suffix: str | None, *, known: Mapping[str, object]) -> None:
    if suffix is not None and suffix.lower() not in known:
        raise UsageError(
            f"{option} {printable(suffix)} cannot be written; choose one of "
            f"{', '.join(sorted(known))}"
        )


def _cut(stem: str, most: int) -> str:
    """The stem in at most so many bytes; one that is cut ends in a part of its hash."""
    data = os.fsencode(stem)
    if len(data) <= most - _NUMBER_BYTES:
        return stem
    mark = f"~{sha256(data).hexdigest()[:8]}"
    kept = data[: most - _NUMBER_BYTES - len(mark)]
    return kept.decode(sys.getfilesystemencoding(), "ignore") + mark


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What is to be done."""

    source: Path
    target: Path
    job_for: Callable[[Path, Path, Kind], Job]
    """The conversion of one input to its output."""
    options: FolderOptions = field(default_factory=FolderOptions)
    """What the user chose."""
    jobs: int = 1
    """Files at a time."""
    until: float | None = None
    """When all is to be done, in seconds since 1970."""

    def __post_init__(self) -> None:
        source, target = self.source.resolve(), self.target.resolve()
        if source == target or target in source.parents:
            raise UsageError(
                f"{printable(self.target)} is or holds the folder of the inputs: name "
                "another folder for the outputs"
            )
        if self.target.exists() and not self.target.is_dir():
            raise UsageError(
                f"{printable(self.target)} is a file: name a folder for the outputs"
            )
        _ = self.naming  # refuses what is no name

    @property
    def choosing(self) -> Choosing:
        """What of the folder is wanted."""
        options = self.options
        return Choosing(
            include=options.include,
            exclude=options.exclude,
            follow_links=options.follow_links,
            sequences=Sequences(options.sequences),
        )

    @property
    def naming(self) -> Naming:
        """How outputs are called. Raises UsageError for what is no name."""
        options = self.options
        return Naming(options.name, _suffix(options.to), _suffix(options.pictures_to))


def batch_options_of(
    source: Path, target: Path, *, options: FolderOptions
) -> BatchOptions:
    """What is asked for: what a user leaves open is decided here. Raises UsageError."""
    jobs = options.jobs or default_jobs(options.max_memory)
    budget, until = budget_of(options), None
    if budget is not None and budget.is_deadline:
        until = budget.until or time.time() + (budget.seconds or 0.0)
    return BatchOptions(
        source=source,
        target=target,
        job_for=partial(_job, _share(options, jobs)),
        options=options,
        jobs=jobs,
        until=until,
    )


def default_jobs(memory_mb: float | None = None) -> int:
    """How many files at a time: as the cores, and the memory that is free, allow."""
    memory = available_memory_mb() if memory_mb is None else memory_mb
    room = available_cores() if memory is None else int(memory / _JOB_MB)
    return max(min(available_cores(), room), 1)


def _suffix(word: str | None) -> str | None:
    return word if word is None or word.startswith(".") else f".{word}"


def _share(options: FolderOptions, jobs: int) -> FolderOptions:
    """Of what the machine may give, the part of one of the files that share it."""
    cpu, memory, workers = options.max_cpu, options.max_memory, options.workers
    return replace(
        options,
        workers=max(default_workers() // jobs, 1) if workers is None else workers,
        max_cpu=None if cpu is None else max(cpu / jobs, 1.0),
        max_memory=None if memory is None else max(memory // jobs, 1),
    )


def _job(options: FolderOptions, source: Path, target: Path, kind: Kind) -> Job:
    """The conversion of one input: options that are not for its kind are left out."""
    suffix = target.suffix.lower()
    changed: dict[str, Any] = {}
    if kind is not Kind.SEQUENCE:
        changed["rate"] = None
    if suffix not in CONTAINERS:
        form = PICTURES.get(suffix)
        lossless = form is not None and form.quality is None
        quality = None if lossless else options.picture_quality
        words = {} if quality is None else {"quality": str(quality)}
        changed |= {**_OF_VIDEOS, "encoder_options": words}
    if kind is Kind.PICTURE:
        changed |= {"target_fps": None, "realtime": False, "deadline": None}
    return job_of(source, target, options=replace(options, **changed))


def foretold(inputs: list[Input], order: BatchOptions) -> Iterator[str]:
    """Time and size of all videos among the inputs, in words: as of some of them.

    Pictures are not counted: they are made in a moment, in comparison. Makes some
    frames of the largest, the middle and the smallest one, and writes nothing.
    """
    videos = [one for one in inputs if one.kind is Kind.VIDEO]
    videos.sort(key=lambda one: one.bytes)
    last = len(videos) - 1
    some = {last, last // 2, 0} if videos else set()
    looked = size = 0
    seconds = 0.0
    for one in (videos[n] for n in sorted(some, reverse=True)):
        try:
            guess = preflight(_trial(order, one)).estimate
        except VidenhanceError as error:
            yield f"{printable(one.relative)} would fail: {error}"
            continue
        if guess.seconds is not None and guess.bytes is not None:
            looked += one.bytes
            seconds, size = seconds + guess.seconds, size + guess.bytes
    if looked:
        rest = "; pictures are not counted" if len(videos) < len(inputs) else ""
        share = sum(one.bytes for one in videos) / looked
        yield (
            f"{counted(len(videos), 'video')}: about "
            f"{seconds_words(seconds * share / min(order.jobs, len(videos)))}, "
            f"{bytes_words(round(size * share))}{rest}"
        )
    if order.until is not None:
        left = max(order.until - time.time(), 0.0)
        yield (
            f"{seconds_words(left)} are left for all: where that is less, the network "
            "sees less"
        )


def _trial(order: BatchOptions, one: Input) -> Job:
    """The conversion, into the nearest folder that is there."""
    place = order.target
    while not place.is_dir():
        place = place.parent
    suffix = order.naming.name_for(one)[1]
    target = place / f"{Path(one.relative).stem}-enlarged{suffix}"
    job = order.job_for(one.path, target, one.kind)
    whole = order.until is not None  # a time is for all, and not for each
    options = replace(job.options, overwrite=True)
    return replace(job, options=options, budget=None if whole else job.budget)


def options_digest(job: Job) -> str:
    """What a user chose; equal for jobs whose outputs differ by their inputs alone.

    Versions of libraries are not in it: an update is no reason to make thousands of
    outputs anew. Raises ModelError if there is no such model.
    """
    wishes = job_key(job, encoding_without=("stamp",))
    if job.settings.strength:
        card = find_card(with_card(job.choice).model)
        wishes["model"] = sorted(sha256 for _, sha256 in card.files.values())
        wishes["precision"] = job.choice.precision
    return digest_of(json.dumps(wishes, sort_keys=True))
