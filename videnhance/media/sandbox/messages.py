"""What a decoding child and its parent say to each other, a line of JSON at a time.

What the child says of a video is checked before it is believed.
"""

import json
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

from videnhance.frame import (
    LONGEST_USER_DATA,
    ColourTags,
    Frame,
    Sphere,
    UserData,
    VideoInfo,
)
from videnhance.media.layout import native_layout
from videnhance.media.sandbox.serialize import SerializeError, from_plain, to_plain
from videnhance.media.source import Reading, ResumePoint, Span
from videnhance.media.times.timeline import Timeline

__all__ = [
    "CREDIT",
    "LONGEST_LINE",
    "Failed",
    "Found",
    "Go",
    "Moment",
    "Next",
    "OpenFile",
    "Opened",
    "OtherStreams",
    "Ready",
    "Tried",
    "check_info",
    "check_moment",
    "decoded",
    "encoded",
]

CREDIT = b"+"
"""What the parent answers for each picture that it has copied."""
LONGEST_LINE = 8 << 20
_LONGEST_TIME = 1 << 62
_LARGEST_PART = 1 << 31
_LARGEST_TAG = 255
_LARGEST_PAYLOAD_TYPE = 254
"""Of what the first byte of an SEI message can tell alone."""

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class OtherStreams:
    """What is to become of the streams besides the video."""

    container: str
    """FFmpeg's name of what they go into."""
    audio: bool


@dataclass(frozen=True, slots=True)
class OpenFile:
    """Parent: open this file."""

    path: str
    """The bytes of the name, as hexadecimal digits."""
    span: Span
    reading: Reading
    timeline: Timeline
    memory_bytes: int
    """Address space until the size of the frames is known."""
    shared: int
    """Descriptor of the memory that pictures go into; -1: they follow their line."""
    lifeline: int
    """Descriptor of a pipe that closes when the parent ends; -1 if there is none."""
    others: OtherStreams | None = None
    """Whether the other streams are tried, too, before any frame."""


@dataclass(frozen=True, slots=True)
class Go:
    """Parent: the frames after this place, please."""

    mark: ResumePoint | None
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
    """What belongs to a frame besides its planes and what all frames share."""

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
    """The message of one line: of this kind, or a failure. Raises SerializeError."""
    try:
        name, plain = json.loads(line)
    except (ValueError, TypeError, RecursionError) as error:
        raise SerializeError(f"no message: {error}") from None
    if name not in (kind.__name__, Failed.__name__):
        raise SerializeError(f"{name!r:.40} does not come here")
    made: M | Failed = from_plain(Failed if name == Failed.__name__ else kind, plain)
    return made


def check_info(info: VideoInfo) -> None:
    """Raises SerializeError for what no reader says of a video."""
    try:
        # Where chroma lies is the codec's, and not of the format.
        plain = replace(info.layout, centred=False)
        known = native_layout(info.layout.name) == plain
    except ValueError:
        known = False
    aspect = info.sample_aspect_ratio
    good = (
        known
        and info.time_base > 0
        and info.rate >= 0
        and (aspect is None or aspect > 0)
        and all(map(_is_small, (info.time_base, info.rate, aspect or Fraction(1))))
        and (info.frames is None or info.frames >= 0)
        and _are_tags(info.tags)
        and _are_user_data(info.user_data)
        and (info.sphere is None or _fits_fields(info.sphere))
    )
    if not good:
        raise SerializeError("a video that cannot be")


def check_moment(moment: Moment, index: int, *, last: int | None) -> None:
    """Raises SerializeError unless it is frame `index`, and after the time `last`."""
    follows = moment.index == index and (last is None or moment.pts > last)
    times = abs(moment.pts) < _LONGEST_TIME and 0 <= moment.duration < _LONGEST_TIME
    tagged = _are_tags(moment.tags) and _are_user_data(moment.user_data)
    if not (times and follows and tagged):
        raise SerializeError("a frame that cannot follow")


def _is_small(value: Fraction) -> bool:
    return max(value.numerator, value.denominator) < _LARGEST_PART


def _fits_fields(sphere: Sphere) -> bool:
    """Whether its numbers go into the fields that files have for them."""
    signed = all(-_LARGEST_PART <= angle < _LARGEST_PART for angle in sphere.pose)
    shares = (*sphere.edges, sphere.padding)
    return signed and all(0 <= share < 2 * _LARGEST_PART for share in shares)


def _are_user_data(pieces: tuple[UserData, ...]) -> bool:
    return all(
        0 <= one.payload_type <= _LARGEST_PAYLOAD_TYPE
        and len(one.payload) <= LONGEST_USER_DATA
        for one in pieces
    )


def _are_tags(tags: ColourTags) -> bool:
    values = (tags.range, tags.matrix, tags.primaries, tags.transfer)
    return all(0 <= value <= _LARGEST_TAG for value in values)
