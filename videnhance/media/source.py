"""A media file opened for reading, safely: local files of known containers only.

Owns what a name is checked for before FFmpeg sees it, and the words for what can be
wrong with a file.
"""

import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import av
from av.container import InputContainer
from av.container.core import Flags
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from videnhance.errors import InputError, UsageError, printable, reading
from videnhance.media.joined import JoinedFile, flv_parts
from videnhance.options.bounds import check
from videnhance.system.limits import LIMIT_PIXELS

__all__ = [
    "DECODE_ERRORS",
    "AnyPacket",
    "Deinterlace",
    "Reading",
    "ResumePoint",
    "Source",
    "Span",
    "check_readable",
    "demuxed",
    "open_source",
    "opened_container",
    "origin_seconds",
    "packets_of",
    "reason",
]

DECODE_ERRORS = (av.FFmpegError, ValueError, EOFError, OSError, NotImplementedError)
"""What a damaged packet raises: FFmpeg's numbers come up under many Python names."""

_TRIES = 4
"""Read errors in a row, without a packet between, that count as the end."""
_EXACT = 1_000_000
_CONTAINERS = (
    "mov mp4 m4a 3gp 3g2 mj2 matroska webm mpegts mpeg mpegvideo avi flv live_flv gif "
    "apng png_pipe jpeg_pipe webp_pipe bmp_pipe tiff_pipe ogg asf rm mxf gxf nut ivf "
    "h261 h263 h264 hevc vvc av1 obu evc m4v "
    "mjpeg dv yuv4mpegpipe vc1 vc1test dirac cavsvideo wtv swf nsv nuv "
    "mp3 wav w64 aac ac3 eac3 flac aiff caf amr ape wv au tta opus dts truehd mlp"
)
"""Containers that are read: none that opens other files (hls, dash, concat, sdp,
image2); a picture is one file of a `_pipe` kind, AVIF a kind of mov."""

_LOOKED_THROUGH = 64 << 20
"""Bytes, which takes FFmpeg a tenth of a second; the whole of most files."""
_FOR_EVER = str(10**12)
"""Microseconds."""
_TS_BYTES = 188
_NUMBERED = re.compile(r"%\d*d")
_READ_ONLY = os.O_RDONLY | getattr(os, "O_BINARY", 0)
_METADATA: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
)


if TYPE_CHECKING:
    AnyPacket: TypeAlias = Packet[Any]
else:
    AnyPacket = Packet  # generic only for the type checker


class Deinterlace(Enum):
    """What becomes of pictures that are made of two fields."""

    AUTO = "auto"
    """Pictures are looked at: those of two fields become whole ones, others stay."""
    ON = "on"
    """All are taken for interlaced."""
    OFF = "off"
    """Fields stay woven as they are."""


class Readable(Protocol):
    """What bytes come from, in order."""

    def read(self, count: int, /) -> bytes:
        """The next bytes, at most so many; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """How a video is read, beside its span."""

    deinterlace: Deinterlace = Deinterlace.AUTO
    limit_pixels: int | None = LIMIT_PIXELS
    """The largest picture that is read, in pixels; None lets all in."""
    video_track: int | None = None
    """Which of the video tracks, counted from 0; None: the main film."""

    def __post_init__(self) -> None:
        check(limit_pixels=self.limit_pixels, video_track=self.video_track)


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Where finished work ends: enough to find the next frame again, for sure."""

    frames: int
    """Delivered before it."""
    tail: tuple[tuple[int, int], ...]
    """Time in ticks and checksum of the last frames before it, at most 16."""

    def __post_init__(self) -> None:
        if len(self.tail) > self.frames:
            raise ValueError(f"{len(self.tail)} frames do not end {self.frames} frames")
        if self.frames and not self.tail:
            raise ValueError(f"{self.frames} frames without the last of them")


@dataclass(frozen=True, slots=True)
class Span:
    """The part of a video to read; seconds count from its first frame."""

    start_seconds: float = 0.0
    end_seconds: float | None = None
    max_frames: int | None = None

    def __post_init__(self) -> None:
        check(start=self.start_seconds, end=self.end_seconds)
        if self.end_seconds is not None and self.end_seconds <= self.start_seconds:
            raise UsageError(
                f"an end of {self.end_seconds} s is not after the start, "
                f"{self.start_seconds} s"
            )
        check(max_frames=self.max_frames)

    @property
    def start(self) -> Fraction:
        """The start in seconds, as written: 0.4 is two fifths."""
        return Fraction(self.start_seconds).limit_denominator(_EXACT)

    @property
    def end(self) -> Fraction | None:
        """The end in seconds, as written; None if there is none."""
        if self.end_seconds is None:
            return None
        return Fraction(self.end_seconds).limit_denominator(_EXACT)

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return not self.start_seconds and self.end_seconds is None is self.max_frames


@dataclass(frozen=True, slots=True)
class Source:
    """A video file, and the part of it that is worked on."""

    path: Path
    span: Span = field(default_factory=Span)
    video_track: int | None = None
    """As in Reading."""


