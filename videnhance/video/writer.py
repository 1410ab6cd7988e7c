"""The output: frames in, a complete file under its name or nothing.

The file is made beside its name, read back and counted, and only then given the name.
Video times are the source's; with a Span they count from its start, like the sound's.
"""

from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
from av.stream import Discard
from av.video.reformatter import VideoReformatter

from videnhance.errors import OutputError, VidenhanceError, printable
from videnhance.frame import Frame, VideoInfo
from videnhance.region import Size
from videnhance.video.encoder import (
    DEFAULT_PRESET,
    Encoding,
    added_stream,
    as_picture,
    storage,
)
from videnhance.video.source import AnyPacket, Source, Span, chosen_video, open_source
from videnhance.video.streams import Fate, StreamCopy, StreamPlan, plan_streams
from videnhance.video.target import (
    check_target,
    container_for,
    publish,
    temporary_beside,
    write_failure,
)

__all__ = ["DEFAULT_PRESET", "Encoding", "Source", "Span", "VideoWriter"]

_NOT_CARRIED = (
    "major_brand",
    "minor_version",
    "compatible_brands",
    "encoder",
    "duration",
)


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
        self.frames_written = 0
        self._info, self._size, self._overwrite = info, size, overwrite
        self._span = source.span if source else Span()
        self._converter = VideoReformatter()
        self._last_pts: int | None = None
        self._end = Fraction(0)
        self._notes: list[str] = []
        container = container_for(target)
        check_target(target, source.path if source else None, overwrite)
        self.streams: tuple[StreamPlan, ...] = ()
        if source is not None:
            self.streams = plan_streams(source.path, container, encoding.audio)
        self._stored = storage(info, encoding, self._notes)
        self._notes += [str(p) for p in self.streams if p.fate is not Fate.KEPT]
        self._temporary = temporary_beside(target)
        with ExitStack() as stack:
            stack.callback(self._temporary.unlink, missing_ok=True)
            self._out = av.open(
                f"file:{self._temporary}",
                "w",
                format=container,
                container_options=_muxer_options(container, info.time_base),
            )
            stack.callback(self._close_quietly)
            self._begin(encoding, source, stack)
            self._open = stack.pop_all()

    @property
    def notices(self) -> tuple[str, ...]:
        """What the output does not keep as it is; known before the first frame."""
        return tuple(self._notes)

    @property
    def dropped_packets(self) -> int:
        """Packets of the other streams that were damaged, and are left out so far."""
        return self._copy.dropped_packets if self._copy else 0

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.commit()
        else:
            self.abort()

    def write(self, frame: Frame) -> None:
        """Encodes a frame. Raises OutputError for another size, or a full disk."""
        if frame.size != self._size:
            raise OutputError(
                f"frame {frame.index} is {frame.size}, but {printable(self.target)} "
                f"was begun with {self._size}"
            )
        picture = as_picture(frame, self._stored, self._converter)
        picture.time_base = self._base
        picture.pts = self._ticks(frame)
        picture.duration = self._duration(frame, picture.pts)
        self._last_pts = picture.pts
        self._end = (picture.pts + picture.duration) * self._base
        try:
            self._mux(self._stream.encode(picture))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise write_failure(self.target, error) from error
        self.frames_written += 1

    def commit(self) -> None:
        """Completes the file, reads it back, and gives it its name.

        Raises OutputError, and leaves nothing, if it is not complete.
        """
        with self._open:
            try:
                self._mux(self._stream.encode(None))
                self._copy_rest()
                self._out.close()
            except (av.FFmpegError, OSError, ValueError) as error:
                raise write_failure(self.target, error) from error
            self._verify()
            publish(self._temporary, self.target, self._overwrite)

    def abort(self) -> None:
        """Leaves nothing of the file; the target stays as it was."""
        self._open.close()

    def _begin(
        self, encoding: Encoding, source: Source | None, stack: ExitStack
    ) -> None:
        """Adds the streams and writes the header, so that what cannot be fails now."""
        self._stream = added_stream(
            self._out, self._info, self._size, encoding, self._stored, self._notes
        )
        self._base = Fraction(self._stream.codec_context.time_base)
        start = self._span.start
        self._zero = self._info.start_seconds + start if start else Fraction(0)
        self._copy: StreamCopy | None = None
        if source is not None:
            self._copy = StreamCopy(source, self._out, self.streams)
            stack.callback(self._copy.close)
            self._stream.metadata.update(self._copy.video_metadata)
        self._out.metadata.update(
            {k: v for k, v in self._info.metadata.items() if k not in _NOT_CARRIED}
        )
        try:
            self._out.start_encoding()
        except (av.FFmpegError, OSError, ValueError) as error:
            raise write_failure(self.target, error) from error

    def _ticks(self, frame: Frame) -> int:
        """The frame's time in the encoder's ticks; strictly after the one before."""
        if self._zero or frame.time_base != self._base:
            pts = round((frame.pts * frame.time_base - self._zero) / self._base)
        else:
            pts = frame.pts
        return pts if self._last_pts is None else max(pts, self._last_pts + 1)

    def _duration(self, frame: Frame, pts: int) -> int:
        """The source's, else the distance to the frame before, else of the rate."""
        if frame.duration:
            return max(round(frame.duration * frame.time_base / self._base), 1)
        if self._last_pts is not None:
            return pts - self._last_pts
        return max(round(1 / ((self._info.rate or 25) * self._base)), 1)

    def _mux(self, packets: list[AnyPacket]) -> None:
        for packet in packets:
            if self._copy is not None and packet.dts is not None:
                self._copy.copy_until(packet.dts * Fraction(packet.time_base))
            self._out.mux(packet)

    def _copy_rest(self) -> None:
        if self._copy is None:
            return
        self._copy.copy_until(None if self._span.max_frames is None else self._end)

    def _close_quietly(self) -> None:
        with suppress(av.FFmpegError, OSError, ValueError):
            self._out.close()

    def _verify(self) -> None:
        """Raises OutputError unless the file on disk holds every frame and stream."""
        name = printable(self.target)
        try:
            with open_source(self._temporary) as made:
                video = chosen_video(made, self._temporary)
                for stream in made.streams:
                    if stream.index != video.index:
                        stream.discard = Discard.all
                frames = sum(1 for p in made.demux(video) if p.size)
                streams = len(made.streams)
        except (VidenhanceError, av.FFmpegError, OSError, ValueError) as error:
            raise OutputError(
                f"{name}: the file made cannot be read back: {error}"
            ) from error
        wanted = 1 + (self._copy.filled_streams if self._copy else 0)
        if frames != self.frames_written or streams < wanted:
            raise OutputError(
                f"{name}: the file made holds {frames} frames in {streams} streams, "
                f"not {self.frames_written} in {wanted}; nothing was kept: report this"
            )


def _muxer_options(container: str, time_base: Fraction) -> dict[str, str]:
    """Ticks that a start other than zero can be written in exactly, for mp4 and mov."""
    if container not in ("mp4", "mov"):
        return {}
    ticks = time_base.denominator
    return {"movie_timescale": str(ticks * -(-1000 // ticks))}
