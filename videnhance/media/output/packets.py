"""Writes encoded packets to the file of a segment, and reads them again.

A file is a mark, then one record a packet, in the encoder's order and with its own
times, which no container's time base rounds. Each record has a checksum.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, cast

from av.packet import Packet, PacketSideData

from videnhance.errors import OutputError, printable
from videnhance.media.source import AnyPacket
from videnhance.system.disk import sync

__all__ = ["PacketFile", "packet_times", "read_packets"]

_MARK = b"videnhance packets 1\n"
_HEAD = struct.Struct("<qqqBBI")
"""pts, dts, duration, key frame, pieces of side data, bytes of payload."""
_SIDE = struct.Struct("<BI")
_CHECK = struct.Struct("<I")
_Record = tuple[tuple[int, ...], list[tuple[int, bytes]], bytes]
_KEPT_SIDE_DATA = {"palette": 0, "new_extradata": 1, "matroska_block_additional": 15}
"""FFmpeg's numbers of what a muxer needs beside the payload: VP9 keeps alpha there."""


class PacketFile:
    """A file of packets being written; leaving the `with` block syncs and closes it.

    Raises OSError as the disk does.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.packets = path, 0
        self._file: BinaryIO = path.open("xb")
        self._file.write(_MARK)

    def __enter__(self) -> "PacketFile":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        with self._file:
            if error is None:
                self._file.flush()
                sync(self._file.fileno())

    def drop(self) -> None:
        """Closes and removes the file; an error of the disk is of no interest then."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self.path.unlink(missing_ok=True)

    def write(self, packets: list[AnyPacket]) -> None:
        """Appends packets."""
        for packet in packets:
            record = _record(packet)
            self._file.write(record + _CHECK.pack(zlib.crc32(record)))
            self.packets += 1


def _record(packet: AnyPacket) -> bytes:
    side = [p for p in packet.iter_sidedata() if p.data_type in _KEPT_SIDE_DATA]
    payload, pts = bytes(packet), packet.pts or 0
    times = (pts, pts if packet.dts is None else packet.dts, packet.duration or 0)
    record = _HEAD.pack(*times, packet.is_keyframe, len(side), len(payload))
    for piece in side:
        record += _SIDE.pack(_KEPT_SIDE_DATA[piece.data_type], piece.data_size)
        record += bytes(piece)
    return record + payload


def read_packets(path: Path, time_base: Fraction) -> Iterator[AnyPacket]:
    """The packets of a finished file. Raises OutputError where it is damaged."""
    for head, side, payload in _records(path):
        packet = Packet(payload)
        packet.pts, packet.dts, packet.duration = head[:3]
        packet.time_base = time_base
        packet.is_keyframe = bool(head[3])
        for kind, data in side:
            piece = cast(Any, PacketSideData)(kind, len(data))
            piece.update(data)
            piece.to_packet(packet)
        yield packet


def packet_times(path: Path) -> list[int]:
    """The presentation times of the packets, in their order in the file."""
    return [head[0] for head, _, _ in _records(path)]


def _records(path: Path) -> Iterator[_Record]:
    try:
        with path.open("rb") as file:
            if file.read(len(_MARK)) != _MARK:
                raise _damaged(path)
            while first := file.read(_HEAD.size):
                yield _one(file, first)
    except (struct.error, ValueError):
        raise _damaged(path) from None
    except OSError as error:
        words = f"{printable(path)} cannot be read: {error.strerror}"
        raise OutputError(f"{words}; use --discard to start over") from error


def _one(file: BinaryIO, first: bytes) -> _Record:
    """The record that begins so; a damaged one raises struct.error or ValueError."""
    head, side, read = _HEAD.unpack(first), [], first
    for _ in range(head[4]):
        read += (part := file.read(_SIDE.size))
        kind, length = _SIDE.unpack(part)
        read += (data := file.read(length))
        side.append((kind, data))
    payload = file.read(head[5])
    (check,) = _CHECK.unpack(file.read(_CHECK.size))
    if check != zlib.crc32(payload, zlib.crc32(read)):
        raise ValueError("a checksum differs")
    return head, side, payload


def _damaged(path: Path) -> OutputError:
    words = f"{printable(path)}, a part of unfinished work, is damaged"
    return OutputError(f"{words}: use --discard to start over", cause_stays=True)
