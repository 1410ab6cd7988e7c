"""What becomes of each stream other than the video, and why, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from av.stream import Stream

from videnhance.errors import printable
from videnhance.media.stream_choice import context_of

__all__ = [
    "MATROSKA",
    "StreamAction",
    "StreamPlan",
    "Way",
    "better_container",
    "codec_words",
]

MATROSKA = "matroska"
"""FFmpeg's name of the container that holds the most."""


class StreamAction(Enum):
    """What becomes of a stream."""

    KEPT = "kept"
    CONVERTED = "converted"
    LOST = "lost"


class Way(Enum):
    """How what is kept or converted gets into the output."""

    COPIED = "packet by packet"
    ENCODED = "encoded again"
    ATTACHED = "as an attachment"
    MUXER = "written by the muxer from the file's or the video's metadata"


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """What becomes of one stream, and why."""

    index: int
    """In the source; -1 for its chapters, which are no stream."""
    kind: str
    codec: str
    action: StreamAction
    why: str = ""
    way: Way = Way.COPIED
    encoder: str = ""
    """FFmpeg's name, where it is encoded again."""
    lessened: bool = False
    """Whether its title or a role of it is lost, though the stream is not."""
    better_in_matroska: bool = False
    """Whether Matroska would keep more of it."""

    @property
    def loses(self) -> bool:
        """Whether anything of the stream changes: that is to be said."""
        return self.action is not StreamAction.KEPT or self.lessened

    @property
    def rank(self) -> tuple[int, bool]:
        """The more of the stream is kept, the higher."""
        order = (StreamAction.LOST, StreamAction.CONVERTED, StreamAction.KEPT)
        return order.index(self.action), not self.lessened

    def as_json(self) -> dict[str, str]:
        """What becomes of it, as a report says it."""
        return {
            "stream": str(self.index),
            "kind": self.kind,
            "codec": self.codec,
            "fate": self.action.value,
            "why": self.why,
        }

    def __str__(self) -> str:
        words = (
            f"stream {self.index} ({self.kind}, {self.codec}) is {self.action.value}"
        )
        if self.index < 0:
            words = f"the {self.kind} ({self.codec}) are {self.action.value}"
        return f"{words}: {self.why}" if self.why else words


def better_container(plans: Sequence[StreamPlan], container: str) -> str | None:
    """Words that name Matroska, if it keeps more of the streams; None if it does not.

    `container` is FFmpeg's name of the one that the plans are for.
    """
    changed = [plan for plan in plans if plan.loses]
    better = [plan for plan in changed if plan.better_in_matroska]
    if container == MATROSKA or not better:
        return None
    if len(better) == len(changed):
        return "everything would be kept in .mkv"
    named = ", ".join(str(p.index) if p.index >= 0 else p.kind for p in better)
    return f"more would be kept in .mkv ({named})"


def codec_words(stream: Stream) -> str:
    """The codec's name; for an attachment its file's."""
    context = context_of(stream)
    if context is not None:
        return context.codec.canonical_name
    if stream.type == "data" and "timecode" in stream.metadata:
        return "timecode"
    named = stream.type in ("attachment", "data") and getattr(stream, "name", None)
    return printable(named) if named else "unknown codec"
