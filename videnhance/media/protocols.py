"""The two ends of the pipeline: what gives frames, and what takes them."""

from collections.abc import Iterator
from typing import Protocol, TypeVar

from videnhance.errors import OutputError
from videnhance.frame import Frame, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.source import ResumePoint
from videnhance.media.streams.actions import StreamPlan

__all__ = ["FrameSink", "FrameSource", "OpenReader", "check_size"]

Reader = TypeVar("Reader", bound="OpenReader")


class FrameSource(Protocol):
    """An open video, picture, sequence or pipe: known at once, iterated over once."""

    damaged_frames: int

    @property
    def info(self) -> VideoInfo:
        """What is known before the first frame."""

    @property
    def notices(self) -> list[str]:
        """What the user must hear; grows while frames are read."""

    @property
    def damaged_packets(self) -> int:
        """Packets that could not be read or decoded, so far."""

    def __iter__(self) -> Iterator[Frame]: ...

    def resume_after(self, mark: ResumePoint) -> None:
        """Lets the iteration begin after a mark. Raises InputError if it is not there.

        Raises UsageError if the source is one that cannot be read again.
        """

    def close(self) -> None:
        """Frees what is held; frames already delivered stay valid."""

    def __enter__(self) -> "FrameSource": ...

    def __exit__(self, kind: object, error: object, trace: object) -> None: ...


class OpenReader:
    """What all sources of frames have alike: they close, and say a thing once."""

    notices: list[str]

    def __enter__(self: Reader) -> Reader:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Frees what is held; frames already delivered stay valid."""
        raise NotImplementedError

    def _note(self, words: str) -> None:
        if words not in self.notices:
            self.notices.append(words)


class FrameSink(Protocol):
    """An output that is being made; leaving `with` without an error completes it."""

    @property
    def frames_written(self) -> int:
        """Frames taken so far."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What the output does not keep as it is; known before the first frame."""

    @property
    def streams(self) -> tuple[StreamPlan, ...]:
        """What becomes of each stream besides the video."""

    @property
    def dropped_packets(self) -> int:
        """Packets of the other streams that were damaged, and are left out so far."""

    def write(self, frame: Frame) -> None:
        """Takes the next frame. Raises OutputError if it cannot be written."""

    def __enter__(self) -> "FrameSink": ...

    def __exit__(self, kind: object, error: object, trace: object) -> None: ...


def check_size(frame: Frame, size: Size, *, output: str) -> None:
    """Raises OutputError, which names the output, for a frame of another size."""
    if frame.size != size:
        raise OutputError(
            f"frame {frame.index} is {frame.size}, but {output} was begun with {size}",
            cause_stays=True,
        )
