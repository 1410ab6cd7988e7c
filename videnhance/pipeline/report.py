"""Progress of a running conversion, and the report of a finished one."""

from dataclasses import asdict, dataclass, field
from typing import Any

from videnhance.system.threads import Meter

__all__ = ["Progress", "Report", "Share"]


@dataclass(slots=True)
class Share:
    """What one worker of a cluster has done."""

    segments: int = 0
    frames: int = 0
    peak_memory_mb: float = 0.0
    """Largest resident size of its process."""


@dataclass(slots=True)
class Report:
    """Counts and times of one conversion; filled in as it goes."""

    source: str = ""
    target: str = ""
    engine: str = ""
    model_files: dict[str, str] = field(default_factory=dict)
    """For each file that the model is made of its sha256."""
    frames_in: int = 0
    frames_out: int = 0
    """Enhanced."""
    frames_written: int = 0
    """Given to the encoder, in this run or in those that it goes on from."""
    frames_kept: int = 0
    """Of these, what earlier runs had finished."""
    cells: dict[str, int] = field(default_factory=dict)
    """Cells of all frames by where their residual came from."""
    seconds: dict[str, float] = field(default_factory=dict)
    """`total` and `converting` (without loading) by the clock; `processor`, of all
    threads while converting, and of these the `network`'s; `writing`, what the calling
    thread spent on encoding."""
    peak_memory_mb: float = 0.0
    """Largest resident size of the process, where the system tells."""
    reading: Meter = field(default_factory=Meter)
    working: Meter = field(default_factory=Meter)
    writing: Meter = field(default_factory=Meter)
    damaged_packets: int = 0
    damaged_frames: int = 0
    decoder_crashed: bool = False
    """The process that decoded ended before the video did."""
    dropped_packets: int = 0
    """Packets of sound and subtitles that were damaged."""
    checks: list[str] = field(default_factory=list)
    """What was found right in the finished file."""
    comparison: dict[str, Any] = field(default_factory=dict)
    """Figures of the output beside its source, if they were asked for."""
    notices: list[str] = field(default_factory=list)
    """Known before the work."""
    later_notices: list[str] = field(default_factory=list)
    """Found on the way."""
    streams: list[dict[str, str]] = field(default_factory=list)
    """Every other stream of the source: kept, converted or lost, and why."""
    budget: dict[str, Any] = field(default_factory=dict)
    """Of a time budget: what was `asked`, what was `chosen` at the start, and at the
    end the `network`'s share of the cells, the rate, and whether it was `kept`."""

    workers: dict[str, Share] = field(default_factory=dict)
    """What each worker of a cluster has done; empty without one."""
    retries: int = 0
    """Segments that were begun anew, for their worker was lost or its disk failed."""

    def merge(self, other: "Report") -> None:
        """Adds the cells and the seconds of a part of the work."""
        for name, count in other.cells.items():
            self.cells[name] = self.cells.get(name, 0) + count
        for stage, seconds in other.seconds.items():
            self.add(stage, seconds)
        self.reading.merge(other.reading)
        self.working.merge(other.working)
        self.writing.merge(other.writing)

    @property
    def is_damaged(self) -> bool:
        """Whether anything of the source could not be read whole."""
        counts = self.damaged_packets, self.damaged_frames, self.dropped_packets
        return self.decoder_crashed or any(counts)

    def add(self, stage: str, seconds: float) -> None:
        """Counts time of a stage."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds

    @property
    def waited(self) -> dict[str, float]:
        """Seconds that the rest of the line waited for each stage."""
        return {
            "reader": self.reading.for_upstream,
            "network": self.working.for_upstream,
            "writer": self.writing.for_downstream,
        }

    @property
    def slowest(self) -> str:
        """The stage that the others waited for most; empty if none waited."""
        stage = max(self.waited, key=lambda stage: self.waited[stage])
        return stage if self.waited[stage] else ""

    def as_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        plain = asdict(self)
        for meter in ("reading", "working", "writing"):
            del plain[meter]
        return plain | {"waited_seconds": self.waited, "slowest_stage": self.slowest}


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a conversion is at a moment; what nobody can know is None."""

    frames: int
    """Written so far, those of earlier runs among them."""
    kept: int
    """Of these, what earlier runs had made."""
    total: int | None
    """Frames of the whole; some headers promise more than there are, or fewer."""
    seconds: float
    """Since the first frame."""
    notices: tuple[str, ...] = ()
    """What a user should hear, by now."""

    @property
    def share(self) -> float | None:
        """What is made, 0 to 1."""
        return min(self.frames / self.total, 1.0) if self.total else None

    @property
    def frames_per_second(self) -> float:
        """The pace of this run so far."""
        return (self.frames - self.kept) / max(self.seconds, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far."""
        if not self.total or self.frames <= self.kept:
            return None
        return max(self.total - self.frames, 0) / self.frames_per_second
