"""The times of one stream's packets, and where they do not go on as they did.

Times are seconds, as the file has them.
"""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import numpy.typing as npt

__all__ = ["FEW_PACKETS", "Break", "Row", "breaks_of", "fill", "spread"]

FEW_PACKETS = 8
"""Packets in a row whose times may be wrong by themselves."""
_BACK_SECONDS = 0.1
_REORDERED = 16
"""Frames by which an order of showing can differ from that of decoding."""
_LEAST_TICKS = 5
"""Shorter steps than this a container's ticks cannot tell from none."""

Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class Row:
    """The packets of one stream in the order of the file."""

    stream: int
    kind: str
    """FFmpeg's type; only sound and video are dense enough to tell of the clock."""
    tick: Fraction
    """Seconds."""
    times: Floats
    """Of decoding, or of showing where nothing else is told; NaN is not told."""
    places: npt.NDArray[np.int64]
    """Among the packets of all streams."""
    step: float
    """Seconds from one packet to the next."""
    reordered: bool = False
    """Whether the times are those of showing, in the order of decoding."""
    made: dict[int, float] = field(default_factory=dict)
    """Times that are made up, by packet, before they are moved."""

    @property
    def dense(self) -> bool:
        """Whether it has something to say at each moment."""
        return self.kind in ("audio", "video") and len(self.times) > 1

    @property
    def slack(self) -> float:
        """Seconds by which a time may lie before another without being wrong."""
        frames = _REORDERED if self.reordered else 2
        return max(_BACK_SECONDS, frames * self.step)


@dataclass(frozen=True, slots=True)
class Break:
    """A packet whose time, `found`, is not near the one `expected`, in seconds."""

    row: Row
    packet: int
    expected: float
    found: float

    @property
    def place(self) -> int:
        return int(self.row.places[self.packet])

    @property
    def delta(self) -> float:
        return self.found - self.expected

    @property
    def is_packed(self) -> bool:
        """Whether the time behind it is made up as well."""
        return self.packet + 1 in self.row.made


def fill(row: Row) -> None:
    """Gives packets without a time the one that follows from the packet before."""
    missing = np.flatnonzero(np.isnan(row.times))
    for packet in missing.tolist():
        row.times[packet] = row.times[packet - 1] + row.step if packet else 0.0
    if len(missing) and missing[0] == 0:
        told = np.setdiff1d(np.arange(len(row.times)), missing)
        if len(told):
            lead = np.arange(int(told[0]), 0, -1) * row.step
            row.times[: told[0]] = row.times[told[0]] - lead
            if row.reordered:  # FFmpeg gives no times below zero of such formats
                row.made.update(enumerate(row.times[: told[0]].tolist()))


def spread(row: Row) -> None:
    """Sets packets a step apart that a muxer has packed into neighbouring ticks."""
    tick = float(row.tick)
    if row.step < _LEAST_TICKS * tick:
        return
    close = np.abs(np.diff(row.times)) < 1.5 * tick
    edges = np.flatnonzero(np.diff(np.concatenate(([0], close.view(np.int8), [0]))))
    for first, last in edges.reshape(-1, 2).tolist():
        if last - first < 3:
            continue
        for packet in range(first + 1, last + 1):
            row.made[packet] = float(row.times[first] + (packet - first) * row.step)
            row.times[packet] = row.made[packet]


def breaks_of(row: Row) -> list[Break]:
    """Where the stream does not go on as it did; single wrong times are made up."""
    times, slack, step = row.times, row.slack, row.step
    ahead = max(1.0, 2 * slack)
    top = np.maximum.accumulate(times)
    if not ((times[1:] < top[:-1] - slack) | (times[1:] > top[:-1] + ahead)).any():
        return []
    found: list[Break] = []
    highest, packet, values = float(times[0]), 1, times.tolist()
    while packet < len(values):
        time = values[packet]
        if highest - slack <= time <= highest + ahead:
            highest = max(highest, time)
            packet += 1
            continue
        again = _returns(values, packet, highest + step, step, max(slack, 4 * step))
        if again is None:
            found.append(Break(row, packet, highest + step, time))
            highest = time
            packet += 1
            continue
        between = (values[again] - highest) / (again - packet + 1)
        for number in range(packet, again):
            row.made[number] = highest + between * (number - packet + 1)
            row.times[number] = row.made[number]
        packet = again
    return found


def _returns(
    values: list[float], packet: int, expected: float, step: float, within: float
) -> int | None:
    """The packet, one of the next few, at which the times are as expected again."""
    for later in range(packet + 1, min(packet + FEW_PACKETS, len(values) - 1) + 1):
        if abs(values[later] - expected - (later - packet) * step) <= within:
            return later
    return None
