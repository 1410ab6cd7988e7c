"""What becomes of the times of a file's packets: decided once, for all who read it.

The packets of a container whose clock can jump are looked through before the work, so
that the length is known, and the same packet has the same time for every reader.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.stream import Stream

from videnhance.media.source import AnyPacket, open_source
from videnhance.media.times.jumps import ClockRepair, clock_repair, is_unbroken
from videnhance.media.times.scan import PacketTimes, Scan, scanned, wants_scan

__all__ = ["Retiming", "Timeline", "header_timeline", "start_words", "timeline_of"]

_LATE_SECONDS = 10
"""A clock that starts later counts something else than this file."""
_NEARLY_ALL = 0.98
_LEAD_SECONDS = Fraction(-1, 10)
"""Sound before zero that a decoder needs, and nobody hears."""


@dataclass(frozen=True, slots=True)
class Retiming:
    """The times of one stream's packets, which are counted from its first one."""

    stream: int
    moves: tuple[tuple[int, int], ...] = ()
    """From this packet on: so many ticks later."""
    made: tuple[tuple[int, int], ...] = ()
    """Packets whose times are made up, with the one of decoding in ticks."""
    start_seconds: Fraction | None = None
    """Of the first packet that is shown or heard."""
    end_seconds: Fraction | None = None
    shown: int = 0
    """Packets with a time of their own; 0 if they are not counted."""
    keys: tuple[tuple[int, int], ...] = ()
    """Packets that a decoder can start at, and their times, where times jump."""

    @property
    def is_simple(self) -> bool:
        """Whether every time is moved alike, so that a time is a place in the file."""
        return not self.made and all(not packet for packet, _ in self.moves)

    @property
    def ticks(self) -> int:
        """By how much the first packet is moved."""
        return self.moves[0][1] if self.moves and not self.moves[0][0] else 0


@dataclass(frozen=True, slots=True)
class Timeline:
    """The clock of a file as all of its readers have it."""

    streams: tuple[Retiming, ...] = ()
    notices: tuple[str, ...] = ()
    """What was done, in words."""
    shift_seconds: Fraction = Fraction(0)
    """By which everything is moved, so that it starts at zero."""

    @property
    def is_simple(self) -> bool:
        """Whether every time is moved alike, so that a time is a place in the file."""
        return all(stream.is_simple for stream in self.streams)

    @property
    def adds(self) -> bool:
        """Whether it knows more than the file's header says."""
        return any(s.moves or s.end_seconds is not None for s in self.streams)

    def of(self, index: int) -> Retiming:
        """The times of the stream with this index."""
        same = (stream for stream in self.streams if stream.stream == index)
        return next(same, Retiming(index))

    def retimed(
        self, packets: Iterator[AnyPacket], streams: Sequence[Stream]
    ) -> Iterator[AnyPacket]:
        """The packets of these streams with their times, from the front of the file.

        A time that is made up is one of decoding alone where pictures are reordered.
        """
        clocks = {s.index: _Clock(self.of(s.index), s.type) for s in streams}
        for packet in packets:
            clocks[packet.stream_index].set(packet)
            yield packet


class _Clock:
    """The times of one stream while it is read from its first packet on."""

    def __init__(self, retiming: Retiming, kind: str) -> None:
        self._made, self._kind = dict(retiming.made), kind
        self._moves = list(reversed(retiming.moves))
        self._count = self._ticks = 0

    def set(self, packet: AnyPacket) -> None:
        number, self._count = self._count, self._count + 1
        while self._moves and self._moves[-1][0] <= number:
            self._ticks = self._moves.pop()[1]
        made = self._made.get(number)
        if made is not None:
            packet.dts = made
            packet.pts = None if self._kind == "video" else made
        elif self._ticks:
            if packet.dts is not None:
                packet.dts += self._ticks
            if packet.pts is not None:
                packet.pts += self._ticks


def timeline_of(path: Path) -> Timeline:
    """The clock of a file; looks through its packets where the clock can jump.

    Raises InputError if the file cannot be read.
    """
    try:
        status = path.stat()
    except OSError:
        return Timeline()  # whoever opens it says what is wrong
    return _timeline(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=8)
def _timeline(path: Path, size: int, changed: int) -> Timeline:
    del changed  # tells one state of the file from another
    with open_source(path) as container:
        if not wants_scan(container, size):
            return header_timeline(container)
        scan = scanned(container)
        mpeg = container.format.name in ("mpeg", "mpegts")
        transport = container.format.name == "mpegts"
        repair = clock_repair(
            scan.rows,
            mpeg,
            unbroken=lambda place: transport and is_unbroken(path, scan.bytes[place]),
        )
        found = tuple(
            _retiming(row, repair, scan=scan) for row in range(len(scan.rows))
        )
        notices = tuple(_words(repair, scan))
        return _started(Timeline(found, notices), container)


def header_timeline(container: InputContainer) -> Timeline:
    """The clock as the container's header tells of it."""
    found = []
    for stream in container.streams:
        if stream.type in ("audio", "video") and stream.time_base:
            start = stream.start_time
            seconds = None if start is None else start * Fraction(stream.time_base)
            found.append(Retiming(stream.index, start_seconds=seconds))
    return _started(Timeline(tuple(found)), container)


