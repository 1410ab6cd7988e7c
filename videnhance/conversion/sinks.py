"""Opens what takes the frames of a job that makes no video file of segments."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from videnhance.conversion.job import Job
from videnhance.conversion.journal import Journal, Segment
from videnhance.conversion.segments import ResumePoints, nothing_chosen
from videnhance.frame import Frame, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.open_any import PIPE, SinkKind, sink_kind
from videnhance.media.output.output_file import write_failure
from videnhance.media.pipes.writer import PipeForm, PipeWriter, standard_output
from videnhance.media.protocols import FrameSink
from videnhance.media.stills.animation_writer import AnimationWriter
from videnhance.media.stills.picture_writer import SequenceWriter, StillWriter
from videnhance.media.streams.actions import StreamPlan

__all__ = ["KeptSequence", "encoder_of", "opened_sink"]

_WRITERS: Mapping[
    SinkKind, type[AnimationWriter] | type[SequenceWriter] | type[StillWriter]
] = {
    SinkKind.ANIMATION: AnimationWriter,
    SinkKind.SEQUENCE: SequenceWriter,
    SinkKind.STILL: StillWriter,
}


def encoder_of(job: Job, info: VideoInfo) -> str:
    """The encoder whose packets the output is made of; "" if it is no video's."""
    kind = sink_kind(job.target, info)
    bare = kind is SinkKind.PIPE and job.pipe in (PipeForm.RAW, PipeForm.Y4M)
    made = kind in (SinkKind.VIDEO, SinkKind.PIPE)
    return job.encoding.codec if made and not bare else ""


@contextmanager
def opened_sink(
    kind: SinkKind, job: Job, *, info: VideoInfo, size: Size, overwrite: bool
) -> Iterator[FrameSink]:
    """The open output of a kind; complete at the end, or, after an error, not there.

    Raises UsageError or OutputError at once for what cannot be written.
    """
    source = None if job.source == PIPE else job.part
    if kind is SinkKind.PIPE:
        with (
            standard_output() as stream,
            PipeWriter(stream, job.pipe, info, size, job.encoding, source) as pipe,
        ):
            yield pipe
        return
    make = _WRITERS[kind]
    with make(job.target, info, size, job.encoding, source, overwrite) as writer:
        yield writer


class KeptSequence:
    """Pictures of a sequence, each complete as soon as it is there; a journal says how
    many of them need not be made again.
    """

    def __init__(
        self, writer: FrameSink, journal: Journal, points: ResumePoints, length: int
    ) -> None:
        self._writer, self._journal = writer, journal
        self._points, self._length = points, length
        self.chosen: Callable[[int], Mapping[str, float]] = nothing_chosen
        """What was chosen for the segment that ends with a frame."""
        if isinstance(writer, SequenceWriter):
            # Pictures may have been taken away since.
            journal.cut_to(writer.done // length)

    @property
    def frames_written(self) -> int:
        """Pictures that are there, those of earlier runs among them."""
        return self._journal.frames + self._writer.frames_written % self._length

    @property
    def notices(self) -> tuple[str, ...]:
        """What the pictures do not keep."""
        return self._writer.notices

    @property
    def streams(self) -> tuple[StreamPlan, ...]:
        """What becomes of each stream beside the video."""
        return self._writer.streams

    @property
    def dropped_packets(self) -> int:
        """None: pictures have no other streams."""
        return 0

    def __enter__(self) -> "KeptSequence":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self._journal.remove()

    def write(self, frame: Frame) -> None:
        """Writes a picture. Raises OutputError."""
        self._journal.holds = True
        self._writer.write(frame)
        if (frame.index + 1) % self._length == 0:
            try:
                self._close_segment(frame)
            except OSError as error:
                raise write_failure(self._journal.target, error) from error

    def _close_segment(self, frame: Frame) -> None:
        part = self._journal.unfinished()
        part.write_bytes(b"")
        segment = Segment(
            frames=self._length,
            bytes=0,
            first_pts=0,
            last_pts=frame.pts,
            end_pts=frame.pts,
            delay=0,
            tail=self._points.until(frame.index, self._length),
            counts=self._points.counts(frame.index),
            chosen=self.chosen(frame.index),
        )
        self._journal.close_segment(part, segment)
