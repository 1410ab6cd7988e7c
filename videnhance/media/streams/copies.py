"""Copies of streams in an output: how one is added, covers, and what a muxer takes.

A cover is a stream of one packet in an mp4, and an attachment in Matroska, by its own
convention called cover.jpg or cover.png. FFmpeg's mov muxer leaves covers out.

Small files in memory show what FFmpeg's muxers take, and can read back. Its tables say
less than its muxers do: mov lists FLAC and refuses it in the header; mp4 lists PCM, and
may refuse it in the trailer.
"""

import io
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Discard, Disposition, Stream
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from videnhance.media.containers import container_named
from videnhance.media.source import (
    DECODE_ERRORS,
    AnyPacket,
    demuxed,
    open_source,
    packets_of,
)
from videnhance.media.stream_choice import context_of, layout_of, rate_of
from videnhance.media.streams.sound_form import LAYOUTS
from videnhance.media.streams.tags import carried_metadata

__all__ = [
    "attach_cover",
    "container_takes",
    "copied_stream",
    "cover_packets",
    "data_survives",
    "first_packets",
    "holds_cover",
    "is_cover",
    "is_decodable",
]

_COVER_CODECS = ("bmp", "mjpeg", "png")
_COVER_FILES = {
    "bmp": ("cover.bmp", "image/bmp"),
    "gif": ("cover.gif", "image/gif"),
    "mjpeg": ("cover.jpg", "image/jpeg"),
    "png": ("cover.png", "image/png"),
    "tiff": ("cover.tiff", "image/tiff"),
    "webp": ("cover.webp", "image/webp"),
}
_COVER_PACKETS = 100
"""Packets to look at for a cover: they come first."""
_BYTES = bytes(range(8))
_PACKETS = 3
_LOOKED_AT = 500
"""Packets to look through at most."""
_TRIED = 200
"""Packets until one must give sound: TrueHD has points to begin at every 128."""
_EMPTY_TABLE = 16
"""Bytes of an stsd box that describes no track; players cannot tell what it is."""


def copied_stream(out: OutputContainer, stream: Stream) -> Stream:
    """Adds a stream like this one to `out`. Raises what FFmpeg raises."""
    added = out.add_stream_from_template(stream, opaque=True)
    if isinstance(stream, VideoStream):
        _tell_video(stream, added, container=out.format.name)
    elif stream.type == "audio":
        _tell_channels(cast(AudioCodecContext, added.codec_context))
    return added


def _tell_video(stream: VideoStream, added: Stream, *, container: str) -> None:
    copy = cast(VideoCodecContext, added.codec_context)
    # Apple's players know HEVC only as hvc1, which FFmpeg writes only if told.
    tag = stream.codec_context.codec_tag
    if tag == "hvc1" and container_named(container).boxes:
        copy.codec_tag = tag
    # Without it the muxer takes ticks for frames, and fails over a timecode.
    if rate := rate_of(stream):
        copy.framerate = rate


def _tell_channels(copy: AudioCodecContext) -> None:
    """PCM in Matroska or avi has a number of channels alone, which mp4 refuses."""
    layout = layout_of(copy)
    count = layout.nb_channels
    if layout.name == f"{count} channels" and count in LAYOUTS:
        copy.layout = LAYOUTS[count]


def is_cover(stream: Stream) -> bool:
    """Whether the stream is a picture that goes with the file, not a part of it."""
    return stream.type == "video" and bool(
        stream.disposition & Disposition.attached_pic
    )


def holds_cover(container: str, stream: Stream) -> bool:
    """Whether an FFmpeg container of this name holds this cover, in either way."""
    context = context_of(stream)
    if context is None:
        return False
    row = container_named(container)
    if row.attachments:
        return context.name in _COVER_FILES
    return row.cover_streams and context.name in _COVER_CODECS


def cover_packets(source: Path, wanted: set[int]) -> dict[int, AnyPacket]:
    """The packet of each wanted cover, by stream; those that cannot be read lack.

    Raises InputError if the source cannot be opened.
    """
    if not wanted:
        return {}
    with open_source(source) as opened:
        covers = [s for s in opened.streams if s.index in wanted]
        found = first_packets(opened, covers, most=_COVER_PACKETS)
        return {index: _own_copy(packet) for index, packet in found.items()}


