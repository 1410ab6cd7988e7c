"""Encodes a few frames in memory as the output will be: what they take, if they can."""

import io
import math
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import fmean

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from videnhance.errors import OutputError, VidenhanceError, printable
from videnhance.frame import Frame
from videnhance.media.output.header import MemoryOutput, OutputPlan
from videnhance.media.output.output_file import writing
from videnhance.media.source import DECODE_ERRORS, AnyPacket, open_source
from videnhance.media.stream_choice import chosen_video, context_of
from videnhance.media.streams.actions import StreamAction

__all__ = [
    "Place",
    "Run",
    "check_first_frame",
    "other_bytes_a_second",
    "relative_rate",
    "trial_run",
]

_LOOK_SECONDS = 10
"""How much of a source tells how large its other streams are."""
_LOOK_PACKETS = 5000
_LEAST, _MOST = 0.5, 2.0
"""A few pictures tell no more than this of a film."""

Place = tuple[float, float]
"""A part of a source: start and length in seconds, from its first frame."""


@dataclass(frozen=True, slots=True)
class Run:
    """What became of some frames in a row."""

    frames: int
    seconds: float
    """What so many frames take by the clock where all stages are at work, encoded."""
    key_bytes: tuple[int, ...]
    """Sizes of the packets that a decoder can start at."""
    other_bytes: tuple[int, ...]
    """Sizes of the packets between."""


def trial_run(
    plan: OutputPlan,
    frames: Generator[Frame],
    *,
    most: int,
    filling: int = 0,
    seconds: float = math.inf,
) -> Run:
    """Encodes frames until they end, or so many are done, or their time is over.

    The first `filling` frames wait for all stages and are not timed; as many should
    follow the `most`, so that no stage runs dry meanwhile. Raises OutputError or
    UsageError if they cannot be encoded.
    """
    count = timed = 0
    packets: list[AnyPacket] = []
    since = time.perf_counter()
    with writing(plan.target), MemoryOutput(replace(plan, source=None)) as trial:
        for frame in frames:
            packets += trial.coder.packets(frame)
            count += 1
            if count == filling:
                since, timed = time.perf_counter(), count
            over = time.perf_counter() - since > seconds
            if count >= most or (over and count > filling + 1):
                break
        passed = time.perf_counter() - since
        # What is on its way would take the encoder's time.
        frames.close()
        since = time.perf_counter()
        packets += trial.coder.flush()
        # The encoder holds back more frames than these, and codes them all at the end.
        coding = time.perf_counter() - since
    if count > timed:
        passed *= count / (count - timed)
    keys = tuple(p.size for p in packets if p.is_keyframe)
    others = tuple(p.size for p in packets if not p.is_keyframe)
    return Run(count, passed + coding, keys, others)


def check_first_frame(plan: OutputPlan, frame: Frame) -> int:
    """Encodes a frame, and decodes it again from a file in memory; gives its bytes.

    Raises OutputError or UsageError if one of both is not possible.
    """
    with writing(plan.target), MemoryOutput(replace(plan, source=None)) as trial:
        packets = [*trial.coder.packets(frame), *trial.coder.flush()]
        size = sum(packet.size for packet in packets)
        if len(packets) == 1:  # libx265 gives it a time of decoding far before 0
            packets[0].dts = packets[0].pts
        if not _is_shown(trial.finished(packets)):
            codec, form = plan.encoding.codec, plan.stored.pix_fmt
            raise OutputError(
                f"{printable(plan.target)}: {codec} video in {form} cannot be read "
                f"again from {plan.container}: choose another codec, or .mkv",
                cause_stays=True,
            )
    return size


def _is_shown(file: io.BytesIO) -> bool:
    """Whether a frame can be decoded, if there is a decoder at all."""
    file.seek(0)
    try:
        with av.open(file, "r") as made:
            video = made.streams.video[0]
            if context_of(video) is None:
                return True
            return next(made.decode(video), None) is not None
    except (*DECODE_ERRORS, IndexError):
        return False


def other_bytes_a_second(plan: OutputPlan) -> float:
    """What the streams beside the video take, by the first seconds of the source."""
    kept = {p.index for p in plan.streams if p.action is not StreamAction.LOST}
    if plan.source is None or not kept:
        return 0.0
    with suppress(VidenhanceError, *DECODE_ERRORS), open_source(plan.source.path) as o:
        return _bytes_a_second(o, kept)
    return 0.0


def relative_rate(plan: OutputPlan, places: Sequence[Place]) -> float:
    """The bytes of the source's video a second, over those at some places.

    What is hard for one encoder is hard for another, so samples tell more of a size
    with it. 1 where it is not known.
    """
    source, info = plan.source, plan.info
    if source is None or not info.duration_seconds:
        return 1.0
    with suppress(VidenhanceError, *DECODE_ERRORS), open_source(source.path) as opened:
        video = chosen_video(opened, source.path, track=source.video_track)
        others = {s.index for s in opened.streams} - {video.index}
        seconds = float(Fraction(opened.duration or 0, 1_000_000))
        spent = opened.size - _bytes_a_second(opened, others) * seconds
        start = float(info.start_seconds)
        rates = [_rate_at(opened, video, (start + at, long)) for at, long in places]
        known = [rate for rate in rates if rate]
        if seconds and spent > 0 and known:
            return min(max(spent / seconds / fmean(known), _LEAST), _MOST)
    return 1.0


def _bytes_a_second(container: InputContainer, streams: set[int]) -> float:
    """What these streams take, by the first seconds from where the container is."""
    found, first, last = 0, None, Fraction(0)
    for number, packet in enumerate(container.demux()):
        here = (packet.dts or 0) * Fraction(packet.time_base or 1)
        first = here if first is None else first
        last = max(last, here)
        found += packet.size * (packet.stream_index in streams)
        if last - first > _LOOK_SECONDS or number > _LOOK_PACKETS:
            break
    passed = last - first if first is not None else 0
    return found / float(max(passed, Fraction(1, 10)))


def _rate_at(container: InputContainer, video: VideoStream, place: Place) -> float:
    """Bytes a second at a place, of pictures that are no key frames if there are."""
    start, seconds = place
    container.seek(max(round(start * 1_000_000), 0))
    keys: list[int] = []
    others: list[int] = []
    for number, packet in enumerate(container.demux(video)):
        base = float(packet.time_base or 1)
        if (packet.dts or 0) * base >= start + seconds or number > _LOOK_PACKETS:
            break
        if packet.pts is not None and 0 <= packet.pts * base - start < seconds:
            (keys if packet.is_keyframe else others).append(packet.size)
    sizes = others or keys
    return fmean(sizes) * len(keys + others) / seconds if sizes else 0.0
