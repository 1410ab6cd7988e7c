"""The output file on its way: packets in, read back and checked, and then named."""

from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av

from videnhance.media.containers import check_length
from videnhance.media.encoder.coder import VideoCoder
from videnhance.media.output.boxes import keys_box, with_boxes
from videnhance.media.output.elements import with_in_video
from videnhance.media.output.expected import (
    Expected,
    Times,
    expected_look,
    expected_streams,
)
from videnhance.media.output.faststart import index_in_front
from videnhance.media.output.header import Header, OutputPlan
from videnhance.media.output.immersion import entry_boxes, projection
from videnhance.media.output.provenance import stamped
from videnhance.media.output.target import (
    WRITE_ERRORS,
    check_target,
    publish,
    temporary_beside,
    write_failure,
)
from videnhance.media.output.ts_padding import stuffed
from videnhance.media.output.verify import check_file
from videnhance.media.source import AnyPacket, Span
from videnhance.system.memory import give_back_freed_memory

__all__ = ["Muxer"]


class Muxer:
    """An output that is being made of packets; `commit` gives it its name.

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
        self.plan, self._overwrite, self._announced = plan, overwrite, announced
        target = plan.target
        check_target(target, plan.source.path if plan.source else None, overwrite)
        self._temporary = temporary_beside(target, folder)
        with ExitStack() as stack:
            stack.callback(self._temporary.unlink, missing_ok=True)
            try:
                self._header = Header(plan, f"file:{self._temporary}")
            except WRITE_ERRORS as error:
                raise write_failure(target, error) from error
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
                raise write_failure(self.plan.target, error) from error
            copy.drop(error)
        except WRITE_ERRORS as error:
            raise write_failure(self.plan.target, error) from error

    def _write_last(self, end: Fraction) -> None:
        """An mp4 lasts as long as its decode times do, and the last of its packets."""
        packet = self._held
        if packet is None:
            return
        ticks = round(end / Fraction(packet.time_base))
        most = ticks - max(packet.pts or 0, (packet.dts or 0) + self._lead)
        packet.duration = max(packet.duration or 0, most)
        self._write(packet)

    def commit(self, frames: int, end: Fraction, full: bool) -> None:
        """Completes the file, reads it back, and gives it its name.

        The video has `frames` and ends at `end` seconds; `full` decodes it. Raises
        OutputError, and leaves nothing, if the file is not complete.
        """
        plan = self.plan
        span = plan.source.span if plan.source else Span()
        copy = self._header.copy
        with self._open:
            self._write_last(end)
            try:
                if copy is not None:
                    copy.copy_until(None if span.max_frames is None else end)
                expected = self._expected(frames)  # a closed file tells nothing
                check_length(plan.target, plan.container, expected.length)
                self._header.out.close()
                self._add_boxes()
                if plan.row.boxes:
                    index_in_front(self._temporary)
                stuffed(self._temporary, plan.container)
                stamped(self._temporary, plan.encoding.stamp)
            except WRITE_ERRORS as error:
                raise write_failure(plan.target, error) from error
            if copy is not None:
                copy.close()
            # The index of a long file is large, and is about to be there once more.
            give_back_freed_memory()
            self.checks = check_file(self._temporary, plan.target, expected, full)
            try:
                self._announced(self._temporary)
            except OSError as error:
                raise write_failure(plan.target, error) from error
            publish(self._temporary, plan.target, self._overwrite)

    def _add_boxes(self) -> None:
        plan, path, sphere = self.plan, self._temporary, self.plan.sphere
        if plan.row.boxes:
            entry = entry_boxes(sphere, plan.info.stereo)
            keys = keys_box(plan.keys) if plan.keys else b""
            if keys or entry:
                with_boxes(path, movie=keys, entry=entry)
        elif sphere:
            with_in_video(path, projection(sphere), self._header.title)

    def _expected(self, frames: int) -> Expected:
        plan, header = self.plan, self._header
        written = header.copy.written if header.copy else ()
        codec = plan.encoding.codec
        return Expected(
            container=plan.container,
            frames=frames,
            video=self._times,
            look=expected_look(plan.info, plan.size, codec, plan.stored),
            others=expected_streams(header.out, written),
            chapters=len(header.out.chapters()),
            tags=plan.tags,
        )

    def abort(self) -> None:
        """Leaves nothing of the file; the target stays as it was."""
        self._open.close()
