"""Where the times of a file's packets jump, and what they are moved by.

All streams of a file share one clock. What all of them do at one place is a jump of
that clock: a joined or resumed recording, a wrapped counter. What one of them does
alone is damage. FFmpeg's rule (`-dts_delta_threshold`) looks at one stream at a time.

Each packet of a transport stream counts on from the last one of its kind (ISO/IEC
13818-1). Where the counters go on and the clock does not, the recorder itself has
waited; where both jump, files were joined or something was not received.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from videnhance.media.times.scan import (
    FEW_PACKETS,
    PacketTimes,
    TimeJump,
    fill,
    jumps_of,
    spread,
)

__all__ = [
    "HOLE_SECONDS",
    "JOIN_SECONDS",
    "Change",
    "ClockRepair",
    "clock_repair",
    "is_unbroken",
]

JOIN_SECONDS = 10.0
"""A longer silence of all streams of a broadcast is a join, as it is to FFmpeg."""
HOLE_SECONDS = 3600.0
"""A longer one in other files is a clock set anew; a shorter one was recorded so."""
_APART_SECONDS = 10_000.0
"""Streams of one file do not begin so far from each other."""
_ALIKE_SECONDS = 5.0
"""How far the jumps of two streams of one clock may differ: they end unevenly."""
_OVERLAP_SECONDS = 0.1
"""Of sound over a joint: less than a packet or two, so that the picture has no hole."""
_WRAP = Fraction(1 << 33, 90000)
"""What the clock of MPEG's systems counts."""
_WRAP_SLACK = 2.0
_SYNC = 0x47
_LENGTHS = ((188, 0), (192, 4), (204, 0))
"""Bytes of a packet, and of what stands in it before its mark."""
_NEAR = 1 << 20
"""Bytes that are looked at before it."""
_AFTER = 16
"""Packets that are looked at behind it: a rare kind may come only after a joint."""
_NO_PAYLOAD = 0x1FFF


@dataclass(frozen=True, slots=True)
class Change:
    """Times of one stream are moved by `seconds` from this packet on."""

    packet: int
    seconds: Fraction


@dataclass(slots=True)
class ClockRepair:
    """What becomes of the times of all streams."""

    changes: dict[int, list[Change]] = field(default_factory=dict)
    """By stream."""
    made: dict[int, dict[int, float]] = field(default_factory=dict)
    """Times that are made up: by stream, by packet, in seconds before any move."""
    jumps: list[float] = field(default_factory=list)
    """Jumps of the clock, in seconds: what it missed by. A counter that wraps goes on
    as it should."""
    holes: list[float] = field(default_factory=list)
    """Long times in which nothing was recorded, which stay, in seconds."""
    alone: dict[int, int] = field(default_factory=dict)
    """By stream: how often it left the others."""


def clock_repair(
    rows: Sequence[PacketTimes],
    mpeg: bool,
    *,
    unbroken: Callable[[int], bool] = lambda _: False,
) -> ClockRepair:
    """Decides for all streams of a file.

    `mpeg`: whether its clock is that of MPEG's systems, which wraps, and whose jumps
    forward are joins unless the multiplex is `unbroken` at that place.
    """
    repair = ClockRepair()
    dense = [row for row in rows if row.dense]
    for row in dense:
        fill(row)
        spread(row)
    _Repairer(repair, dense, mpeg, unbroken).decide()
    _bring_together(repair, dense)
    for row in rows:
        if not row.dense:
            _follow(repair, row, dense=dense)
        elif row.made:
            repair.made[row.stream] = row.made
    return repair


