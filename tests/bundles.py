"""Files of many streams for tests, and a copy of them without any enlargement."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
from av.stream import Disposition, Stream

from videnhance.media.containers import container_for
from videnhance.media.source import AnyPacket, Source, Span, open_source
from videnhance.media.stream_choice import chosen_video
from videnhance.media.streams.actions import StreamPlan
from videnhance.media.streams.other_streams import StreamCopy
from videnhance.media.streams.stream_planner import plan_streams

__all__ = ["PNG", "Copied", "Part", "bundle", "copied", "packets", "shown"]

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc000000301010018dd8db00000000049454e44ae426082"
)
"""A red point."""


@dataclass(frozen=True)
class Part:
    """A file whose streams go into a bundle, and what is said of them."""

    path: Path
    metadata: dict[str, str] = field(default_factory=dict)
    disposition: Disposition | None = None


@dataclass(frozen=True)
class Copied:
    """What became of a file: its plans, and the copy when it was done."""

    plans: tuple[StreamPlan, ...]
    streams: StreamCopy


def bundle(
    target: Path,
    parts: Sequence[Part],
    attachments: Sequence[tuple[str, str, bytes]] = (),
    chapters: Sequence[tuple[int, int, str]] = (),
) -> Path:
    """Copies all streams of the parts into one file; chapters are in milliseconds."""
    with av.open(str(target), "w") as out:
        waiting = []
        for part in parts:
            with av.open(str(part.path), "r") as opened:
                copies = {s.index: _added(out, s, part) for s in opened.streams}
                waiting += [
                    (copies[p.stream_index], p) for p in opened.demux() if p.size
                ]
        for name, kind, data in attachments:
            out.add_attachment(name, kind, data)
        out.set_chapters(
            [
                {
                    "id": number,
                    "start": start,
                    "end": end,
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": title},
                }
                for number, (start, end, title) in enumerate(chapters)
            ]
        )
        for stream, packet in sorted(waiting, key=lambda pair: _seconds(pair[1])):
            packet.stream = stream
            out.mux(packet)
    return target


def _added(out: av.container.OutputContainer, stream: Stream, part: Part) -> Stream:
    added = out.add_stream_from_template(stream, opaque=True)
    added.metadata.update(part.metadata)
    if part.disposition is not None:
        added.disposition = part.disposition
    return added


def _seconds(packet: AnyPacket) -> Fraction:
    return (packet.dts or 0) * Fraction(packet.time_base or 1)


def copied(source: Path, target: Path, span: Span | None = None) -> Copied:
    """The file with its video packets as they are, and all else by StreamCopy."""
    form = container_for(target)
    plans = plan_streams(source, form)
    with open_source(source) as opened, av.open(str(target), "w", format=form) as out:
        video = chosen_video(opened, source)
        added = out.add_stream_from_template(video, opaque=True)
        streams = StreamCopy(Source(source, span or Span()), out, plans)
        added.metadata.clear()
        added.metadata.update(streams.video_metadata)
        added.disposition = streams.video_disposition
        out.start_encoding()
        for packet in opened.demux(video):
            if packet.size and packet.dts is not None:
                streams.copy_until(_seconds(packet))
                packet.stream = added
                out.mux(packet)
        streams.copy_until(None)
        streams.close()
    return Copied(plans, streams)


def packets(path: Path, index: int) -> list[bytes]:
    """The bytes of a stream, packet by packet."""
    with av.open(str(path), "r") as opened:
        stream = opened.streams[index]
        return [bytes(p) for p in opened.demux(stream) if p.size]


def shown(path: Path, number: int = 0) -> list[tuple[int, int, str]]:
    """A subtitle track as a reader decodes it: from, to (milliseconds), text."""
    events = []
    with av.open(str(path), "r") as opened:
        stream = opened.streams.subtitles[number]
        for packet in opened.demux(stream):
            found = stream.decode2(packet) if packet.size else None
            base = Fraction(packet.time_base or 1) * 1000
            start, ticks = packet.pts or 0, packet.duration or 0
            lines = [line.ass.decode() for line in found or () if hasattr(line, "ass")]
            events += [
                (
                    round(start * base),
                    round((start + ticks) * base),
                    line.split(",", 8)[8],
                )
                for line in lines
            ]
    return events
