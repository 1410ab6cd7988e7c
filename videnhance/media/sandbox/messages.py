"""What a decoding child and its parent say to each other, a line of JSON at a time."""

import json
from dataclasses import dataclass
from typing import TypeVar

from videnhance.frame import ColourTags, Frame, UserData, VideoInfo
from videnhance.media.sandbox.serialize import (
    WireError,
    from_plain,
    to_plain,
)
from videnhance.media.source import Mark, Reading, Span
from videnhance.media.times.timeline import Timeline

__all__ = [
    "CREDIT",
    "LONGEST_LINE",
    "Failed",
    "Found",
    "Go",
    "Moment",
    "Next",
    "Opened",
    "Order",
    "Others",
    "Ready",
    "Tried",
    "decoded",
    "encoded",
]

CREDIT = b"+"
"""What the parent answers for each picture that it has copied."""
LONGEST_LINE = 8 << 20

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Others:
    """What is to become of the streams beside the video."""

    container: str
    """FFmpeg's name of what they go into."""
    audio: bool


@dataclass(frozen=True, slots=True)
class Order:
    """Parent: open this file."""

    path: str
    """The bytes of the name, as hexadecimal digits."""
    span: Span
    reading: Reading
    timeline: Timeline
    memory_bytes: int
    """Address space until the size of the frames is known."""
    ring: int
    """Descriptor of the memory that pictures go into; -1: they follow their line."""
    lifeline: int
    """Descriptor of a pipe that closes when the parent ends; -1 if there is none."""
    others: Others | None = None
    """Whether the other streams are tried, too, before any frame."""


@dataclass(frozen=True, slots=True)
class Go:
    """Parent: the frames after this place, please."""

    mark: Mark | None
    memory_bytes: int
    slots: int
    slot_bytes: int


@dataclass(frozen=True, slots=True)
class Found:
    """Child: what is new to say, and the damage counted so far."""

    notices: tuple[str, ...]
    damaged_packets: int
    damaged_frames: int


@dataclass(frozen=True, slots=True)
class Opened:
    """Child: what the file is."""

    info: VideoInfo
    found: Found


@dataclass(frozen=True, slots=True)
class Tried:
    """Child: the other streams did no harm."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Child: the place is found."""

    found: Found


@dataclass(frozen=True, slots=True)
class Moment:
    """What belongs to a frame beside its planes and what all frames share."""

    index: int
    pts: int
    duration: int
    tags: ColourTags
    user_data: tuple[UserData, ...] = ()

    @classmethod
    def of(cls, frame: Frame) -> "Moment":
        """The moment of this frame."""
        return cls(frame.index, frame.pts, frame.duration, frame.tags, frame.user_data)


@dataclass(frozen=True, slots=True)
class Next:
    """Child: a picture is in the next slot; without a moment, there are no more."""

    moment: Moment | None
    found: Found


@dataclass(frozen=True, slots=True)
class Failed:
    """Child: an error that it could still tell of."""

    kind: str
    words: str
    cause_stays: bool = False


def encoded(message: object) -> bytes:
    """The message as one line."""
    return json.dumps([type(message).__name__, to_plain(message)]).encode() + b"\n"


def decoded(line: bytes, kind: type[M]) -> M | Failed:
    """The message of one line: of this kind, or a failure. Raises WireError."""
    try:
        name, plain = json.loads(line)
    except (ValueError, TypeError, RecursionError) as error:
        raise WireError(f"no message: {error}") from None
    if name not in (kind.__name__, Failed.__name__):
        raise WireError(f"{name!r:.40} does not come here")
    made: M | Failed = from_plain(Failed if name == Failed.__name__ else kind, plain)
    return made