class _Repairer:
    """The jumps of all streams, decided in the order of the file."""

    def __init__(
        self,
        repair: ClockRepair,
        dense: list[PacketTimes],
        mpeg: bool,
        unbroken: Callable[[int], bool],
    ) -> None:
        self._repair, self._dense, self._mpeg = repair, dense, mpeg
        self._unbroken = unbroken
        self._waiting = {row.stream: jumps_of(row) for row in dense}

    def decide(self) -> None:
        """Goes through all of them."""
        while any(self._waiting.values()):
            firsts = [breaks[0] for breaks in self._waiting.values() if breaks]
            here = min(firsts, key=lambda b: b.place)
            group = [here, *(b for b in firsts if b is not here and _alike(here, b))]
            for one in group:
                self._waiting[one.row.stream].pop(0)
            if not self._starts_wrong(here, group) and not self._is_hole(here, group):
                self._move(here, group)

    def _others(self, group: list[TimeJump]) -> list[PacketTimes]:
        inside = {one.row.stream for one in group}
        return [row for row in self._dense if row.stream not in inside]

    def _starts_wrong(self, here: TimeJump, group: list[TimeJump]) -> bool:
        """Makes up the times of the first few packets, if these are the wrong ones."""
        row, found = here.row, here.found
        moved = self._repair.changes.get(row.stream)
        if here.packet > FEW_PACKETS or len(group) > 1 or moved:
            return False
        starts = [float(other.times[0]) for other in self._others(group)]
        first = float(row.times[0])
        if not any(abs(s - found) < abs(s - first) for s in starts) and (
            starts or here.delta > 0
        ):
            return False
        back = found - row.step * np.arange(here.packet, 0, -1)
        row.made.update(enumerate(back.tolist()))
        row.times[: here.packet] = back
        return True

    def _is_hole(self, here: TimeJump, group: list[TimeJump]) -> bool:
        """Whether nothing was recorded there, so that the times are right."""
        if here.delta < 0 or here.is_packed:
            return False
        others = self._others(group)
        if any(self._end(row) >= self._time(here, here.found) for row in others):
            return True  # the others fill it
        longest = HOLE_SECONDS
        if self._mpeg and not self._unbroken(here.place):
            longest = JOIN_SECONDS
        if here.delta > longest or self._is_lone(here, others):
            return False
        if here.delta > JOIN_SECONDS and len(group) > 1:  # one alone may stand still
            self._repair.holes.append(here.delta)
        return True

    def _is_lone(self, here: TimeJump, others: list[PacketTimes]) -> bool:
        """Whether another stream goes on where this one jumps from."""
        if here.is_packed:
            return True
        left = (len(here.row.times) - here.packet) * here.row.step
        end = self._time(here, here.expected) + min(1.0, left / 2)
        if here.delta > 0:
            return any(self._end(row) > end for row in others)
        # One packet behind the place may only have been late.
        return any(
            row.places[-2] >= here.place and self._end(row) > end for row in others
        )

    def _time(self, here: TimeJump, time: float) -> float:
        """A time of before the jump, as the output has it."""
        return time + float(_offset(self._repair, here.row, packet=here.packet - 1))

    def _end(self, row: PacketTimes) -> float:
        """The last time of a stream before its own next jump, as the output has it."""
        breaks = self._waiting[row.stream]
        end = breaks[0].packet if breaks else len(row.times)
        changes = self._repair.changes.get(row.stream)
        start = changes[-1].packet if changes else 0
        return float(
            row.times[start:end].max() + _offset(self._repair, row, packet=end)
        )

    def _move(self, here: TimeJump, group: list[TimeJump]) -> None:
        repair, lone = self._repair, False
        if len(group) == 1:
            if len(here.row.times) - here.packet <= FEW_PACKETS:
                _end_wrong(here)
                return
            lone = self._is_lone(here, self._others(group))
        seconds = _seconds(group, self._mpeg)
        for one in group:
            before = _offset(repair, one.row, packet=len(one.row.times))
            changes = repair.changes.setdefault(one.row.stream, [])
            changes.append(Change(one.packet, before + seconds))
        if lone:
            stream = here.row.stream
            repair.alone[stream] = repair.alone.get(stream, 0) + 1
        elif abs(seconds) != _WRAP:
            repair.jumps.append(here.delta)


def _end_wrong(here: TimeJump) -> None:
    """Makes up the times of the last few packets."""
    row = here.row
    for number in range(here.packet, len(row.times)):
        row.made[number] = here.expected + (number - here.packet) * row.step
        row.times[number] = row.made[number]


def _alike(one: TimeJump, other: TimeJump) -> bool:
    """Whether two streams jump together: as far, or to the same time."""
    if (one.delta < 0) != (other.delta < 0):
        return False
    far, to = abs(one.delta - other.delta), abs(one.found - other.found)
    return min(far, to) <= _ALIKE_SECONDS


