"""Streams that begin so late that FFmpeg does not find them when it opens the file.

Program and transport streams have no list of all their streams: DVD subtitles begin
after minutes, broadcasts add sound. PyAV knows only what was found at the start.
"""

import io
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import av
from av.container import InputContainer

from videnhance.media.reader.headers import description_of
from videnhance.media.source import DECODE_ERRORS, demuxed
from videnhance.media.streams.actions import StreamAction, StreamPlan

__all__ = ["LISTLESS", "TOO_LATE", "late_streams", "unexpected_streams"]

LISTLESS = ("mpeg", "mpegts")
"""FFmpeg's names of the containers whose streams come up on the way."""
_PLACES = 64
_PLACE_BYTES = 1 << 18
"""Looked at in each of the places; a smaller file is looked at as a whole."""
_STREAM = re.compile(
    r"^  Stream #0:(\d+)(?:\[(0x[0-9a-f]+)\])?[^:]*: (\w+): (\w+)", re.MULTILINE
)
TOO_LATE = (
    "it begins too late in the file; what ffmpeg -probesize 10G -analyzeduration 10G "
    "-i IN -map 0 -c copy OUT.mkv makes has it from the start"
)
"""Why a stream is lost, and what to do."""


def late_streams(path: Path, container: InputContainer) -> tuple[StreamPlan, ...]:
    """The streams that a look at many places of the file finds, and its start did not.

    Raises OSError if it cannot be read.
    """
    kind = container.format.name
    if kind not in LISTLESS:
        return ()
    known = {stream.id for stream in container.streams}
    description = ""
    with suppress(*DECODE_ERRORS), av.open(_sampled(path), "r", format=kind) as sampled:
        with suppress(*DECODE_ERRORS):
            for _ in demuxed(sampled, [*sampled.streams]):
                pass
        description = description_of(sampled)
    listed = _STREAM.findall(description)
    found = {int(number, 16): words for _, number, *words in listed if number}
    return _lost(container, {n: words for n, words in found.items() if n not in known})


def unexpected_streams(container: InputContainer) -> tuple[StreamPlan, ...]:
    """The streams that came up while the file was read, in any container."""
    listed = _STREAM.findall(description_of(container))
    known = len(container.streams)
    late = [found for found in listed if int(found[0]) >= known]
    return _lost(
        container, {int(number or index, 16): words for index, number, *words in late}
    )


def _lost(
    container: InputContainer, late: Mapping[int, Sequence[str]]
) -> tuple[StreamPlan, ...]:
    """By their ids: in samples of a file they come up in another order."""
    first = len(container.streams)
    return tuple(
        StreamPlan(first + n, kind.lower(), codec, StreamAction.LOST, TOO_LATE)
        for n, (_, (kind, codec)) in enumerate(sorted(late.items()))
    )


def _sampled(path: Path) -> io.BytesIO:
    """Pieces of the file, or all of it."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= _PLACES * _PLACE_BYTES:
            return io.BytesIO(file.read())
        pieces = []
        for number in range(_PLACES):
            file.seek((size - _PLACE_BYTES) * number // (_PLACES - 1))
            pieces.append(file.read(_PLACE_BYTES))
    return io.BytesIO(b"".join(pieces))