def attach_cover(out: OutputContainer, stream: Stream, *, packet: AnyPacket) -> Stream:
    """Adds a cover to `out` as an attachment, and gives the stream that is added."""
    context = context_of(stream)
    name, kind = _COVER_FILES[context.name if context is not None else "mjpeg"]
    metadata = carried_metadata(stream, out.format.name)
    given = {key.lower(): metadata.pop(key) for key in [*metadata]}
    name = given.pop("filename", name)
    added = out.add_attachment(name, given.pop("mimetype", kind), bytes(packet))
    added.metadata.update(given)
    return added


def _own_copy(packet: AnyPacket) -> AnyPacket:
    """A copy that stays when its file is closed, at the time 0."""
    own = Packet(bytes(packet))
    own.pts = own.dts = 0
    own.is_keyframe = True
    return own


def container_takes(
    stream: Stream, container: str, *, packet: AnyPacket | None, times: int = 1
) -> bool:
    """Whether a file of this container can be made with copies of the stream.

    `packet` is one of its own, if any is known: some muxers fail only in the trailer.
    """
    try:
        with av.open(io.BytesIO(), "w", format=container) as out:
            copies = [copied_stream(out, stream) for _ in range(times)]
            out.start_encoding()
            if packet is not None:
                packet.stream, packet.pts, packet.dts = copies[0], 0, 0
                out.mux(packet)
    except DECODE_ERRORS:
        return False
    return True


def first_packets(
    source: InputContainer, streams: Sequence[Stream], *, most: int = _LOOKED_AT
) -> dict[int, AnyPacket]:
    """A packet of each of these streams, by index; of those that begin late, none."""
    found: dict[int, AnyPacket] = {}
    wanted = {stream.index for stream in streams if context_of(stream) is not None}
    if not wanted:
        return found
    for stream in source.streams:
        if stream.index not in wanted:
            stream.discard = Discard.all
    with suppress(*DECODE_ERRORS):
        packets = demuxed(source, [s for s in streams if s.index in wanted])
        for packet in islice(packets, most):
            if packet.size:
                found.setdefault(packet.stream_index, packet)
            if len(found) == len(wanted):
                break
    return found


def is_decodable(source: Path, index: int) -> bool:
    """Whether any of the first packets of this stream gives a frame, if there are any.

    Raises InputError if the source cannot be read.
    """
    with open_source(source) as opened:
        stream = opened.streams[index]
        context = cast(AudioCodecContext, stream.codec_context)
        packets = packets_of(opened, [stream], damaged=lambda _: None)
        tried = False
        for packet in chain(islice(packets, _TRIED), [None]):
            with suppress(*DECODE_ERRORS):
                frames = context.decode(packet)
                for frame in frames:
                    layout_of(frame)  # else freeing it may crash
                if frames:
                    return True
            tried |= packet is not None
        return not tried


def data_survives(stream: Stream, container: str) -> bool:
    """Whether packets of a data stream can be read back from this container."""
    file = io.BytesIO()
    try:
        with av.open(file, "w", format=container) as out:
            copy = out.add_stream_from_template(stream)
            for number in range(_PACKETS):
                packet = Packet(_BYTES)
                packet.stream, packet.time_base = copy, Fraction(1, 10)
                packet.pts, packet.dts, packet.duration = number, number, 1
                out.mux(packet)
        whole = file.getvalue()
        reader = "mov" if container == "mp4" else container
        with av.open(io.BytesIO(whole), "r", format=reader) as made:
            data, name = made.streams.data, getattr(stream, "name", None)
            alike = [s.index for s in data if getattr(s, "name", None) == name]
            read = [bytes(p) for p in made.demux() if p.stream_index in alike]
    except DECODE_ERRORS:
        return False
    return [b for b in read if b] == [_BYTES] * _PACKETS and _is_described(whole)


def _is_described(file: bytes) -> bool:
    at = file.find(b"stsd")
    return at < 4 or int.from_bytes(file[at - 4 : at], "big") > _EMPTY_TABLE