def _retiming(number: int, repair: ClockRepair, *, scan: Scan) -> Retiming:
    row = scan.rows[number]
    changes = repair.changes.get(row.stream, [])
    moves = [(c.packet, round(c.seconds / row.tick)) for c in changes]
    ticks = np.zeros(len(row.times), np.int64)
    for packet, moved in moves:
        ticks[packet:] = moved
    shown = scan.shown[number] + ticks
    made = repair.made.get(row.stream, {})
    tick = float(row.tick)
    times = {n: round(t / tick) + int(ticks[n]) for n, t in sorted(made.items())}
    for packet, time in times.items():
        shown[packet] = time
    kept = shown[scan.is_shown[number]]
    keys: tuple[tuple[int, int], ...] = ()
    jumps = times or any(packet for packet, _ in moves)
    if jumps and row.kind == "video":
        at = np.flatnonzero(scan.is_key[number]).tolist()
        keys = tuple((packet, int(shown[packet])) for packet in at)
    return Retiming(
        stream=row.stream,
        moves=tuple(moves),
        made=tuple(times.items()),
        start_seconds=int(kept[:32].min()) * row.tick if len(kept) else None,
        end_seconds=_end(kept, row.tick, step=row.step),
        shown=_shown(row, kept, is_shown=scan.is_shown[number]),
        keys=keys,
    )


def _shown(
    row: PacketTimes, kept: npt.NDArray[np.int64], *, is_shown: npt.NDArray[np.bool_]
) -> int:
    """Packets with a time of their own; 0 if some, like second fields, have none."""
    if not len(kept):
        return 0
    alike = row.kind != "video" or is_shown.mean() > _NEARLY_ALL
    return len(np.unique(kept)) if alike else 0


def _end(shown: np.ndarray, tick: Fraction, *, step: float) -> Fraction | None:
    if not len(shown):
        return None
    return (int(shown.max()) + round(step / float(tick))) * tick


def _started(timeline: Timeline, container: InputContainer) -> Timeline:
    """The timeline, moved so that it starts at zero, if it starts before or late."""
    kinds = {s.index: s.type for s in container.streams}
    bases = {s.index: Fraction(s.time_base or 1) for s in container.streams}
    starts = {
        s.stream: s.start_seconds
        for s in timeline.streams
        if s.start_seconds is not None and kinds[s.stream] in ("audio", "video")
    }
    if not starts:
        return timeline
    first = min(starts.values())
    leads = all(
        start >= (0 if kinds[index] == "video" else _LEAD_SECONDS)
        for index, start in starts.items()
    )
    words = start_words(max(first, Fraction(0)) if leads else first)
    if words is None:
        return timeline
    streams = []
    known = {s.stream: s for s in timeline.streams}
    for index in kinds:
        streams.append(
            _moved(known.get(index, Retiming(index)), -first, base=bases[index])
        )
    return replace(
        timeline,
        streams=tuple(streams),
        notices=(*timeline.notices, words),
        shift_seconds=-first,
    )


def start_words(seconds: Fraction) -> str | None:
    """What is said of a clock that starts below zero or late, and so is moved to zero;
    None if it is not."""
    if 0 <= seconds <= _LATE_SECONDS:
        return None
    place = "below zero" if seconds < 0 else f"at {_clock_words(seconds)}"
    return f"the clock of the file starts {place}: times count from its first one"


def _moved(stream: Retiming, seconds: Fraction, *, base: Fraction) -> Retiming:
    """All of its times so many seconds later."""
    ticks = round(seconds / base)
    exact, start, end = ticks * base, stream.start_seconds, stream.end_seconds
    moves = stream.moves
    if not moves or moves[0][0]:
        moves = ((0, 0), *moves)
    return replace(
        stream,
        moves=tuple((packet, moved + ticks) for packet, moved in moves),
        made=tuple((packet, time + ticks) for packet, time in stream.made),
        keys=tuple((packet, time + ticks) for packet, time in stream.keys),
        start_seconds=None if start is None else start + exact,
        end_seconds=None if end is None else end + exact,
    )


def _words(repair: ClockRepair, scan: Scan) -> Iterator[str]:
    """What is said of the clock, a line for each kind of damage."""
    kinds = {row.stream: row.kind for row in scan.rows}
    if repair.jumps:
        count, first = len(repair.jumps), repair.jumps[0]
        way = "back" if first < 0 else "forward"
        times = "" if count == 1 else f" {count} times, first"
        yield (
            f"the clock of the file jumps{times} {way} by "
            f"{_clock_words(Fraction(abs(first)))}: what follows is moved, all streams "
            "alike, and goes on without a break"
        )
    if repair.holes:
        longest = _clock_words(Fraction(max(repair.holes)))
        count = len(repair.holes)
        times = "for" if count == 1 else f"{count} times, at most for"
        stay = "the hole stays" if count == 1 else "the holes stay"
        yield f"nothing was recorded {times} {longest}: {stay}"
    for stream in sorted(repair.alone):
        yield (
            f"the times of stream {stream} ({kinds[stream]}) leave those of the "
            "others: it is moved back to them"
        )
    for stream, made in sorted(repair.made.items()):
        some = "one packet has" if len(made) == 1 else f"{len(made)} packets have"
        yield (
            f"{some} no right time in stream {stream} ({kinds[stream]}): each is set "
            "between its neighbours"
        )


def _clock_words(seconds: Fraction) -> str:
    if seconds < 60:
        return f"{float(seconds):.3g} s"
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02} h"
