"""What a finished file must hold, noted while it is made."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from av.container import OutputContainer
from av.stream import Disposition

from videnhance.frame import ColourTags, Light, VideoInfo
from videnhance.geometry import Size
from videnhance.media.encoder.mastering import light_notice
from videnhance.media.encoder.storage import Stored
from videnhance.media.source import AnyPacket
from videnhance.media.streams.tracks import WrittenStream

__all__ = [
    "Expected",
    "ExpectedStream",
    "Look",
    "Times",
    "expected_look",
    "expected_streams",
]


@dataclass(slots=True)
class Times:
    """The packets of one stream and their times, in ticks of `base` seconds."""

    base: Fraction
    packets: int = 0
    first: int | None = None
    last: int | None = None
    """The largest time, which is not the last packet's where frames are reordered."""
    end: int | None = None
    """When what was added ends, as far as durations are known."""
    total: int = 0
    """Of all times: it changes if any of them does."""
    falls: int = 0
    """Packets that are to be decoded before the one in front of them."""
    _decoded: int | None = None

    def add(self, packet: AnyPacket) -> None:
        """Notes a packet; one without a time is only counted."""
        self.packets += 1
        dts, pts = packet.dts, packet.pts
        if dts is not None:
            self.falls += self._decoded is not None and dts < self._decoded
            self._decoded = dts
        time = dts if pts is None else pts
        if time is None:
            return
        self.first = time if self.first is None else min(time, self.first)
        self.last = time if self.last is None else max(time, self.last)
        end = time + max(packet.duration or 0, 0)
        self.end = end if self.end is None else max(end, self.end)
        self.total += time

    def seconds(self, ticks: int | None) -> Fraction | None:
        """A time of this stream in seconds; None stays None."""
        return None if ticks is None else ticks * self.base

    @property
    def mean(self) -> Fraction:
        """Of all times, in seconds."""
        return Fraction(self.total, max(self.packets, 1)) * self.base


@dataclass(frozen=True, slots=True)
class Look:
    """How the pictures of a file are stored and shown."""

    size: Size
    pix_fmt: str
    """FFmpeg's name of the format that the encoder is given."""
    tags: ColourTags
    aspect: Fraction | None = None
    """Shape of a pixel; None if nothing is said."""
    rotation_degrees: int = 0
    """Clockwise."""
    mirrored: bool = False
    light: Light | None = None
    """HDR's static metadata, where the encoder writes it."""


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
    look: Look
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
        told = [time for time in times if time is not None]
        return max(told) - min(told) if told else Fraction(0)


def expected_look(info: VideoInfo, size: Size, codec: str, stored: Stored) -> Look:
    """How pictures of `size` look that this encoder (FFmpeg's name) is given."""
    told = light_notice(codec, info.light) is None
    return Look(
        size=size,
        pix_fmt=stored.pix_fmt,
        tags=stored.tags,
        aspect=info.sample_aspect_ratio,
        rotation_degrees=info.rotation_degrees,
        mirrored=info.mirrored,
        light=info.light if told else None,
    )


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
