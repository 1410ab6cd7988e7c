"""Small files in memory: they show what FFmpeg's muxers take, and can read back.

Its tables say less than its muxers do: mov lists FLAC and refuses it in the header; mp4
lists PCM, and may refuse it in the trailer.
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
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Stream

from videnhance.media.source import (
    DECODE_ERRORS,
    AnyPacket,
    demuxed,
    open_source,
    packets_of,
)
from videnhance.media.stream_choice import context_of, layout_of
from videnhance.media.streams.copies import copied_stream

__all__ = ["container_takes", "data_survives", "first_packets", "is_decodable"]

_BYTES = bytes(range(8))
_PACKETS = 3
_LOOKED_AT = 500
"""Packets to look through at most."""
_TRIED = 200
"""Packets until one must give sound: TrueHD has points to begin at every 128."""
_EMPTY_TABLE = 16
"""Bytes of an stsd box that describes no track; players cannot tell what it is."""


def container_takes(
    stream: Stream, container: str, packet: AnyPacket | None, times: int = 1
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
    source: InputContainer, streams: Sequence[Stream]
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
        for packet, _ in zip(packets, range(_LOOKED_AT), strict=False):
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
        packets = packets_of(opened, [stream], lambda _: None)
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
