"""What a conversion will do, found out before it is done: nothing is written.

What cannot work fails here, in a second and not after hours.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from videnhance.conversion.estimate import (
    Estimate,
    bytes_words,
    estimated,
    seconds_words,
)
from videnhance.conversion.job import Job
from videnhance.conversion.prepare import prepared
from videnhance.errors import (
    OutputError,
    UsageError,
    VidenhanceError,
    counted,
    printable,
)
from videnhance.frame import Frame
from videnhance.media.layout import delivered_layout
from videnhance.media.open_any import PIPE, SinkKind, sink_kind
from videnhance.media.output.header import OutputPlan
from videnhance.media.output.output_file import check_target
from videnhance.media.output.trial_encode import (
    Place,
    Run,
    check_first_frame,
    other_bytes_a_second,
    relative_rate,
    trial_run,
)
from videnhance.media.source import Span
from videnhance.pipeline.enhance import Settings, enhanced
from videnhance.pipeline.report import Report
from videnhance.pipeline.upscaler import Bicubic
from videnhance.system.disk import free_bytes

__all__ = [
    "REHEARSED_FRAMES",
    "Opened",
    "Preflight",
    "checked_beforehand",
    "preflight",
    "rehearsed",
]

Opened = Callable[[Span], AbstractContextManager[Iterable[Frame]]]
"""Opens the source at a part of it."""

_PLACES = 5
_PLACE_SECONDS = 0.6
"""Video between two places that are looked at, at the least."""
_RUN_FRAMES = 12
"""That are timed at a place."""
REHEARSED_FRAMES = _PLACES * _RUN_FRAMES
"""Of all places."""
_RUN_SECONDS = 1.0
_KEY_DISTANCE = 250
"""Frames from one key frame to the next, at the most, by all usual encoders."""
_ROUNDING = 1.05


@dataclass(frozen=True, slots=True)
class Preflight:
    """What is known of a conversion before its first frame."""

    plan: OutputPlan
    estimate: Estimate
    free_bytes: int | None
    """Of the target's disk; None if the system does not say."""
    notices: tuple[str, ...] = ()
    """What may go wrong, or could be better."""
    budget: Mapping[str, str] = field(default_factory=dict)
    """Of a time budget: what is `asked`, and what would be `chosen` at the start."""

    def lines(self) -> list[str]:
        """All of it for people, a line each."""
        plan, guess = self.plan, self.estimate
        stored = plan.stored.pix_fmt
        lines = [
            f"output       {printable(plan.target)}",
            f"video        {plan.size}, {plan.encoding.codec}, {stored}",
        ]
        lines += [f"stream       {stream}" for stream in plan.streams]
        lines += [f"kept         {words}" for words in _kept(plan)]
        streams = {str(stream) for stream in plan.streams}
        lost = [words for words in plan.notices if words not in streams]
        lines += [f"changed      {words}" for words in lost]
        if self.budget:
            lines.append("budget       {asked}: {chosen}".format(**self.budget))
        lines += [f"time         {_time(guess)}", f"size         {_size(guess)}"]
        if self.free_bytes is not None:
            lines.append(f"disk         {bytes_words(self.free_bytes)} free")
        return lines + [f"note         {words}" for words in self.notices]

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        plan = self.plan
        return {
            "target": str(plan.target),
            "container": plan.container,
            "width": plan.size.width,
            "height": plan.size.height,
            "codec": plan.encoding.codec,
            "pixel_format": plan.stored.pix_fmt,
            "streams": [{**s.as_json(), "stream": s.index} for s in plan.streams],
            "kept": _kept(plan),
            "changed": list(plan.notices),
            "estimate": asdict(self.estimate),
            "free_bytes": self.free_bytes,
            "notices": list(self.notices),
            "budget": dict(self.budget),
        }


def preflight(job: Job) -> Preflight:
    """What the conversion will do, and how long it will take; writes nothing.

    Raises what the conversion would raise at its start, UsageError for an output that
    is no video file, and OutputError if it does not fit on the disk.
    """
    if sink_kind(job.target) is not SinkKind.VIDEO or job.source == PIPE:
        raise UsageError(
            f"{printable(job.target)}: only the making of a video file out of a file "
            "can be looked at beforehand"
        )
    check_target(job.target, job.source, overwrite=job.options.overwrite)
    ready = prepared(job)
    found = rehearsed(ready.plan, ready.source, ready.enhanced, ready.work.job.settings)
    return replace(found, notices=(*ready.notices, *found.notices), budget=ready.budget)


