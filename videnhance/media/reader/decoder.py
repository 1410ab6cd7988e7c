"""From packets to pictures: one video stream decoded, over damage, from any place."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from fractions import Fraction
from logging import getLogger
from pathlib import Path
from typing import Any, cast

from av.codec import Codec
from av.codec.context import CodecContext
from av.container import InputContainer
from av.format import Flags as FormatFlags
from av.index import IndexEntry
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from videnhance.frame.geometry import Size
from videnhance.media.reader.clock import LONGEST_SECONDS
from videnhance.media.reader.decoding import LONGEST_LEAD, PacketDecoder, lead_notice
from videnhance.media.reader.file_notices import (
    behind_notice,
    cut_notice,
    edition_notices,
)
from videnhance.media.reader.headers import declared_fields
from videnhance.media.source import (
    DECODE_ERRORS,
    AnyPacket,
    Reading,
    open_source,
    origin_seconds,
    packets_of,
    reason,
)
from videnhance.media.stream_choice import chosen_video
from videnhance.media.streams.late import unexpected_streams
from videnhance.media.times.timeline import Timeline
from videnhance.system.limits import check_pixels

__all__ = ["MOST_OF_FIELDS", "Decoder", "frame_step", "keeps_times", "time_base_of"]

_LOG = getLogger(__name__)

_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""FFmpeg's own decoders of these do not look at the packets' second picture."""

_NO_MATRIX = 2

MOST_OF_FIELDS = 31
"""Pictures of two fields a second, at most: where there are more packets, all or some
hold one field."""

_ROWS_OF_FRAMES = ("yuv4mpegpipe", "dv")


