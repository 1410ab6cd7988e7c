"""Reads back what was written: a file gets its name only if it holds everything.

What a container cannot tell is not asked of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.stream import Disposition

from videnhance.errors import OutputError, VidenhanceError, counted, printable
from videnhance.media.containers import Container, container_named
from videnhance.media.output.file_tags import missing_tags
from videnhance.media.output.output_file import cause_stays
from videnhance.media.output.picture_check import (
    PlannedPicture,
    picture_differences,
    tells_colour,
)
from videnhance.media.output.readback import FoundStream, ReadBack, Times, read_back
from videnhance.media.streams.tracks import WrittenStream

__all__ = ["Expected", "ExpectedStream", "check_file", "expected_streams"]

_HIDDEN = ("vp8",)
"""Codecs with packets that show no frame."""
_MPEG_SOUND = {"mp1", "mp2", "mp3"}
"""An mp4 has one name for all layers."""
_SOUND_SECONDS = Fraction(1, 10)
"""What the start and end of a sound may differ by: a packet, and what is cut off it."""


@dataclass(frozen=True, slots=True)
class ExpectedStream:
    """A stream beside the video, and what is said of it."""

    written: WrittenStream
    language: str = ""
    default: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """What a file must hold."""

    container: str
    """FFmpeg's name."""
    frames: int
    video: Times
    """As the muxer was given them."""
    picture: PlannedPicture
    others: tuple[ExpectedStream, ...] = ()
    chapters: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)
    """Of the whole file."""

    @property
    def length(self) -> Fraction:
        """Seconds from the first time of any stream to the last."""
        streams = [s.written for s in self.others]
        times = [s.first_seconds for s in streams] + [s.end_seconds for s in streams]
        times += [self.video.seconds(t) for t in (self.video.first, self.video.last)]
        known = [time for time in times if time is not None]
        return max(known) - min(known) if known else Fraction(0)


def expected_streams(
    out: OutputContainer, written: Iterable[WrittenStream]
) -> tuple[ExpectedStream, ...]:
    """What `out` was given beside the video, with what was said of it."""
    return tuple(
        ExpectedStream(
            written=stream,
            language=out.streams[stream.index].metadata.get("language", ""),
            default=bool(out.streams[stream.index].disposition & Disposition.default),
        )
        for stream in written
    )


def check_file(
    path: Path, target: Path, expected: Expected, full: bool
) -> tuple[str, ...]:
    """Reads the file at `path`, and gives in words what was found right.

    Raises OutputError, which names `target` and every difference, unless the file holds
    what is expected; with `full` every frame and sound is decoded, too.
    """
    name = printable(target)
    try:
        found = read_back(path, full)
    except (VidenhanceError, av.FFmpegError, OSError, ValueError) as error:
        raise OutputError(
            f"{name}: the file made cannot be read back: {error}; name an output "
            ".mkv, or choose another codec",
            cause_stays=cause_stays(error),
        ) from error
    wrong = [*_differences(expected, found)]
    if wrong:
        raise OutputError(
            f"{name} did not get its name, for what was made differs from what was "
            f"planned: {'; '.join(wrong)}; name an output .mkv or .nut, choose another "
            "codec, or leave out what differs (--no-audio)",
            cause_stays=True,
        )
    return _right(expected, found)


def _right(expected: Expected, found: ReadBack) -> tuple[str, ...]:
    row = container_named(expected.container)
    words = [counted(expected.frames, "frame")]
    if row.times:
        words.append("times")
    count = 1 + len(expected.others)
    words.append(f"{count} stream{'s' * (count > 1)}")
    if tells_colour(found.video.codec, row):
        words.append("colour")
    if expected.tags and not missing_tags(expected.tags, found.tags):
        words.append("tags")
    if found.decoded is not None:
        words.append("everything decoded")
    if found.damaged:  # and copied bit for bit from the source
        words.append(f"{counted(found.damaged, 'damaged packet')} of sound")
    return tuple(words)


def _differences(expected: Expected, found: ReadBack) -> Iterator[str]:
    row = container_named(expected.container)
    if row.frames:
        yield from _count_differences(expected, found)
    if found.picture is None:
        yield "its first frame cannot be decoded"
    moved = _moved(expected, found, row=row)
    if row.times:
        yield from _time_differences(expected.video, found, moved=moved, row=row)
    yield from picture_differences(expected.picture, found, row=row)
    for stream, its in _matched(expected, found):
        yield from _stream_differences(stream, its, moved=moved, row=row)
    if row.chapters and found.chapters != expected.chapters:
        yield f"{counted(found.chapters, 'chapter')}, not {expected.chapters}"


def _count_differences(expected: Expected, found: ReadBack) -> Iterator[str]:
    packets, frames = expected.video.packets, expected.frames
    if found.video.times.packets != packets:
        yield f"{counted(found.video.times.packets, 'frame')}, not {packets}"
    elif packets != frames and found.video.codec not in _HIDDEN:
        yield f"{counted(packets, 'frame')} came out of the encoder, not {frames}"
    if found.decoded is not None and found.decoded != frames:
        yield f"{counted(found.decoded, 'frame')} can be decoded, not {frames}"
    if found.decoded is not None and found.errors:
        yield counted(found.errors, "frame is damaged", "frames are damaged")