def checked_beforehand(
    plan: OutputPlan, first: Frame, *, settings: Settings, done: int = 0
) -> tuple[str, ...]:
    """Encodes the first frame, enlarged without the network; gives what to be told.

    Raises OutputError or UsageError if it cannot be encoded or read again, or if the
    disk is surely too small. Costs the encoding of one frame. `done` frames lie on the
    disk already.
    """
    plain = replace(settings, strength=0.0, skip=1, fuse=0.0, workers=0)
    line = enhanced(iter([first]), Bicubic(), plain, Report())
    key = check_first_frame(plan, next(line))
    line.close()
    if plan.info.frames is None:
        return ()
    frames = max(plan.info.frames - done, 0)
    least = key * -(-frames // _KEY_DISTANCE)
    likely = least + key * frames // 8
    return _room_notices(plan, least, likely=likely)


def rehearsed(
    plan: OutputPlan,
    opened: Opened,
    enhance: Callable[[Iterator[Frame]], Generator[Frame]],
    settings: Settings,
) -> Preflight:
    """Does some frames of the work at some places of the source, and writes nothing.

    `enhance` is the whole pipeline. Raises what the work itself would raise at once,
    and OutputError if the output does not fit on the disk.
    """
    samples: list[Run] = []
    places: list[Place] = []
    # Some are on their way with each worker, and one is read.
    filling = settings.workers + 1
    for number, start in enumerate(_places(plan)):
        part = Span(start, None, filling + _RUN_FRAMES + filling)
        try:
            with opened(part) as frames:
                run = trial_run(
                    plan,
                    enhance(iter(frames)),
                    most=filling + _RUN_FRAMES,
                    filling=filling,
                    seconds=_RUN_SECONDS,
                )
        except VidenhanceError:
            if not number:
                raise
            continue  # a header that promises more than there is
        if run.frames:
            samples.append(run)
            places.append((start, float(run.frames / plan.info.rate)))
    if not samples:
        raise OutputError(f"{printable(plan.target)}: there is no frame to write")
    seconds = plan.info.duration_seconds or 0.0
    others = other_bytes_a_second(plan) * seconds
    guess = estimated(
        samples,
        plan.info.frames,
        segment_frames=settings.segment_frames,
        other_bytes=others,
        relative_rate=relative_rate(plan, places),
    )
    notices: list[str] = []
    if guess.bytes is not None and guess.most_bytes is not None:
        notices += _room_notices(plan, guess.bytes // 2, likely=guess.most_bytes)
    return Preflight(
        plan, guess, free_bytes(plan.target.absolute().parent), tuple(notices)
    )


def _places(plan: OutputPlan) -> list[float]:
    """Where to look, in seconds of the source from its first frame."""
    start = plan.source.span.start_seconds if plan.source else 0.0
    length = plan.info.duration_seconds or 0.0
    count = max(min(_PLACES, int(length / _PLACE_SECONDS)), 1)
    if count == 1:
        return [start]
    # In the middle of equal parts: many videos begin and end with a still picture.
    return [start + length * (number + 0.5) / count for number in range(count)]


def _room_notices(plan: OutputPlan, least: int, *, likely: int) -> tuple[str, ...]:
    """Raises OutputError if not even `least` bytes are free."""
    free = free_bytes(plan.target.absolute().parent)
    if free is None or likely * _ROUNDING <= free:
        return ()
    needs = f"{printable(plan.target)} needs about"
    left = f"{bytes_words(free)} are free"
    if least > free:
        raise OutputError(
            f"{needs} {bytes_words(2 * least)}, and {left}: make room or choose "
            "another folder"
        )
    return (f"{needs} {bytes_words(likely)} at most, and {left}: it may not fit",)


def _kept(plan: OutputPlan) -> list[str]:
    """What the output has of the source's picture, in words."""
    info, words = plan.info, []
    stored = delivered_layout(plan.stored.pix_fmt)
    if stored.name in (info.layout.name, info.layout.opaque.name):
        words.append(f"{stored.depth} bits, {stored.name}")
    elif stored.depth >= info.layout.depth:
        words.append(f"{info.layout.depth} bits")
    if info.light is not None:
        words.append("HDR's mastering data")
    if info.rotation_degrees:
        words.append(f"the turn by {counted(info.rotation_degrees, 'degree')}")
    if info.sample_aspect_ratio not in (None, 1):
        words.append(f"pixels of the shape {info.sample_aspect_ratio}")
    if info.layout.alpha and stored.alpha:
        words.append("opacity")
    return words


def _time(guess: Estimate) -> str:
    pace = f"{guess.frames_per_second:.3g} frames a second"
    if guess.seconds is None:
        return f"{pace}; how many there are is not known"
    frames = counted(guess.frames or 0, "frame")
    return f"about {seconds_words(guess.seconds)} for {frames}, at {pace}"


def _size(guess: Estimate) -> str:
    if guess.bytes is None or guess.least_bytes is None or guess.most_bytes is None:
        return "not known: the number of frames is not"
    low, high = bytes_words(guess.least_bytes), bytes_words(guess.most_bytes)
    return f"about {bytes_words(guess.bytes)} ({low} to {high})"
