"""Frames in, a complete file under its name or nothing: the direct way, in one go."""

from pathlib import Path

from videnhance.frame import Frame, VideoInfo
from videnhance.geometry import Size
from videnhance.media.encoder.video_encoder import (
    DEFAULT_PRESET,
    Encoding,
)
from videnhance.media.output.header import planned_output
from videnhance.media.output.muxer import Muxer
from videnhance.media.output.target import (
    WRITE_ERRORS,
    check_target,
    write_failure,
)
from videnhance.media.source import Source, Span
from videnhance.media.streams.other_streams import StreamPlan

__all__ = ["DEFAULT_PRESET", "Encoding", "Source", "Span", "VideoWriter"]


class VideoWriter:
    """An output that is being made; leaving the `with` block without an error gives it
    its name, and with an error leaves nothing.

    Raises UsageError or OutputError at once for what cannot be written.
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
        self.target = target
        check_target(target, source.path if source else None, overwrite)
        plan = planned_output(target, info, size, encoding, source)
        self.notices: tuple[str, ...] = plan.notices
        """What the output does not keep as it is; known before the first frame."""
        self.streams: tuple[StreamPlan, ...] = plan.streams
        self._muxer = Muxer(plan, overwrite)
        self._coder = self._muxer.coder()

    @property
    def frames_written(self) -> int:
        """Frames given to the encoder."""
        return self._coder.frames

    @property
    def dropped_packets(self) -> int:
        """Packets of the other streams that were damaged, and are left out so far."""
        return self._muxer.dropped_packets

    @property
    def later_notices(self) -> list[str]:
        """What of the other streams was lost on the way, in words."""
        return self._muxer.later_notices

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self.commit()
        else:
            self.abort()

    def write(self, frame: Frame) -> None:
        """Encodes a frame. Raises OutputError for another size, or a full disk."""
        try:
            packets = self._coder.packets(frame)
        except WRITE_ERRORS as error:
            raise write_failure(self.target, error) from error
        self._muxer.mux(packets)

    def commit(self) -> None:
        """Completes the file, reads it back, and gives it its name.

        Raises OutputError, and leaves nothing, if it is not complete.
        """
        coder = self._coder
        try:
            self._muxer.mux(coder.rest())
            end = coder.end_pts * coder.time_base
            self._muxer.commit(coder.frames, end, full=False)
        finally:
            self._muxer.abort()

    def abort(self) -> None:
        """Leaves nothing of the file; the target stays as it was."""
        self._muxer.abort()
