"""Cover pictures: which containers hold them, and how.

A cover is a stream of one packet in an mp4, and an attachment in Matroska, by its own
convention called cover.jpg or cover.png. FFmpeg's mov muxer leaves covers out.
"""

from contextlib import suppress
from itertools import islice
from pathlib import Path

from av.container import OutputContainer
from av.packet import Packet
from av.stream import Discard, Disposition, Stream

from videnhance.media.containers import container_named
from videnhance.media.source import DECODE_ERRORS, AnyPacket, demuxed, open_source
from videnhance.media.stream_choice import context_of
from videnhance.media.streams.tags import carried_metadata

__all__ = ["attach_cover", "cover_packets", "holds_cover", "is_cover"]

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
    found: dict[int, AnyPacket] = {}
    if not wanted:
        return found
    with open_source(source) as opened, suppress(*DECODE_ERRORS):
        covers = [s for s in opened.streams if s.index in wanted]
        for stream in opened.streams:
            if stream.index not in wanted:
                stream.discard = Discard.all
        for packet in islice(demuxed(opened, covers), _COVER_PACKETS):
            if packet.size:
                found.setdefault(packet.stream_index, _own_copy(packet))
            if len(found) == len(wanted):
                break
    return found


def attach_cover(out: OutputContainer, stream: Stream, packet: AnyPacket) -> Stream:
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
