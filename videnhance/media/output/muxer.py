"""Writes packets into an output file, reads it back, and gives it its name."""

from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av

from videnhance.frame import Frame, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.containers import check_length
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.encoder.video_encoder import VideoCoder
from videnhance.media.output.boxes import index_in_front, keys_box, with_boxes
from videnhance.media.output.header import Header, OutputPlan, planned_output
from videnhance.media.output.immersion import entry_boxes, projection, with_in_video
from videnhance.media.output.output_file import (
    WRITE_ERRORS,
    Committed,
    OutputFile,
    check_target,
    write_failure,
    writing,
)
from videnhance.media.output.picture_check import planned_picture
from videnhance.media.output.readback import Times
from videnhance.media.output.verify import Expected, check_file, expected_streams
from videnhance.media.source import AnyPacket, Source, Span
from videnhance.system.memory import give_back_freed_memory

__all__ = ["Muxer", "VideoWriter", "padded"]

_LEAST_TS_PACKETS = 16
"""FFmpeg's own demuxer, and so most players, look at about ten."""
_NULL_PACKET = b"\x47\x1f\xff\x10" + b"\xff" * 184
"""ISO/IEC 13818-1, 2.4.3.3: a packet to be thrown away."""


class Muxer:
    """An output that is being made of packets; `complete` gives it its name.

    Until then it lies in `folder`, or beside its name. `announced` is called with the
    finished file just before. Raises UsageError or OutputError at once for what cannot
    be written.
    """

    def __init__(
        self,
        plan: OutputPlan,
        overwrite: bool = False,
        folder: Path | None = None,
        announced: Callable[[Path], None] = lambda _: None,
    ) -> None:
        self.plan, self._announced = plan, announced
        self.target = plan.target
        check_target(
            plan.target, plan.source.path if plan.source else None, overwrite=overwrite
        )
        with ExitStack() as stack:
            self._file = stack.enter_context(
                OutputFile(plan.target, overwrite=overwrite, folder=folder)
            )
            with writing(plan.target):
                self._header = Header(plan, f"file:{self._file.path}")
            stack.push(self._header.open)
            self._open = stack.pop_all()
        self.stream = self._header.stream
        self._held: AnyPacket | None = None
        """The last packet so far."""
        self._lead = 0
        """Ticks from decoding to display of the first packet."""
        self.checks: tuple[str, ...] = ()
        """What was found right in the finished file, in words."""
        self._times = Times(Fraction(self.stream.codec_context.time_base or 1))

    @property
    def dropped_packets(self) -> int:
        """Packets of the other streams that were damaged, and are left out so far."""
        copy = self._header.copy
        return copy.dropped_packets if copy else 0

    @property
    def later_notices(self) -> list[str]:
        """What of the other streams was lost on the way, in words."""
        copy = self._header.copy
        return copy.losses if copy else []

    def coder(self) -> VideoCoder:
        """The encoder of this file's own video stream."""
        return self._header.coder()

    def mux(self, packets: list[AnyPacket]) -> None:
        """Writes packets of the video, and the other streams up to their time."""
        for packet in packets:
            held, self._held = self._held, packet
            if held is None:
                self._lead = (packet.pts or 0) - (packet.dts or 0)
            else:
                self._write(held)

    def _write(self, packet: AnyPacket) -> None:
        copy = self._header.copy
        try:
            packet.stream = self.stream
            if copy is not None and packet.dts is not None:
                copy.copy_until(packet.dts * Fraction(packet.time_base))
            self._times.add(packet)
            self._header.out.mux(packet)
        except av.error.InvalidDataError as error:
            # Packets wait for each other: it is one of a copied stream that is damaged.
            if copy is None:
                raise write_failure(self.target, error) from error
            copy.drop(error)
        except WRITE_ERRORS as error:
            raise write_failure(self.target, error) from error

    def _write_last(self, end: Fraction) -> None:
        """An mp4 lasts as long as its decode times do, and the last of its packets."""
        packet = self._held
        if packet is None:
            return
        ticks = round(end / Fraction(packet.time_base))
        most = ticks - max(packet.pts or 0, (packet.dts or 0) + self._lead)
        packet.duration = max(packet.duration or 0, most)
        self._write(packet)

    def complete(self, frames: int, end: Fraction, full: bool = False) -> None:
        """Completes the file, reads it back, and gives it its name.

        The video has `frames` and ends at `end` seconds; `full` decodes it. Raises
        OutputError, and leaves nothing, if the file is not complete.
        """
        plan, path, copy = self.plan, self._file.path, self._header.copy
        span = plan.source.span if plan.source else Span()
        with self._open:
            self._write_last(end)
            with writing(self.target):
                if copy is not None:
                    copy.copy_until(None if span.max_frames is None else end)
                expected = self._expected(frames)  # a closed file tells nothing
                check_length(self.target, plan.container, expected.length)
                self._header.out.close()
                self._add_what_ffmpeg_leaves_out()
                self._file.stamp(plan.encoding.stamp)
            if copy is not None:
                copy.close()
            # The index of a long file is large, and is about to be there once more.
            give_back_freed_memory()
            self.checks = check_file(path, self.target, expected, full)
            with writing(self.target):
                self._announced(path)
            self._file.publish()

    def _add_what_ffmpeg_leaves_out(self) -> None:
        plan, path, sphere = self.plan, self._file.path, self.plan.sphere
        if plan.row.boxes:
            entry = entry_boxes(sphere, plan.info.stereo)
            keys = keys_box(plan.keys) if plan.keys else b""
            if keys or entry:
                with_boxes(path, movie=keys, entry=entry)
            index_in_front(path)
        elif sphere:
            with_in_video(path, projection(sphere), name=self._header.title)
        padded(path, plan.container)

    def _expected(self, frames: int) -> Expected:
        plan, header = self.plan, self._header
        written = header.copy.written if header.copy else ()
        return Expected(
            container=plan.container,
            frames=frames,
            video=self._times,
            picture=planned_picture(
                plan.info, plan.size, codec=plan.encoding.codec, stored=plan.stored
            ),
            others=expected_streams(header.out, written),
            chapters=len(header.out.chapters()),
            tags=plan.tags,
        )

    def abort(self) -> None:
        """Leaves nothing of the file; the target stays as it was."""
        self._open.close()


