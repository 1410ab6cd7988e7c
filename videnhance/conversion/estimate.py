"""Guesses from samples how long a conversion takes and how large its output is."""

from collections.abc import Sequence
from dataclasses import dataclass

from videnhance.media.output.trial_encode import Run

__all__ = ["Estimate", "bytes_words", "estimated", "seconds_words"]

_SPREAD = 1.6
"""The output of most clips lies between the estimate over this, and times this."""
_SPREAD_OF_ONE = 2.5
"""The same, if only one place of a clip was looked at."""
_ENOUGH = 3
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


@dataclass(frozen=True, slots=True)
class Estimate:
    """Time and size of a whole conversion; None where the length is not known."""

    frames: int | None
    frames_per_second: float
    seconds: float | None
    bytes: int | None
    least_bytes: int | None
    """Half the most likely size, or less: it is hardly ever smaller."""
    most_bytes: int | None


def estimated(
    samples: Sequence[Run],
    frames: int | None,
    *,
    segment_frames: int,
    other_bytes: float,
    relative_rate: float = 1.0,
) -> Estimate:
    """What the samples tell of all `frames`, a key frame at each segment's start.

    `other_bytes` is what the streams beside the video take, `relative_rate` how much
    more the source spends on its pictures in all than where the samples are from.
    Without a sample of a frame ValueError is raised.
    """
    timed = sum(sample.frames for sample in samples)
    spent = sum(sample.seconds for sample in samples)
    rate = timed / spent if spent > 0 else 0.0
    keys = [size for sample in samples for size in sample.key_bytes]
    others = [size for sample in samples for size in sample.other_bytes]
    if not keys and not others:
        raise ValueError("no frame was encoded: there is nothing to go by")
    if frames is None:
        return Estimate(None, rate, None, None, None, None)
    a_key = _mean(keys) or _mean(others)
    # An encoder that made key frames alone will do so to the end.
    starts = -(-frames // segment_frames) if others else frames
    starts = min(starts, frames)
    video = a_key * starts + _mean(others) * (frames - starts)
    video *= relative_rate
    spread = _SPREAD if len(samples) >= _ENOUGH else _SPREAD_OF_ONE
    return Estimate(
        frames=frames,
        frames_per_second=rate,
        seconds=frames / rate if rate else None,
        bytes=round(video + other_bytes),
        least_bytes=round(video / spread + other_bytes),
        most_bytes=round(video * spread + other_bytes),
    )


def _mean(sizes: Sequence[int]) -> float:
    return sum(sizes) / len(sizes) if sizes else 0.0


def bytes_words(count: float) -> str:
    """A number of bytes for people, with two digits: `3.1 GB`."""
    unit = 0
    while count >= 999.5 and unit < len(_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.{1 if unit and count < 99.5 else 0}f} {_UNITS[unit]}"


def seconds_words(seconds: float) -> str:
    """A time for people: `5 s`, `3 min 20 s` or `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{max(whole, 1)} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
