"""Plans what an output will hold, and proves it by a header in memory.

Video times are the source's; with a Span they count from its start, like the sound's.
"""

import io
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import av
from av.video.stream import VideoStream

from videnhance.frame import Sphere, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.containers import (
    Container,
    check_length,
    container_for,
    container_named,
)
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.encoder.storage import Stored, playable, storage
from videnhance.media.encoder.user_data import lost_user_data
from videnhance.media.encoder.video_encoder import VideoCoder, added_stream
from videnhance.media.output.file_tags import carried_tags, lost_notice, untaken
from videnhance.media.output.immersion import (
    immersion_notices,
    kept_sphere,
    lengthened,
    projection,
    stereo_mode,
)
from videnhance.media.output.output_file import WRITE_ERRORS, writing
from videnhance.media.output.provenance import TAG
from videnhance.media.source import AnyPacket, Source
from videnhance.media.streams.actions import StreamPlan, better_container
from videnhance.media.streams.other_streams import StreamCopy
from videnhance.media.streams.stream_planner import plan_streams
from videnhance.media.streams.tags import is_counted, moved_timecode

__all__ = ["Header", "MemoryOutput", "OutputPlan", "planned_output"]

_WAITED_FOR = "1000000"
"""Microseconds of packets that FFmpeg keeps while a stream is silent. They come in
order here; its 10 seconds of the others would be 100 MB of a large video."""


@dataclass(frozen=True, slots=True)
class OutputPlan:
    """All that the output will be; whatever cannot be is refused while it is made."""

    target: Path
    container: str
    """FFmpeg's name."""
    info: VideoInfo
    """Of the source."""
    size: Size
    encoding: Encoding
    stored: Stored
    source: Source | None
    """Where the other streams come from; None: there are none."""
    streams: tuple[StreamPlan, ...]
    notices: tuple[str, ...]
    """What the output does not keep as it is, in words."""
    zero: Fraction = Fraction(0)
    """The time of the source, in seconds, that becomes 0."""
    sphere: Sphere | None = None
    """The source's, as far as the output can tell of it."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Of the whole file."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Those of them that the muxer has no place for, and an mp4's keys do."""

    @property
    def row(self) -> Container:
        """What the container can hold."""
        return container_named(self.container)


def planned_output(
    target: Path,
    info: VideoInfo,
    *,
    size: Size,
    encoding: Encoding,
    source: Source | None = None,
) -> OutputPlan:
    """Decides what becomes of everything, and proves it by a header in memory.

    Raises UsageError or OutputError for what cannot be written. Looks at no disk.
    """
    container = container_for(target)
    row = container_named(container)
    check_length(target, container, Fraction(info.duration_seconds or 0))
    streams: tuple[StreamPlan, ...] = ()
    if source is not None:
        track = source.video_track
        streams = plan_streams(
            source.path, container, audio=encoding.audio, video_track=track
        )
    encoding, note = playable(encoding, info, container=container)
    notes = [note] if note else []
    stored = storage(info, encoding, notes, container, size=size)
    notes += lost_user_data(info.user_data, encoding.codec)
    notes += immersion_notices(info, size, container=container, encoder=encoding.codec)
    notes += [str(plan) for plan in streams if plan.loses]
    start = source.span.start if source else Fraction(0)
    tags = carried_tags(info.metadata, container)
    if "timecode" in tags and is_counted(info.rate):
        tags["timecode"] = moved_timecode(tags["timecode"], info.rate, seconds=start)
    elif tags.pop("timecode", None):
        notes.append("the file's timecode is left out: its frames are not counted")
    rest = untaken(tags, container)
    lost = None if row.boxes else lost_notice(rest, container)
    notes += [lost] if lost else []
    hint = better_container(streams, container)
    notes += [hint] if hint else []
    plan = OutputPlan(
        target=target,
        container=container,
        info=info,
        size=size,
        encoding=encoding,
        stored=stored,
        source=source,
        streams=streams,
        notices=(),
        zero=info.start_seconds + start if start else Fraction(0),
        sphere=kept_sphere(info, size, container=container),
        tags=tags,
        keys=rest if row.boxes else {},
    )
    with MemoryOutput(plan) as trial:
        check_length(target, container, trial.starts_apart)
        return replace(plan, notices=(*notes, *trial.notices))


