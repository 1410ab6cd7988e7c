"""What a name stands for: a video, a picture, many pictures, an animation, a pipe."""

import sys
from enum import Enum
from fractions import Fraction
from pathlib import Path

from videnhance.errors import InputError, UsageError, printable
from videnhance.frame import VideoInfo
from videnhance.media.picture_formats import (
    ANIMATIONS,
    HEAD,
    STILLS,
    PictureFormat,
    format_of_head,
)
from videnhance.media.pipes.raw import RawShape
from videnhance.media.pipes.reader import PipeReader
from videnhance.media.protocols import FrameSource
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Reading, Span
from videnhance.media.stills.animation_reader import AnimationReader
from videnhance.media.stills.picture_tags import tags_of_file
from videnhance.media.stills.sequence_reader import SequenceReader
from videnhance.media.stills.series import is_series
from videnhance.media.stills.still_reader import StillReader

__all__ = ["PIPE", "SinkKind", "is_video_file", "opened", "sink_kind"]

PIPE = Path("-")
"""The standard input, or the standard output."""


class SinkKind(Enum):
    """What an output is, and so who writes it."""

    VIDEO = "video"
    ANIMATION = "animation"
    STILL = "still"
    SEQUENCE = "sequence"
    PIPE = "pipe"


def sink_kind(target: Path, info: VideoInfo | None = None) -> SinkKind:
    """What a name asks for; `info` of the source decides where it may be two things."""
    suffix = target.suffix.lower()
    if target == PIPE:
        return SinkKind.PIPE
    if suffix not in STILLS:
        return SinkKind.ANIMATION if suffix in ANIMATIONS else SinkKind.VIDEO
    if is_series(target):
        return SinkKind.SEQUENCE
    form = STILLS[suffix]
    moves = info is not None and info.codec == form.muxer
    single = info is not None and info.frames == 1
    if form.muxer and not single and (moves or not form.animation_suffixes):
        return SinkKind.ANIMATION
    return SinkKind.STILL


def opened(
    place: Path,
    span: Span | None = None,
    reading: Reading | None = None,
    rate: Fraction | None = None,
    raw: RawShape | None = None,
) -> FrameSource:
    """The source that the name stands for, its kind told by its first bytes.

    `rate` is that of a sequence, `raw` what comes through a pipe without a header.
    Raises UsageError or InputError.
    """
    reading = reading or Reading()
    limit = reading.limit_pixels
    if place == PIPE:
        if reading.video_track is not None:
            raise UsageError("--video-track is for files: name one, or leave it out")
        if sys.stdin is None or sys.stdin.isatty():
            state = "closed" if sys.stdin is None else "a terminal"
            raise UsageError(f"the standard input is {state}: send a video with |")
        return PipeReader(sys.stdin.buffer, raw, span, reading)
    if raw is not None:
        raise UsageError("--raw-size and --raw-format are for the standard input, -")
    if is_series(place):
        return SequenceReader(place, rate, span, limit)
    if rate is not None:
        raise UsageError("--rate is for many pictures and bare samples: leave it out")
    if place.is_dir():
        raise InputError(_folder_words(place))
    if is_video_file(place):
        return VideoReader(place, span, reading)
    form = _form_of(place)
    if form is not None and form.muxer and _is_moving(place):
        return AnimationReader(place, span, limit)
    return StillReader(place, limit)


def is_video_file(place: Path) -> bool:
    """Whether the name stands for a file that `VideoReader` reads, or will refuse."""
    if place == PIPE or is_series(place) or place.is_dir():
        return False
    form = _form_of(place)
    if form is None or not form.moves_as_video:
        return form is None
    return not form.suffixes or _is_moving(place)


def _is_moving(place: Path) -> bool:
    tags = tags_of_file(place)
    return tags is not None and tags.pictures > 1


def _form_of(place: Path) -> PictureFormat | None:
    try:
        with place.open("rb") as file:
            return format_of_head(file.read(HEAD))
    except (OSError, ValueError):
        return None  # the reader says what is wrong with it


def _folder_words(folder: Path) -> str:
    found = {p.suffix for p in folder.iterdir() if p.suffix.lower() in STILLS}
    name = printable(folder)
    all_of_it = f"convert all in it by `videnhance batch {name} OUT_DIR`"
    if not found:
        return f"{name} is a folder: name a file in it, or {all_of_it}"
    return (
        f"{name} is a folder: for its pictures as one video, write "
        f"{name}/*{min(found)}, or {all_of_it}"
    )
