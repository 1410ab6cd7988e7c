"""A segment on its way: an encoder of its own, and the file of its packets."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from videnhance.conversion.journal import Segment
from videnhance.frame import Frame
from videnhance.media.output.header import MemoryOutput, OutputPlan
from videnhance.media.output.packets import PacketFile, packet_times

__all__ = ["Part"]


class Part:
    """A segment that is being made; what is not `closed` leaves nothing behind.

    `last_pts` is the time of the frame before its first one, in ticks of the output;
    None if there is none. Raises as the encoder and the disk do.
    """

    def __init__(self, plan: OutputPlan, path: Path, last_pts: int | None) -> None:
        # Alone in its trial, the video needs no second look at the source.
        self._trial = MemoryOutput(replace(plan, source=None))
        try:
            self._file = PacketFile(path)
        except BaseException:
            self._trial.close()
            raise
        self._coder = self._trial.coder
        self._coder.last_pts = last_pts

    def __enter__(self) -> "Part":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self._trial.close()
        else:
            self.drop()

    @property
    def path(self) -> Path:
        """The file of the packets."""
        return self._file.path

    @property
    def frames(self) -> int:
        """Frames given to the encoder."""
        return self._coder.frames

    def write(self, frame: Frame) -> None:
        """Encodes a frame. Raises OutputError for one of another size."""
        self._file.write(self._coder.packets(frame))

    def closed(
        self, tail: tuple[tuple[int, int], ...], counts: Mapping[str, int]
    ) -> Segment:
        """Ends the encoder, syncs the file, and gives what the journal says of it."""
        coder, path = self._coder, self.path
        with self._file:
            self._file.write(coder.flush())
        return Segment(
            frames=coder.frames,
            bytes=path.stat().st_size,
            first_pts=coder.first_pts or 0,
            last_pts=coder.last_pts or 0,
            end_pts=coder.end_pts,
            delay=_delay(packet_times(path)),
            tail=tail,
            counts=counts,
        )

    def drop(self) -> None:
        """Leaves nothing of it."""
        self._trial.close()
        self._file.drop()


def _delay(times: list[int]) -> int:
    """Packets that a decoder must be ahead so that none is shown before it is there."""
    rank = {pts: n for n, pts in enumerate(sorted(times))}
    return max((n - rank[pts] for n, pts in enumerate(times)), default=0)
