"""How long a batch will take and how large it will be, before it is begun."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from videnhance.batch.batch_options import BatchOptions
from videnhance.batch.inputs import Input, Kind
from videnhance.conversion.estimate import bytes_words, seconds_words
from videnhance.conversion.job import Job
from videnhance.conversion.preflight import preflight
from videnhance.errors import VidenhanceError, counted, printable

__all__ = ["foretold"]

_LOOKED_AT = 3
"""Videos: some frames of each are made, which takes seconds."""


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
            guess = preflight(_job(order, one)).estimate
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


def _job(order: BatchOptions, one: Input) -> Job:
    """The conversion, into the nearest folder that is there."""
    place = order.target
    while not place.is_dir():
        place = place.parent
    suffix = order.naming.name_for(one)[1]
    target = place / f"{Path(one.relative).stem}-enlarged{suffix}"
    return replace(order.job_for(one.path, target, one.kind), overwrite=True)