class VideoWriter(Muxer, Committed):
    """A video that is being made of frames, in one go.

    Leaving the `with` block without an error gives it its name, and with an error
    leaves nothing. Raises UsageError or OutputError at once for what cannot be written.
    """

    def __init__(
        self,
        target: Path,
        info: VideoInfo,
        size: Size,
        encoding: Encoding,
        source: Source | Path | None = None,
        overwrite: bool = False,
    ) -> None:
        source = Source(source) if isinstance(source, Path) else source
        check_target(target, source.path if source else None, overwrite=overwrite)
        plan = planned_output(target, info, size=size, encoding=encoding, source=source)
        self.notices, self.streams = plan.notices, plan.streams
        super().__init__(plan, overwrite)
        self._coder = self.coder()

    @property
    def frames_written(self) -> int:
        """Frames given to the encoder."""
        return self._coder.frames

    def write(self, frame: Frame) -> None:
        """Encodes a frame. Raises OutputError for another size, or a full disk."""
        with writing(self.target):
            packets = self._coder.packets(frame)
        self.mux(packets)

    def commit(self) -> None:
        """Completes the file, reads it back, and gives it its name.

        Raises OutputError, and leaves nothing, if it is not complete.
        """
        coder = self._coder
        try:
            self.mux(coder.flush())
            self.complete(coder.frames, coder.end_pts * coder.time_base)
        finally:
            self.abort()


def padded(path: Path, container: str) -> None:
    """Fills up a transport stream too short to be known as one, with null packets.

    `container` is FFmpeg's name; others stay. Raises OSError as the disk does.
    """
    size = path.stat().st_size
    missing = _LEAST_TS_PACKETS - size // len(_NULL_PACKET)
    if container != "mpegts" or not size or missing <= 0:
        return
    data = path.read_bytes()
    # The packets of .m2ts are longer, and its muxer fills them up itself.
    starts = set(data[:: len(_NULL_PACKET)])
    if size % len(_NULL_PACKET) == 0 and starts == {_NULL_PACKET[0]}:
        with path.open("ab") as file:
            file.write(_NULL_PACKET * missing)
