"""Whether a network that was adapted to footage is better on footage it did not see."""

from dataclasses import dataclass

from videnhance.errors import UsageError, counted
from videnhance.models.weights import read_network
from videnhance.training.dataset import held_samples
from videnhance.training.train import Course, base_psnr, held_psnr

__all__ = ["Difference", "compared"]

_NOTICED = 0.02
"""dB; less is within what another seed would change."""


@dataclass(frozen=True, slots=True)
class Difference:
    """PSNR in dB of the held-out samples, before rounding, in float32."""

    base: float
    before: float
    """With the weights that the run began with."""
    after: float
    samples: int

    @property
    def is_better(self) -> bool:
        """Whether it is worth using."""
        return self.after - self.before >= _NOTICED

    def lines(self) -> list[str]:
        """The comparison in words."""
        verdict = (
            "better: use it" if self.is_better else "not better: keep the one before"
        )
        return [
            f"held out and not trained on: {counted(self.samples, 'sample')}",
            f"  base    {self.base:.3f} dB",
            f"  before  {self.before:.3f} dB ({self.before - self.base:+.3f})",
            f"  after   {self.after:.3f} dB ({self.after - self.base:+.3f})",
            f"{self.after - self.before:+.3f} dB, {verdict}",
        ]


def compared(course: Course) -> Difference:
    """Measures the run's result against what it began with."""
    if course.start is None:
        raise UsageError("there is nothing to compare with; name a --start")
    held = held_samples(course.material, course.work / "held")
    before = read_network(course.start)
    after = read_network(str(course.work / "network.pth"))
    return Difference(
        base_psnr(held), held_psnr(before, held), held_psnr(after, held), len(held)
    )
