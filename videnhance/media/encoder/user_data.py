"""Puts the user data of a frame into the packet that shows it.

Captions, the active part of the picture, and what programs add without a standard
travel as SEI messages in H.264 (ITU-T H.264, 7.3.2.3) and H.265 (ITU-T H.265, 7.3.2.4),
as user data in MPEG-2 (ATSC A/53 part 4, 6.2.3) and as metadata in AV1 (AV1 bitstream
specification, 5.8). PyAV gives encoders no side data, so they are put in here.
"""

from collections.abc import Callable, Iterator, Sequence

import av
from av.packet import Packet

from videnhance.frame import UserData
from videnhance.media.source import AnyPacket

__all__ = [
    "FRAME_PACKING",
    "LASTING",
    "has_messages",
    "kinds_of",
    "lost_user_data",
    "with_user_data",
]

_T35 = 4
"""The payload type of user data registered by ITU-T T.35."""
_ATSC = b"\xb5\x00\x31"
"""T.35's United States and ATSC, which MPEG-2 leaves out."""
_PACKING, _VIEWING = 45, 148
LASTING = (_PACKING, _VIEWING)
"""Types that a stream says once, and that hold from there on."""
FRAME_PACKING = "how the views of two eyes lie (frame packing)"
_START = b"\x00\x00\x01"
_H264_SLICES = range(1, 6)
_H265_SLICES = range(32)
_NALS = ("h264", "hevc")
_MPEG2_SLICES = range(1, 0xB0)
_MPEG2_USER = _START + b"\xb2"
_OBU_FRAMES = (3, 6)
_OBU_METADATA = 5 << 3 | 2
"""An OBU's head that says so, and that its size follows."""
_OBU_T35 = 4


def kinds_of(data: Sequence[UserData]) -> Iterator[str]:
    """What pieces of user data are, in words."""
    for one in data:
        if one.payload.startswith(_ATSC + b"GA94"):
            yield "closed captions (CTA-608, CTA-708)"
        elif one.payload.startswith(_ATSC + b"DTG1"):
            yield "the active part of the picture (AFD)"
        elif one.payload_type == _PACKING:
            yield FRAME_PACKING
        elif one.payload_type == _VIEWING:
            yield "the light around the viewer (ambient viewing environment)"
        else:
            yield "data without a standard (unregistered SEI)"


def has_messages(encoder: str) -> bool:
    """Whether an encoder's (FFmpeg's name) packets hold SEI messages."""
    return bool(encoder) and av.Codec(encoder, "w").canonical_name in _NALS


def lost_user_data(data: Sequence[UserData], encoder: str) -> list[str]:
    """What to say of the data that an encoder's (FFmpeg's name) packets cannot have.

    An output without an encoder of video, `""`, has none of them.
    """
    lost: list[str] = []
    if not data:
        return lost
    codec = av.Codec(encoder, "w").canonical_name if encoder else ""
    for one, kind in zip(data, kinds_of(data), strict=True):
        public = one.payload_type == _T35
        if codec in _NALS or (codec in _WAYS and public):
            continue
        if one.payload_type == _PACKING:
            continue  # most containers say it, too
        able = "libx264, libx265, libsvtav1" if public else "libx264 and libx265"
        why = f"{encoder} carries none" if encoder else "only a video carries them"
        lost.append(f"{kind}: left out, for {why}; {able} do")
    return lost


def with_user_data(
    packet: AnyPacket, codec: str, *, data: Sequence[UserData]
) -> AnyPacket:
    """The packet of a codec (FFmpeg's name, not an encoder's) with the data in it.

    What the codec cannot carry is left out, and so is all of it where no picture is
    found to put it before.
    """
    put = _WAYS.get(codec)
    before = bytes(packet)
    after = put(before, data) if put and data else before
    if after == before:
        return packet
    made: AnyPacket = Packet(after)
    made.pts, made.dts, made.duration = packet.pts, packet.dts, packet.duration
    made.time_base, made.is_keyframe = packet.time_base, packet.is_keyframe
    for piece in packet.iter_sidedata():
        piece.to_packet(made)
    return made


def _in_h264(packet: bytes, data: Sequence[UserData]) -> bytes:
    units = b"".join(_unit(b"\x06", one) for one in data)
    return _before(packet, units, lambda head: head & 31 in _H264_SLICES)


def _in_h265(packet: bytes, data: Sequence[UserData]) -> bytes:
    units = b"".join(_unit(b"\x4e\x01", one) for one in data)
    return _before(packet, units, lambda head: head >> 1 & 63 in _H265_SLICES)


def _in_mpeg2(packet: bytes, data: Sequence[UserData]) -> bytes:
    units = b"".join(
        _MPEG2_USER + one.payload[len(_ATSC) :]
        for one in data
        if one.payload_type == _T35 and one.payload.startswith(_ATSC)
    )
    return _before(packet, units, lambda head: head in _MPEG2_SLICES)


def _before(packet: bytes, new: bytes, is_slice: Callable[[int], bool]) -> bytes:
    """The packet with `new` before the first slice, in front of its zero bytes."""
    at = packet.find(_START)
    while at >= 0:
        if at + 3 < len(packet) and is_slice(packet[at + 3]):
            at -= at > 0 and packet[at - 1] == 0
            return packet[:at] + new + packet[at:]
        at = packet.find(_START, at + 3)
    return packet


def _unit(head: bytes, data: UserData) -> bytes:
    """One SEI message as a NAL unit behind a start code."""
    body = bytes([data.payload_type])
    count, last = divmod(len(data.payload), 255)
    body += b"\xff" * count + bytes([last]) + data.payload + b"\x80"
    return b"\x00" + _START + head + _escaped(body)


def _escaped(body: bytes) -> bytes:
    """Without what a decoder would take for a start code (ITU-T H.264, 7.4.1)."""
    out, zeros = bytearray(), 0
    for value in body:
        if zeros >= 2 and value <= 3:
            out.append(3)
            zeros = 0
        out.append(value)
        zeros = zeros + 1 if value == 0 else 0
    return bytes(out)


def _in_av1(packet: bytes, data: Sequence[UserData]) -> bytes:
    units = b""
    for one in data:
        if one.payload_type == _T35:
            body = bytes([_OBU_T35]) + one.payload + b"\x80"
            units += bytes([_OBU_METADATA]) + _leb128(len(body)) + body
    # Frames that are not shown come first, and players give them no captions.
    at = max((at for kind, at in _obus(packet) if kind in _OBU_FRAMES), default=-1)
    return packet if at < 0 else packet[:at] + units + packet[at:]


def _obus(packet: bytes) -> Iterator[tuple[int, int]]:
    """The kind of each OBU, and where it begins; encoders write all their sizes."""
    at = 0
    while at < len(packet):
        head = packet[at]
        yield head >> 3 & 15, at
        place = at + 1 + (head >> 2 & 1)
        if not head & 2:
            return
        size, shift = 0, 0
        while place < len(packet):
            part = packet[place]
            place += 1
            size |= (part & 127) << shift
            shift += 7
            if not part & 128:
                break
        at = place + size


def _leb128(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


_WAYS: dict[str, Callable[[bytes, Sequence[UserData]], bytes]] = {
    "av1": _in_av1,
    "h264": _in_h264,
    "hevc": _in_h265,
    "mpeg2video": _in_mpeg2,
}