def check_readable(path: Path) -> None:
    """Raises InputError unless `path` is a file with something in it."""
    name = printable(path)
    try:
        status = path.stat()
    except FileNotFoundError:
        raise InputError(f"{name} does not exist: check the name") from None
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or error
        raise InputError(f"{name} cannot be read: {printable(words)}") from None
    if stat.S_ISDIR(status.st_mode):
        raise InputError(f"{name} is a folder: name a video file")
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{name} is not a regular file: name a video file")
    if not status.st_size:
        raise InputError(f"{name} is empty: copy or download it again")
    with reading(path), path.open("rb"):
        pass


@contextmanager
def open_source(path: Path) -> Iterator[InputContainer]:
    """An opened container, closed at the end.

    Raises InputError if it cannot be read or is of no known kind.
    """
    check_readable(path)
    with ExitStack() as stack:
        place: Any = f"file:{path.absolute()}"
        if _NUMBERED.search(path.name):
            # By its name FFmpeg would take it for a pattern of many; it gets none.
            place = stack.enter_context(open(os.open(path, _READ_ONLY), "rb"))
        if parts := flv_parts(path):
            place = stack.enter_context(JoinedFile(path, parts))
        try:
            known = {"format_whitelist": _CONTAINERS.replace(" ", ",")}
            container = opened_container(place, known | _looked_through(path))
        except DECODE_ERRORS as error:
            raise InputError(_not_opened(path, error)) from error
        stack.callback(container.close)
        yield container


def opened_container(
    place: str | Readable, options: dict[str, str], *, form: str | None = None
) -> InputContainer:
    """FFmpeg's container of a URL or of an object with `read`, for the caller to close.

    `options` are FFmpeg's, `form` its name of the format if it is not to be guessed.
    """
    # FFmpeg takes a clock that begins anew for one that wraps.
    options = {"correct_ts_overflow": "0", **options}
    opened: Any = av.open  # the stubs know no object that can only be read
    container = opened(place, "r", format=form, container_options=options, **_METADATA)
    # PyAV asks for made-up times; where a file has none, they are a frame late.
    container.flags &= ~Flags.gen_pts.value
    made: InputContainer = container
    return made


def _looked_through(path: Path) -> dict[str, str]:
    """Options that find streams which begin late, where no header lists them all."""
    with path.open("rb") as file:
        head = file.read(_TS_BYTES + 9)
    # The list in a FLV's head is often wrong: a file without sound says it has none.
    program = head.startswith((b"\x00\x00\x01\xba", b"FLV"))
    # The packets of a camera or a disc have a clock of four bytes before each.
    transport = head[::_TS_BYTES] == b"GG" or head[4 :: _TS_BYTES + 4] == b"GG"
    if not program and not transport:
        return {}
    # Else the first list of a program's streams is taken for the last.
    lists = {"scan_all_pmts": "1"} if transport else {}
    return lists | {"probesize": str(_LOOKED_THROUGH), "analyzeduration": _FOR_EVER}


def demuxed(
    container: InputContainer, streams: Sequence[Stream]
) -> Iterator[AnyPacket]:
    """Packets of these streams, and an empty one of each at the end, as PyAV's demux.

    Raises what FFmpeg raises.
    """
    try:
        yield from container.demux(*streams)
    except IndexError:
        # All is read: behind the empty packets, PyAV looks for those of streams that
        # came up on the way, which it does not know.
        return


def packets_of(
    container: InputContainer,
    streams: Sequence[Stream],
    *,
    damaged: Callable[[BaseException], None],
) -> Iterator[AnyPacket]:
    """Packets of these streams to the end of the file, over places that cannot be read.

    `damaged` hears of each such place.
    """
    tries = 0
    while tries < _TRIES:
        try:
            for packet in demuxed(container, streams):
                if packet.size:
                    tries = 0
                    yield packet
            return
        except DECODE_ERRORS as error:
            tries += 1
            damaged(error)


def reason(error: BaseException) -> str:
    """FFmpeg's words for an error, without its number."""
    return printable(getattr(error, "strerror", None) or str(error) or "unknown error")


def _not_opened(path: Path, error: BaseException) -> str:
    name = printable(path)
    with path.open("rb") as file:
        head = file.read(4096)
    if head.lstrip(b"\xef\xbb\xbf \r\n").startswith(
        (b"#EXTM3U", b"ffconcat", b"<?xml")
    ):
        return (
            f"{name} is a playlist, which is not followed: name the video file itself"
        )
    if (
        head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide")
        or head[:4] == b"\x1aE\xdf\xa3"
    ):
        return (
            f"{name} cannot be opened ({reason(error)}): it looks cut off or damaged; "
            "copy or download it again"
        )
    return f"{name} is not a video of a known kind ({reason(error)})"


def origin_seconds(stream: VideoStream) -> Fraction:
    """The time of the first frame on the file's clock; a Span counts from it."""
    return Fraction(stream.start_time or 0) * (stream.time_base or 0)