class Decoder:
    """An open video stream as pictures in the order of showing, from its front or a
    place in it; their times are those of `timeline`, or none.

    Raises InputError if the file cannot be read, or its pictures are too large.
    """

    def __init__(
        self,
        path: Path,
        reading: Reading,
        note: Callable[[str], None],
        timeline: Timeline,
    ) -> None:
        self.path, self.timeline = path, timeline
        self.longest_seconds: float = LONGEST_SECONDS
        """From one frame to the next; what is longer is no time."""
        self.damaged_packets = 0
        self._note, self._reading = note, reading
        self._begin(LONGEST_LEAD)

    def _begin(self, lead: int) -> None:
        """Opens the file; up to `lead` pictures without a whole one are left out."""
        self._at_front, self._packets_read, self._end = True, 0, 0
        with ExitStack() as stack:
            self.container = stack.enter_context(self._source())
            track = self._reading.video_track
            self.stream = chosen_video(self.container, self.name, track=track)
            # Asked for before decoding: some versions crash on it after a failure.
            self.codec = self.stream.name or "unknown"
            self.field_order = declared_fields(self.container, self.stream)
            self.times = self.timeline.of(self.stream.index)
            self._skipped = 0
            """Packets that come before the key frame to begin with."""
            self._cut = self._noted_cut()
            context, limit = self.stream.codec_context, self._reading.limit_pixels
            if limit is not None and context.width and context.height:
                check_pixels(
                    self.name, Size(context.width, context.height), limit=limit
                )
            self._context = self._prepared(context, limit)
            self._joints = {packet for packet, _ in self.times.moves if packet}
            self._ends: list[AnyPacket] = []
            self._decoding = PacketDecoder(
                self._context,
                self.codec,
                self._count_damage,
                lead=lead,
                lacks=lambda packet: packet.is_corrupt and packet not in self._ends,
            )
            self._open = stack.pop_all()

    def close(self) -> None:
        """Closes the file; pictures already given stay valid."""
        self._open.close()

    @property
    def name(self) -> Path | str:
        """What is read, for words."""
        return self.path

    @property
    def origin_seconds(self) -> Fraction:
        """The time of the first frame; a Span counts from it."""
        start = self.times.start_seconds
        return origin_seconds(self.stream) if start is None else start

    @property
    def keeps_times(self) -> bool:
        """Whether the container stores times, so that a time is a place in it."""
        return keeps_times(self.container)

    @property
    def shown_frames(self) -> int:
        """Frames that the file promises to show; 0 if it says nothing."""
        # An edit list hides some: their packets are marked, or not in the index.
        if self.stream.frames and self.container.format.name.startswith("mov"):
            shown = sum(not entry.is_discard for entry in self._index())
            return shown or self.stream.frames
        return self.stream.frames

    def seek(self, pts: int) -> bool:
        """Goes to the key frame before `pts`, before the first picture is asked for;
        False if it stays at the front."""
        if not self.times.is_simple:
            # What is before it is read, but not decoded: its times lead elsewhere.
            place = bisect_right([time for _, time in self.times.keys], pts) - 1
            self._skipped = self.times.keys[place][0] if place >= 0 else 0
            self._at_front = not self._skipped
            return self._skipped > 0
        try:
            self.container.seek(pts - self.times.ticks, stream=self.stream)
        except DECODE_ERRORS:
            self.close()
            self._begin(LONGEST_LEAD)  # AVI has left the front all the same
            return False
        self._at_front = False
        return True

    def pictures(self) -> Iterator[VideoFrame]:
        """The pictures from the first whole one to the end of what can be read.

        All, if there is no whole one from the front on; after a seek, none.
        """
        given = False
        for picture in self._decoding.pictures(self._packets()):
            if self._decoding.gave_up:
                break
            if not given and self._at_front and self._decoding.left_out:
                self._note(lead_notice(self._decoding.left_out))
            given = True
            yield self._tagged(picture)
        if self._decoding.gave_up and self._at_front:
            self.damaged_packets = 0
            self._begin_anew()
            yield from self.pictures()
        else:
            self._note_end()

    def _source(self) -> AbstractContextManager[InputContainer]:
        return open_source(self.path)

    def _begin_anew(self) -> None:
        """At the front, with every picture, whole or not."""
        self.close()
        self._begin(0)

    def _packets(self) -> Iterator[AnyPacket]:
        packets = packets_of(self.container, [self.stream], damaged=self._unreadable)
        for packet in self.timeline.retimed(packets, [self.stream]):
            self._packets_read += 1
            # FFmpeg takes what begins anew behind a joint for a part that is missing
            # of the packet before, or of the one before that.
            if self._joints & {self._packets_read, self._packets_read + 1}:
                self._ends = [*self._ends[-1:], packet]
            self._end = packet.size + (packet.pos or 0)
            if self._packets_read > self._skipped:
                # And what it has shown before for what is not to be shown.
                yield (
                    _shown_anew(packet) if packet.is_discard and self._ends else packet
                )

    def _prepared(
        self, context: VideoCodecContext, limit_pixels: int | None
    ) -> VideoCodecContext:
        tags = {key.lower(): value for key, value in self.stream.metadata.items()}
        if tags.get("alpha_mode") == "1":
            context = self._alpha_decoder() or context
        if limit_pixels is not None:
            context.options = {**context.options, "max_pixels": str(limit_pixels)}
        return context

    def _alpha_decoder(self) -> VideoCodecContext | None:
        """A decoder that gives opacity as well; None, and said, if there is none."""
        name = _ALPHA_DECODERS.get(self.codec)
        if name is None:
            return None
        try:
            codec = Codec(name, "r")
        except ValueError:
            self._note(
                f"transparency is left out: this FFmpeg has no {name} to decode it"
            )
            return None
        context = cast(VideoCodecContext, CodecContext.create(codec))
        told = self.stream.codec_context
        context.color_range, context.colorspace = told.color_range, told.colorspace
        context.color_primaries = told.color_primaries
        context.color_trc = told.color_trc
        return context

    def _tagged(self, picture: VideoFrame) -> VideoFrame:
        other = self._context is not self.stream.codec_context
        # libvpx does not ask the container for what VP8 itself cannot say.
        if other and picture.colorspace == _NO_MATRIX:
            picture.colorspace = self.stream.codec_context.colorspace
        if picture.interlaced_frame and picture.duration:
            rate = 1 / (picture.duration * time_base_of(self.stream))
            picture.duration *= 2 if rate > MOST_OF_FIELDS else 1  # its packet's alone
        return picture

    def _count_damage(self, words: str) -> None:
        self.damaged_packets += 1
        _LOG.info("%s: damaged packet: %s", self.name, words)

    def _unreadable(self, error: BaseException) -> None:
        self._count_damage(f"cannot read on: {reason(error)}")

    def _note_end(self) -> None:
        """Says, and counts, what is known of the file only at its end."""
        self._note_missing()
        for plan in unexpected_streams(self.container):
            self._note(str(plan))
        ends, torn = self._decoding, self._torn_bytes()
        if ends.ends_within or torn > 0:
            self._note("the file ends in the middle of a frame: it is left out")
        elif torn:
            self._note("the file ends in the middle of a frame")
        if ends.ends_within or torn or self._cut or ends.ends_oddly:
            self.damaged_packets += 1

    def _note_missing(self) -> None:
        """Says how many packets the index promises, and the file does not hold."""
        # Other containers count frames that are shown twice, or not at all.
        if not self.container.format.name.startswith("mov"):
            return
        promised = len(self._index()) if self.stream.frames else 0
        missing = (
            promised - self._packets_read if self._at_front else self._beyond_the_end()
        )
        if missing > 0:
            self.damaged_packets += missing
            self._note(
                f"the file is cut off: {promised - missing} of {promised} frames "
                "are there"
            )

    def _torn_bytes(self) -> int:
        """Bytes behind the last frame, below 0 for those that it lacks, where a file
        is a row of frames: FFmpeg passes over them without a word."""
        if self.container.format.name not in _ROWS_OF_FRAMES or not self._end:
            return 0
        return self._size() - self._end

    def _size(self) -> int:
        """Bytes of all that there is to read."""
        return self.path.stat().st_size

    def _noted_cut(self) -> bool:
        """Whether the container itself tells that its end is missing; it is said."""
        with suppress(OSError):
            form = self.container.format.name
            for told in edition_notices(self.path) if "matroska" in form else ():
                self._note(told)
            if behind := behind_notice(self.path, form):
                self._note(behind)
            words = cut_notice(self.path, form)
            if words is not None:
                self._note(words)
                return True
        return False

    def _beyond_the_end(self) -> int:
        """Packets of which the file does not hold the first byte."""
        size = self._size()
        return sum(entry.pos >= size for entry in self._index())

    def _index(self) -> list[IndexEntry]:
        """Where the packets are that lead to what is shown, as the file says."""
        with suppress(*DECODE_ERRORS):
            return list(self.stream.index_entries)
        return []


def _shown_anew(packet: AnyPacket) -> AnyPacket:
    """The same packet, not marked as one whose picture is not to be shown."""
    made = Packet(bytes(packet))
    made.stream, made.time_base = packet.stream, packet.time_base
    made.pts, made.dts, made.duration = packet.pts, packet.dts, packet.duration
    made.is_keyframe = packet.is_keyframe
    return made


def keeps_times(container: InputContainer) -> bool:
    """Whether the container stores times, so that a time is a place in it."""
    flags: Any = container.format.flags  # a number, whatever the stubs say
    return not flags & FormatFlags.no_timestamps.value


def time_base_of(stream: VideoStream) -> Fraction:
    """Seconds of a tick of the stream's times."""
    return stream.time_base or Fraction(1, 90000)


def frame_step(stream: VideoStream) -> int:
    """A frame's duration in ticks, at least 1."""
    rate = stream.guessed_rate or stream.average_rate or Fraction(25)
    return max(round(1 / (rate * time_base_of(stream))), 1)
