"""Copies or converts the streams other than the video while it is enhanced.

A second demuxer of the same file feeds them, driven by the writer's clock, so that
video and sound need no common buffer and memory does not grow with the file.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from fractions import Fraction
from logging import getLogger

import av
from av.container import InputContainer, OutputContainer
from av.stream import Discard, Disposition, Stream
from av.video.stream import VideoStream

from videnhance.errors import VidenhanceError
from videnhance.media.containers import container_named
from videnhance.media.source import (
    DECODE_ERRORS,
    AnyPacket,
    Source,
    open_source,
    origin_seconds,
    packets_of,
    reason,
)
from videnhance.media.stream_choice import chosen_video, rate_of
from videnhance.media.streams.actions import (
    StreamAction,
    StreamPlan,
    Way,
)
from videnhance.media.streams.converters import converter_for
from videnhance.media.streams.copies import (
    attach_cover,
    copied_stream,
    cover_packets,
    is_cover,
)
from videnhance.media.streams.stream_planner import plan_streams
from videnhance.media.streams.tags import (
    as_texts,
    carried_metadata,
    moved_chapters,
    moved_timecode,
)
from videnhance.media.streams.tracks import Clock, Track, WrittenStream
from videnhance.media.times.timeline import timeline_of

__all__ = ["StreamCopy", "try_copies"]

_LOG = getLogger(__name__)

_DAMAGED = (av.error.InvalidDataError, av.error.ArgumentError, ValueError)
_TRIED_SECONDS = Fraction(1, 2)
_PREROLL = Fraction(1, 10)
"""Seconds of hidden sound before the start that a decoder may need.