class Header:
    """An output container with all its streams, and its header written.

    Raises UsageError, and what FFmpeg raises.
    """

    def __init__(self, plan: OutputPlan, place: str | io.BytesIO) -> None:
        self.plan = plan
        self.notices: list[str] = []
        self.copy: StreamCopy | None = None
        self.title = ""
        """Of the video's track."""
        with ExitStack() as stack:
            self.out = av.open(
                place,
                "w",
                format=plan.container,
                container_options=_muxer_options(plan.container, plan.info.time_base),
            )
            stack.callback(self._close_quietly)
            self.stream: VideoStream = added_stream(
                self.out,
                plan.info,
                size=plan.size,
                encoding=plan.encoding,
                stored=plan.stored,
                notices=self.notices,
            )
            self._add_others(stack)
            self.out.start_encoding()
            self.open = stack.pop_all()

    def _add_others(self, stack: ExitStack) -> None:
        plan = self.plan
        if plan.source is not None:
            self.copy = StreamCopy(plan.source, self.out, plan.streams)
            stack.callback(self.copy.close)
            self.stream.metadata.update(_without_opacity(self.copy.video_metadata))
            self.stream.disposition = self.copy.video_disposition
        self.out.metadata.update(plan.tags)
        self._tell_immersion()
        if plan.encoding.stamp and plan.row.elements:
            self.out.metadata[TAG] = plan.encoding.stamp

    def _tell_immersion(self) -> None:
        plan, metadata = self.plan, self.stream.metadata
        mode = plan.info.stereo and stereo_mode(plan.info.stereo, plan.container)
        metadata.pop("stereo_mode", None)
        if mode:
            metadata["stereo_mode"] = mode
        self.title = metadata.get("title", "")
        if plan.sphere and not plan.row.boxes:
            metadata["title"] = lengthened(self.title, projection(plan.sphere))

    def _close_quietly(self) -> None:
        with suppress(*WRITE_ERRORS):
            self.out.close()

    def coder(self) -> VideoCoder:
        """The encoder of the video stream."""
        plan = self.plan
        return VideoCoder(self.stream, plan.info, plan.size, plan.stored, plan.zero)


class MemoryOutput:
    """The same output in memory, without the other streams' packets.

    It proves that the output can be, and its encoder makes the segments. Raises what
    the real one raises.
    """

    def __init__(self, plan: OutputPlan) -> None:
        self._place = io.BytesIO()
        with writing(plan.target):
            self._header = Header(plan, self._place)
        self.notices = tuple(self._header.notices)
        self.coder = self._header.coder()

    @property
    def starts_apart(self) -> Fraction:
        """Seconds between the first and the last of the source's streams to start."""
        copy = self._header.copy
        return copy.starts_apart if copy else Fraction(0)

    def finished(self, packets: list[AnyPacket]) -> io.BytesIO:
        """The file of these packets of the video; nothing can be added to it."""
        for packet in packets:
            packet.stream = self._header.stream
            self._header.out.mux(packet)
        self._header.out.close()
        return self._place

    def __enter__(self) -> "MemoryOutput":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the encoder; what is in memory is forgotten."""
        self._header.open.close()


def _without_opacity(metadata: Mapping[str, str]) -> dict[str, str]:
    """Copied from the source, this tag would hide the one that the muxer writes."""
    return {k: v for k, v in metadata.items() if k.lower() != "alpha_mode"}


def _muxer_options(container: str, time_base: Fraction) -> dict[str, str]:
    """Ticks that a start other than zero can be written in exactly, for mp4 and mov."""
    options = {"max_interleave_delta": _WAITED_FOR}
    if not container_named(container).boxes:
        return options
    ticks = time_base.denominator
    return options | {"movie_timescale": str(ticks * -(-1000 // ticks))}
