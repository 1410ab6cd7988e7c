"""Streams by their address: rtsp, http and their like, opened for the least delay.

Only what a user typed comes here: files and the names in them never do. A stream may
lead to other addresses of the network, never to a file of this machine.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction

import av
from av.codec.context import ThreadType
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from videnhance.errors import InputError
from videnhance.frame import ColourTags, Plane
from videnhance.media.layout import delivered_layout
from videnhance.media.planes import copied_planes, tags_of
from videnhance.media.source import DECODE_ERRORS, demuxed, reason
from videnhance.media.stream_choice import chosen_video

__all__ = ["Received", "is_address", "received"]

_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "tcp", "udp", "srt")
_PROTOCOLS = "rtsp,rtsps,rtmp,rtmps,rtp,http,https,tcp,tls,udp,srt,crypto,httpproxy"
"""What FFmpeg may follow: no `file`, `concat`, `subfile`, `data` or `pipe`."""
_LOW_DELAY = {"flags": "low_delay", "probesize": "500000", "analyzeduration": "1000000"}
# Without `nobuffer`: it drops what is read to find out about a stream, key frame too.
# Decoding that is quick, and the newest picture wins.
_OPEN_SECONDS, _READ_SECONDS = 8.0, 4.0


@dataclass(frozen=True, slots=True)
class Received:
    """A picture of a stream: 8-bit planes, Y U V with chroma halved both ways."""

    planes: tuple[Plane, ...]
    tags: ColourTags
    aspect: Fraction | None
    seconds: float | None
    """Its time in a stream that is a file at a distance; None for one made live."""
    rate: Fraction
    """Frames a second as the stream says, 0 if it does not."""


def is_address(word: str) -> bool:
    """Whether a word is an address of a stream, and no name of a file."""
    scheme, mark, rest = word.partition("://")
    return bool(mark and rest) and scheme.lower() in _SCHEMES


def received(address: str) -> Iterator[Received]:
    """The pictures of a stream as they come.

    Raises InputError, without the address, if it cannot be read.
    """
    with _opened(address) as container:
        try:
            yield from _pictures(container, address)
        except DECODE_ERRORS as error:
            raise InputError(f"cannot be read on: {reason(error)}") from error


@contextmanager
def _opened(address: str) -> Iterator[InputContainer]:
    options = {**_LOW_DELAY, "protocol_whitelist": _PROTOCOLS}
    if address.lower().startswith("rtsp"):
        options["rtsp_transport"] = "tcp"  # over UDP a lost packet is a torn picture
    try:
        container = av.open(
            address,
            "r",
            container_options=options,
            timeout=(_OPEN_SECONDS, _READ_SECONDS),
        )
    except DECODE_ERRORS as error:
        raise InputError(
            f"cannot be opened: {reason(error)}; check the address, and that its "
            "server is there"
        ) from error
    with container:
        yield container


def _pictures(container: InputContainer, address: str) -> Iterator[Received]:
    stream = chosen_video(container, address)
    # Threads for whole frames would hold back as many pictures.
    stream.codec_context.thread_type = ThreadType.SLICE
    is_file = container.duration is not None and container.duration > 0
    converter, rate = VideoReformatter(), stream.guessed_rate or Fraction(0)
    aspect = stream.sample_aspect_ratio
    origin: Fraction | None = None
    for packet in demuxed(container, [stream]):
        try:
            pictures = packet.decode()
        except DECODE_ERRORS:
            continue  # a damaged packet of a stream is gone; the next may be whole
        for picture in pictures:
            time = None
            if is_file and picture.pts is not None and picture.time_base:
                at = picture.pts * picture.time_base
                origin = at if origin is None else origin
                time = float(at - origin)
            yield _received(picture, converter, told=(aspect, time, Fraction(rate)))


def _received(
    picture: VideoFrame,
    converter: VideoReformatter,
    *,
    told: tuple[Fraction | None, float | None, Fraction],
) -> Received:
    tags = tags_of(picture)
    plain = converter.reformat(picture, format="yuv420p")
    planes = copied_planes(plain, delivered_layout("yuv420p"))
    return Received(planes, tags, *told)
