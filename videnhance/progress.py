"""How far a conversion is."""

from dataclasses import dataclass

__all__ = ["Progress"]


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