Where no edit list can hide them, more of them would move the whole video."""
_TAIL_SECONDS = 10
"""Packets come sorted only roughly: how far past the end of a span to look."""
_LOOK_BACK_SECONDS = 10
"""How far before the start of a span to look for a subtitle that is still shown."""


def try_copies(source: Source, container: str, *, audio: bool) -> None:
    """Does with the other streams, in memory, what a conversion does at its start.

    For a child process, which a crash of a library ends: errors come up later, again.
    """
    with suppress(VidenhanceError, MemoryError, *DECODE_ERRORS):
        plans = plan_streams(
            source.path, container, audio=audio, video_track=source.video_track
        )
        with av.open(io.BytesIO(), "w", format=container) as out:
            copy = StreamCopy(source, out, plans)
            try:
                copy.copy_until(copy.starts_at + _TRIED_SECONDS)
            finally:
                copy.close()


class StreamCopy:
    """The kept and converted streams of `source`, on their way into `out`.

    The enlarged video is already in `out`, as its first stream.
    """

    def __init__(
        self, source: Source, out: OutputContainer, plans: Sequence[StreamPlan]
    ) -> None:
        self._dropped, self._row = 0, container_named(out.format.name)
        self._path, self._out, self._span = source.path, out, source.span
        self._attached: list[WrittenStream] = []
        with ExitStack() as stack:
            self._container = stack.enter_context(open_source(source.path))
            video = chosen_video(self._container, source.path, track=source.video_track)
            self._timeline = timeline_of(source.path)
            start = self._timeline.of(video.index).start_seconds
            self._origin = origin_seconds(video) if start is None else start
            begin, end = self._span.start, self._span.end
            self._zero = self._origin + begin if begin else Fraction(0)
            length = None
            if end is not None:
                length = self._origin + end - self._zero
            self._clock = Clock(self._row.name, self._zero, length)
            self.video_metadata = self._metadata(video, encoded_anew=True)
            self.video_disposition = video.disposition
            self._tracks = self._added(plans)
            self._add_chapters()
            self._edits = self._row.boxes
            # A whole frame is the least that an avi can be moved by.
            self._preroll = Fraction(0) if self._row.name == "avi" else _PREROLL
            self._packets = self._timed()
            self._next: tuple[Fraction, AnyPacket, Track] | None = None
            self._open = stack.pop_all()

    @property
    def written(self) -> tuple[WrittenStream, ...]:
        """What the muxer was given so far, stream by stream in the output's order."""
        tracks = [track.written for track in self._tracks.values()]
        return tuple(sorted([*tracks, *self._attached], key=lambda s: s.index))

    @property
    def starts_at(self) -> Fraction:
        """When the video starts, on the output's clock."""
        return self._origin - self._zero

    @property
    def starts_apart(self) -> Fraction:
        """Seconds between the first and the last of the streams to start."""
        starts = [self._origin]
        for track in self._tracks.values():
            stream = track.stream
            start = self._timeline.of(stream.index).start_seconds
            if start is not None:
                starts.append(start)
            elif stream.start_time is not None and stream.time_base:
                moved = self._timeline.shift_seconds
                starts.append(stream.start_time * stream.time_base + moved)
        return Fraction(0) if self._zero else max(starts) - min(starts)

    def close(self) -> None:
        """Closes the source."""
        self._packets = iter(())
        self._open.close()

    @property
    def dropped_packets(self) -> int:
        """Damaged packets that are left out so far."""
        tracks = self._tracks.values()
        return self._dropped + sum(track.damaged_packets for track in tracks)

    @property
    def losses(self) -> list[str]:
        """What was lost by converting streams that change on the way, in words."""
        tracks = self._tracks.values()
        return [words for track in tracks for words in track.losses(self._origin)]

    def copy_until(self, seconds: Fraction | None) -> None:
        """Writes what comes up to this time of the output; for None, all the rest."""
        while True:
            if self._next is None:
                self._next = next(self._packets, None)
            if self._next is None or (seconds is not None and self._next[0] > seconds):
                return
            _, packet, track = self._next
            self._next = None
            try:
                self._out.mux(packet)
                track.count(packet)
            except _DAMAGED as error:
                self.drop(error)

    def drop(self, error: BaseException) -> None:
        """Counts a packet that the muxer did not take."""
        self._dropped += 1
        _LOG.info("%s: packet not taken: %s", self._path, reason(error))

    def _added(self, plans: Sequence[StreamPlan]) -> dict[int, Track]:
        wanted = {
            plan.index: plan
            for plan in plans
            if plan.action is not StreamAction.LOST and plan.way is not Way.MUXER
        }
        streams = [s for s in self._container.streams if s.index in wanted]
        for stream in self._container.streams:
            if stream.index not in wanted or is_cover(stream):
                stream.discard = Discard.all
        covers = {s.index for s in streams if is_cover(s)}
        self._covers = cover_packets(self._path, covers)
        tracks = {}
        # Demuxers give covers and attachments last; so they are found at their index.
        for stream in sorted(streams, key=lambda s: (is_cover(s), _is_attachment(s))):
            plan = wanted[stream.index]
            if stream.index in covers - {*self._covers}:
                self._dropped += 1
            elif _is_attachment(stream) or plan.way is Way.ATTACHED:
                self._attach(stream, plan)
            else:
                tracks[stream.index] = self._track(stream, plan)
        return tracks

    def _metadata(self, stream: Stream, encoded_anew: bool) -> dict[str, str]:
        """What is carried, with a timecode that starts where the span does."""
        carried = carried_metadata(
            stream, self._out.format.name, encoded_anew=encoded_anew
        )
        rate = rate_of(stream) if isinstance(stream, VideoStream) else None
        if "timecode" in carried and rate:
            start = self._span.start
            carried["timecode"] = moved_timecode(
                carried["timecode"], rate, seconds=start
            )
        return carried

    def _attach(self, stream: Stream, plan: StreamPlan) -> None:
        if plan.way is Way.ATTACHED:
            added = attach_cover(
                self._out, stream, packet=self._covers.pop(stream.index)
            )
        else:
            added = self._out.add_stream_from_template(stream)
            added.metadata.update(carried_metadata(stream, self._out.format.name))
            # Matroska's muxer refuses an attachment without these.
            added.metadata.setdefault("filename", f"attachment{stream.index}")
            added.metadata.setdefault("mimetype", "application/octet-stream")
        packets = int(plan.way is Way.ATTACHED)  # a cover is read as one
        self._attached.append(
            WrittenStream(added.index, stream.type, plan.codec, packets, None, None)
        )

    def _track(self, stream: Stream, plan: StreamPlan) -> Track:
        converter = converter_for(plan, stream, out=self._out)
        if converter is None:
            added: Stream = copied_stream(self._out, stream)
        else:
            added = converter.out
        added.disposition = stream.disposition
        if stream.type == "video":
            # Players show the default one: that must be the enlarged.
            added.disposition &= ~Disposition.default
        metadata = self._metadata(stream, encoded_anew=converter is not None)
        added.metadata.clear()
        added.metadata.update(metadata)
        return Track(stream, added, self._clock, converter)

    def _add_chapters(self) -> None:
        chapters = self._container.chapters()
        moved = self._zero - self._timeline.shift_seconds
        kept = moved_chapters(chapters, moved, span=self._span)
        if kept and self._row.chapters:
            self._out.set_chapters(as_texts(kept) if self._row.boxes else kept)

    def _timed(self) -> Iterator[tuple[Fraction, AnyPacket, Track]]:
        """Each packet to write with its time in the output."""
        for index, packet in self._covers.items():
            packet.stream = self._tracks[index].out
            packet.time_base = Fraction(self._tracks[index].out.time_base or 1)
            yield Fraction(0), packet, self._tracks[index]
        tracks = [t for i, t in self._tracks.items() if i not in self._covers]
        streams = [track.stream for track in tracks]
        if not streams:
            return
        if self._zero and self._timeline.is_simple:
            shown = any(stream.type == "subtitle" for stream in streams)
            place = self._zero - (_LOOK_BACK_SECONDS if shown else 0)
            _seek(self._container, place - self._timeline.shift_seconds)
        packets = packets_of(self._container, streams, damaged=self._note_unreadable)
        for packet in self._timeline.retimed(packets, streams):
            track = self._tracks[packet.stream_index]
            inside = self._inside(packet, track)
            if inside is None:
                break
            if inside:
                yield from self._ready(packet, track)
        for track in tracks:
            yield from self._ready(None, track)

    def _ready(
        self, packet: AnyPacket | None, track: Track
    ) -> Iterator[tuple[Fraction, AnyPacket, Track]]:
        for ready in track.packets(packet):
            if track.is_past(ready):
                continue
            seconds = track.retimed(ready)
            if seconds is None:
                self._dropped += 1
            else:
                yield seconds, ready, track

    def _inside(self, packet: AnyPacket, track: Track) -> bool | None:
        """Whether the packet starts in the span; None: the span is long over."""
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None:
            return True
        seconds = time * Fraction(packet.time_base or 1)
        if self._span.start_seconds and seconds < self._zero:
            # A subtitle from before may still be shown.
            return track.stream.type == "subtitle" and not track.is_past(packet)
        if (
            packet.is_discard
            and seconds < self._zero - self._preroll
            and not self._edits
        ):
            return False
        if self._span.end is None:
            return True
        past = seconds - self._origin - self._span.end
        return None if past > _TAIL_SECONDS else past < 0

    def _note_unreadable(self, error: BaseException) -> None:
        self._dropped += 1
        _LOG.info("%s: cannot read on: %s", self._path, reason(error))


def _is_attachment(stream: Stream) -> bool:
    return stream.type == "attachment"


def _seek(container: InputContainer, seconds: Fraction) -> None:
    try:
        container.seek(int(seconds * av.time_base), backward=True)
    except av.FFmpegError:
        container.seek(0, backward=True)
