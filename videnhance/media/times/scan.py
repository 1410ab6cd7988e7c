"""The times of all packets of a file, read from its first byte to its last."""

from array import array
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from videnhance.media.source import AnyPacket, packets_of
from videnhance.media.times.row import Row

__all__ = ["Scan", "scanned", "wants_scan"]

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


@dataclass(frozen=True, slots=True)
class Scan:
    """What was read, stream by stream."""

    rows: tuple[Row, ...]
    shown: tuple[npt.NDArray[np.int64], ...]
    """When each packet is shown, in ticks."""
    is_shown: tuple[npt.NDArray[np.bool_], ...]
    """Which packets have such a time, and are not only for the decoder."""
    is_key: tuple[npt.NDArray[np.bool_], ...]
    bytes: npt.NDArray[np.int64]
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
    for packet in packets_of(container, streams, lambda _: None) if streams else ():
        columns[packet.stream_index].add(packet, len(places))
        places.append(-1 if packet.pos is None else packet.pos)
    by_showing = container.format.name in _BY_SHOWING
    found = [_row(column, by_showing) for column in columns.values()]
    return Scan(
        rows=tuple(row for row, _, _, _ in found),
        shown=tuple(shown for _, shown, _, _ in found),
        is_shown=tuple(is_shown for _, _, is_shown, _ in found),
        is_key=tuple(is_key for _, _, _, is_key in found),
        bytes=np.array(places, np.int64),
    )


def _has_times(stream: Stream) -> bool:
    cover = stream.disposition & Disposition.attached_pic
    return stream.type != "attachment" and not cover and bool(stream.time_base)


def _row(
    column: _Column, by_showing: bool
) -> tuple[Row, npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    stream = column.stream
    pts, dts = np.array(column.pts, np.int64), np.array(column.dts, np.int64)
    flags = np.array(column.flags, np.int8)
    tick = Fraction(stream.time_base or 1)
    shown = np.where(pts == _NONE, dts, pts)
    basis = shown if by_showing or (dts == _NONE).all() else dts
    times = np.where(basis == _NONE, np.nan, basis * float(tick))
    reordered = by_showing and stream.type == "video"
    row = Row(
        stream=stream.index,
        kind=stream.type,
        tick=tick,
        times=times,
        places=np.array(column.places, np.int64),
        step=_step(stream, times, np.array(column.durations, np.float64) * float(tick)),
        reordered=reordered,
    )
    own = pts if stream.type == "video" and (pts != _NONE).any() else shown
    return row, shown, (own != _NONE) & (flags & 2 == 0), flags & 1 != 0


def _step(
    stream: Stream, times: npt.NDArray[np.float64], durations: npt.NDArray[np.float64]
) -> float:
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