def _seconds(group: list[TimeJump], mpeg: bool) -> Fraction:
    """What all of them are moved by, so that none covers its own end."""
    lead = next((one for one in group if one.row.kind == "video"), group[0])
    seconds = -lead.delta
    seconds = max([seconds, *(-one.delta - _OVERLAP_SECONDS for one in group)])
    if mpeg and abs(abs(seconds) - float(_WRAP)) < _WRAP_SLACK:
        return _WRAP if seconds > 0 else -_WRAP
    return round(Fraction(seconds) / lead.row.tick) * lead.row.tick


def _offset(repair: ClockRepair, row: PacketTimes, *, packet: int) -> Fraction:
    """What the times of this packet are moved by so far."""
    made = [c for c in repair.changes.get(row.stream, []) if c.packet <= packet]
    return made[-1].seconds if made else Fraction(0)


def _bring_together(repair: ClockRepair, dense: list[PacketTimes]) -> None:
    """Moves a stream that begins days after the others to their start."""
    starts = {row.stream: _first(repair, row) for row in dense}
    first = min(starts.values(), default=0.0)
    for row in dense:
        if starts[row.stream] - first > _APART_SECONDS:
            moved = round(Fraction(first - starts[row.stream]) / row.tick) * row.tick
            rest = repair.changes.get(row.stream, [])
            repair.changes[row.stream] = [
                Change(0, moved),
                *(Change(c.packet, c.seconds + moved) for c in rest),
            ]
            repair.alone[row.stream] = repair.alone.get(row.stream, 0) + 1


def _first(repair: ClockRepair, row: PacketTimes) -> float:
    return float(row.times[0]) + float(_offset(repair, row, packet=0))


def _follow(repair: ClockRepair, row: PacketTimes, *, dense: list[PacketTimes]) -> None:
    """Moves the packets of a stream of few, each as the clock was where it lies."""
    lead = max(dense, key=lambda d: (d.kind == "video", len(d.times)), default=None)
    if lead is None or not len(row.times):
        return
    changes = repair.changes.get(lead.stream, [])
    if not changes:
        return
    choices = sorted({Fraction(0), *(c.seconds for c in changes)})
    made: list[Change] = []
    for packet, (time, place) in enumerate(zip(row.times, row.places, strict=True)):
        near = int(np.searchsorted(lead.places, place).clip(0, len(lead.times) - 1))
        now = float(lead.times[near] + _offset(repair, lead, packet=near))
        best = min(choices, key=lambda c: abs(float(time + c) - now))
        if not np.isnan(time) and (made[-1].seconds if made else 0) != best:
            made.append(Change(packet, best))
    if made:
        repair.changes[row.stream] = made


def is_unbroken(path: Path, place: int) -> bool:
    """Whether the counters go on over this byte, where a packet begins.

    False too where it cannot be told. Raises OSError as the disk does.
    """
    with path.open("rb") as file:
        file.seek(max(place - _NEAR, 0))
        before = file.read(min(place, _NEAR))
        after = file.read(_AFTER * max(length for length, _ in _LENGTHS))
    for length, lead in _LENGTHS:
        ends = _counters(before[len(before) % length :], length, lead=lead)
        starts = _counters(after, length, lead=lead)
        both = ends.keys() & starts.keys()
        if both:
            return all((ends[p][1] + 1) % 16 == starts[p][0] for p in both)
    return False


def _counters(data: bytes, length: int, *, lead: int) -> dict[int, tuple[int, int]]:
    """For each kind of packet its first and its last counter; none out of step."""
    found: dict[int, tuple[int, int]] = {}
    for start in range(lead, len(data) - length + 1, length):
        head = data[start : start + 4]
        if len(head) < 4 or head[0] != _SYNC:
            return {}
        kind = (head[1] & 0x1F) << 8 | head[2]
        if kind != _NO_PAYLOAD and head[3] & 0x10:
            counter = head[3] & 0x0F
            found[kind] = found.get(kind, (counter, counter))[0], counter
    return found