def _moved(expected: Expected, found: ReadBack, *, row: Container) -> Fraction | None:
    """Seconds by which the container moves all times; None if it cannot be told."""
    wrote, read = expected.video, found.video.times
    before, after = wrote.seconds(wrote.first), read.seconds(read.first)
    if before is None or after is None or not row.times:
        return None
    starts = [before, *(s.written.first_seconds or 0 for s in expected.others)]
    moved, negative = after - before, max(-min(starts), 0)
    if row.start and not 0 <= moved <= negative + max(wrote.base, read.base):
        return Fraction(0)  # only what comes before 0 may move the rest
    return moved


def _time_differences(
    wrote: Times, found: ReadBack, *, moved: Fraction | None, row: Container
) -> Iterator[str]:
    read, shift = found.video.times, moved or Fraction(0)
    tick = max(wrote.base, read.base)
    ends = (
        ("the first frame", wrote.seconds(wrote.first), read.seconds(read.first)),
        ("the last frame", wrote.seconds(wrote.last), read.seconds(read.last)),
    )
    yield from _shifts(ends, shift, most=tick)
    if row.end:
        yield from _end_difference(wrote, found)
    if wrote.packets == read.packets:
        off = read.mean - wrote.mean - shift
        if abs(off) > tick:
            yield f"frames stand off by {_s(off)} in the mean"
    if read.falls:
        yield f"the order of decoding runs back {counted(read.falls, 'time')}"


def _shifts(
    ends: Iterable[tuple[str, Fraction | None, Fraction | None]],
    moved: Fraction,
    *,
    most: Fraction,
) -> Iterator[str]:
    """Which times, before and after, differ by more than what all are moved by."""
    for what, before, after in ends:
        if before is None or after is None:
            continue
        if abs(after - before - moved) > most:
            yield f"{what} at {_s(after - moved)}, not {_s(before)}"


def _end_difference(wrote: Times, found: ReadBack) -> Iterator[str]:
    """Where frames are reordered, neither way to the end of an mp4 is exact."""
    if wrote.first is None or wrote.last is None or wrote.end is None:
        return
    if wrote.end == wrote.last:
        return  # the encoder gave no durations
    end, read = wrote.end * wrote.base, found.video.times
    frame = (wrote.last - wrote.first) * wrote.base / max(wrote.packets - 1, 1)
    if wrote.decoded_last != wrote.last:
        # An mp4 has steps of decoding: those of another frame, if rates are uneven.
        frame = max(frame, wrote.longest * wrote.base)
    ends = [e for e in (read.seconds(read.end), found.end) if e is not None]
    nearest = min(ends, key=lambda e: abs(e - end), default=end)
    if abs(nearest - end) > max(frame, wrote.base, read.base):
        yield f"the end at {_s(nearest)}, not {_s(end)}"


def _matched(
    expected: Expected, found: ReadBack
) -> Iterator[tuple[ExpectedStream, FoundStream | None]]:
    """Each stream with the one that it is read as; None if there is none."""
    free = {stream.index: stream for stream in found.others}
    for stream in expected.others:
        written = stream.written
        if not written.packets and written.kind != "attachment":
            continue  # an empty one may leave no trace
        alike = [s for s in free.values() if s.kind == written.kind]
        alike.sort(key=lambda s: (s.index != written.index, s.codec != written.codec))
        yield stream, free.pop(alike[0].index) if alike else None


def _stream_differences(
    stream: ExpectedStream,
    found: FoundStream | None,
    *,
    moved: Fraction | None,
    row: Container,
) -> Iterator[str]:
    written = stream.written
    name = f"stream {written.index} ({written.kind}, {written.codec})"
    if found is None:
        yield f"{name} is missing"
        return
    if not _is_same(found.codec, written.codec):
        yield f"{name} is read as {found.codec}"
    kept = row.languages and _is_code(stream.language)
    if kept and found.language != stream.language:
        was = found.language or "no language"
        yield f"{name} is in {was}, not {stream.language}"
    if row.default_stream and stream.default and not found.default:
        yield f"{name} is not the default any more"
    if moved is not None:
        yield from (
            f"{name} {w}" for w in _length_differences(stream, found, moved=moved)
        )


def _is_same(codec: str, other: str) -> bool:
    """Whether two names may mean one codec."""
    return codec == other or "unknown" in codec + other or {codec, other} <= _MPEG_SOUND


def _is_code(language: str) -> bool:
    """Whether it is three letters that tell something: `und` is left out by some."""
    plain = len(language) == 3 and language.isalpha() and language.islower()
    return plain and language != "und"


def _length_differences(
    stream: ExpectedStream, found: FoundStream, *, moved: Fraction
) -> Iterator[str]:
    written, times = stream.written, found.times
    if written.kind == "audio":
        ends = (
            ("starts", written.first_seconds, times.seconds(times.first)),
            ("ends", written.end_seconds, times.seconds(times.end)),
        )
        yield from _shifts(ends, moved, most=_SOUND_SECONDS + times.base)
    elif times.packets < written.packets:
        yield f"holds {counted(times.packets, 'packet')}, not {written.packets}"


def _s(seconds: Fraction) -> str:
    return f"{float(seconds):.3f} s"
