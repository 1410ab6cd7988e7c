"""The times of all packets of a file, read from its first byte to its last, and where a
stream's do not go on as they did.

Times are seconds, as the file has them.
"""

from array import array
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from videnhance.media.source import AnyPacket, packets_of

__all__ = [
    "FEW_PACKETS",
    "PacketTimes",
    "Scan",
    "TimeJump",
    "fill",
    "jumps_of",
    "scanned",
    "spread",
    "wants_scan",
]

FEW_PACKETS = 8
"""Packets in a row whose times may be wrong by themselves."""
_BACK_SECONDS = 0.1
_REORDERED = 16
"""Frames by which an order of showing can differ from that of decoding."""
_LEAST_TICKS = 5
"""Shorter steps than this a container's ticks cannot tell from none."""
_ALWAYS = ("flv", "live_flv", "mpeg", "mpegts")
"""Formats of recordings and streams, whose clock may begin anew at any place."""
_IF_SMALL = ("asf", "matroska,webm", "nut", "ogg", "rm", "wtv")
_SMALL_BYTES = 2 << 30
"""A larger file of the others is taken at its word: to read it through takes long."""
_BY_SHOWING = ("asf", "matroska,webm", "nut", "ogg", "rm")
"""Formats that store times of showing alone; FFmpeg guesses those of decoding."""
_NONE = -(1 << 63)
_USUAL_RATES = (1, 1000)
"""Frames a second that are believed."""

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(slots=True)
class PacketTimes:
    """The packets of one stream in the order of the file."""

    stream: int
    kind: str
    """FFmpeg's type; only sound and video are dense enough to tell of the clock."""
    tick: Fraction
    """Seconds."""
    times: Floats
    """Of decoding, or of showing where nothing else is told; NaN is not told."""
    places: Integers
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
class TimeJump:
    """A packet whose time, `found`, is not near the one `expected`, in seconds."""

    row: PacketTimes
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


@dataclass(frozen=True, slots=True)
class Scan:
    """What was read, stream by stream."""

    rows: tuple[PacketTimes, ...]
    shown: tuple[Integers, ...]
    """When each packet is shown, in ticks."""
    is_shown: tuple[Flags, ...]
    """Which packets have such a time, and are not only for the decoder."""
    is_key: tuple[Flags, ...]
    bytes: Integers
    """Where each packet of the file begins; -1 if that is not told."""


class _Column:
    """The packets of one stream, as they are read."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.pts, self.dts = array("q"), array("q")
        self.durations, self.places = array("q"), array("q")
        self.flags = array("b")

    def add(self, packet: AnyPacket, place: int) -> None:
        pts, dts = packet.pts, packet.dts
        self.pts.append(_NONE if pts is None else pts)
        self.dts.append(_NONE if dts is None else dts)
        self.durations.append(packet.duration or 0)
        self.places.append(place)
        self.flags.append(packet.is_keyframe | packet.is_discard << 1)


def wants_scan(container: InputContainer, size: int) -> bool:
    """Whether the clock of such a file, of `size` bytes, can jump."""
    name = container.format.name
    if name in _ALWAYS:
        return True
    if name.startswith("mov"):  # without an index of all packets it is in fragments
        video = container.streams.video
        return size <= _SMALL_BYTES and bool(video) and not video[0].frames
    return name in _IF_SMALL and size <= _SMALL_BYTES


def scanned(container: InputContainer) -> Scan:
    """Reads all packets of the container, which is at its front."""
    columns = {s.index: _Column(s) for s in container.streams if _has_times(s)}
    places = array("q")
    streams = [column.stream for column in columns.values()]
    for packet in (
        packets_of(container, streams, damaged=lambda _: None) if streams else ()
    ):
        columns[packet.stream_index].add(packet, len(places))
        places.append(-1 if packet.pos is None else packet.pos)
    by_showing = container.format.name in _BY_SHOWING
    found = [_row(column, by_showing) for column in columns.values()]
    parts: list[Any] = [*zip(*found, strict=True)] if found else [()] * 4
    rows, shown, is_shown, is_key = parts
    return Scan(rows, shown, is_shown, is_key, np.array(places, np.int64))


def _has_times(stream: Stream) -> bool:
    cover = stream.disposition & Disposition.attached_pic
    return stream.type != "attachment" and not cover and bool(stream.time_base)


def _row(
    column: _Column, by_showing: bool
) -> tuple[PacketTimes, Integers, Flags, Flags]:
    stream = column.stream
    pts, dts = np.array(column.pts, np.int64), np.array(column.dts, np.int64)
    flags = np.array(column.flags, np.int8)
    tick = Fraction(stream.time_base or 1)
    shown = np.where(pts == _NONE, dts, pts)
    basis = shown if by_showing or (dts == _NONE).all() else dts
    times = np.where(basis == _NONE, np.nan, basis * float(tick))
    reordered = by_showing and stream.type == "video"
    row = PacketTimes(
        stream=stream.index,
        kind=stream.type,
        tick=tick,
        times=times,
        places=np.array(column.places, np.int64),
        step=_step(
            stream,
            times,
            durations=np.array(column.durations, np.float64) * float(tick),
        ),
        reordered=reordered,
    )
    own = pts if stream.type == "video" and (pts != _NONE).any() else shown
    return row, shown, (own != _NONE) & (flags & 2 == 0), flags & 1 != 0


def _step(stream: Stream, times: Floats, *, durations: Floats) -> float:
    """Seconds from one packet to the next, most likely."""
    if isinstance(stream, VideoStream):
        told: Any = stream.guessed_rate or stream.average_rate
        if told and _USUAL_RATES[0] <= told <= _USUAL_RATES[1]:
            return float(1 / told)
    elif (durations > 0).any():
        return float(np.median(durations[durations > 0]))
    steps = np.abs(np.diff(times))
    steps = steps[steps > 0]  # also leaves out what is not a number
    return float(np.median(steps)) if len(steps) else 0.04


def fill(row: PacketTimes) -> None:
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


def spread(row: PacketTimes) -> None:
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


def jumps_of(row: PacketTimes) -> list[TimeJump]:
    """Where the stream does not go on as it did; single wrong times are made up."""
    times, slack, step = row.times, row.slack, row.step
    ahead = max(1.0, 2 * slack)
    top = np.maximum.accumulate(times)
    if not ((times[1:] < top[:-1] - slack) | (times[1:] > top[:-1] + ahead)).any():
        return []
    found: list[TimeJump] = []
    highest, packet, values = float(times[0]), 1, times.tolist()
    while packet < len(values):
        time = values[packet]
        if highest - slack <= time <= highest + ahead:
            highest = max(highest, time)
            packet += 1
            continue
        again = _returns(
            values,
            packet,
            expected=highest + step,
            step=step,
            within=max(slack, 4 * step),
        )
        if again is None:
            found.append(TimeJump(row, packet, highest + step, time))
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
    values: list[float], packet: int, *, expected: float, step: float, within: float
) -> int | None:
    """The packet, one of the next few, at which the times are as expected again."""
    for later in range(packet + 1, min(packet + FEW_PACKETS, len(values) - 1) + 1):
        if abs(values[later] - expected - (later - packet) * step) <= within:
            return later
    return None
