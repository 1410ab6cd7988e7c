"""What is put into packets stands before the picture, and alters nothing else."""

from fractions import Fraction

import pytest
from av.packet import Packet

from videnhance.frame import UserData
from videnhance.media.encoder.user_data import (
    kinds_of,
    lost_user_data,
    with_user_data,
)
from videnhance.media.source import AnyPacket

CAPTIONS = UserData(4, b"\xb5\x00\x31GA94\x03\x41\xff\xfc\x00\x00\xff")
OWN = UserData(5, bytes(range(16)) + bytes(300))
LIGHT = UserData(148, bytes(8))


def _packet(data: bytes) -> AnyPacket:
    packet: AnyPacket = Packet(data)
    packet.pts, packet.dts, packet.duration = 7, -3, 2
    packet.time_base, packet.is_keyframe = Fraction(1, 25), True
    return packet


def test_a_message_stands_before_the_first_slice_of_h264() -> None:
    head, rest = b"\0\0\0\1\x67\x01\0\0\1\x68\x02", b"\0\0\0\1\x65\x88\0\0\1\x65\x84"
    made = with_user_data(_packet(head + rest), "h264", data=[CAPTIONS])
    unit = b"\0\0\0\1\x06\x04\x0e" + CAPTIONS.payload + b"\x80"
    assert bytes(made) == head + unit + rest
    assert (made.pts, made.dts, made.duration) == (7, -3, 2)
    assert (made.time_base, made.is_keyframe) == (Fraction(1, 25), True)


def test_a_long_message_has_a_long_size_and_no_start_code_in_it() -> None:
    made = bytes(with_user_data(_packet(b"\0\0\1\x65"), "h264", data=[OWN]))
    assert made.startswith(b"\0\0\0\1\x06\x05\xff\x3d\0\1\2")
    assert made.endswith(b"\x80\0\0\1\x65")
    assert made.count(b"\0\0\1") == 2
    assert b"\0\0\0" not in made[4:]


def test_h265_has_heads_of_two_bytes() -> None:
    head, rest = b"\0\0\0\1\x40\x01\x0c", b"\0\0\1\x26\x01\xaf"
    made = bytes(with_user_data(_packet(head + rest), "hevc", data=[LIGHT]))
    unit = b"\0\0\0\1\x4e\x01\x94\x08" + b"\0\0\3" * 3 + b"\0\0\x80"
    assert made == head + unit + rest


def test_mpeg2_has_user_data_behind_its_headers() -> None:
    head, rest = b"\0\0\1\0\0\x0f\0\0\1\xb5\x8f", b"\0\0\1\1\x22"
    made = bytes(
        with_user_data(_packet(head + rest), "mpeg2video", data=[CAPTIONS, OWN])
    )
    assert made == head + b"\0\0\1\xb2" + CAPTIONS.payload[3:] + rest


def test_av1_has_metadata_before_the_frame_that_is_shown() -> None:
    hidden, shown = b"\x32\x02ab", b"\x32\x01c"
    made = bytes(with_user_data(_packet(hidden + shown), "av1", data=[CAPTIONS]))
    assert made == hidden + b"\x2a\x10\x04" + CAPTIONS.payload + b"\x80" + shown


@pytest.mark.parametrize("codec", ["h264", "hevc", "mpeg2video", "av1", "vp9"])
@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\1", b"\xff" * 9, b"\x0a\xff\xff"])
def test_a_packet_without_a_picture_stays_as_it_is(codec: str, data: bytes) -> None:
    packet = _packet(data)
    assert with_user_data(packet, codec, data=[CAPTIONS]) is packet


def test_what_an_encoder_cannot_carry_is_named() -> None:
    data = [CAPTIONS, OWN, LIGHT]
    assert lost_user_data(data, "libx264") == lost_user_data(data, "libx265") == []
    assert len(lost_user_data(data, "libsvtav1")) == 2
    assert len(lost_user_data(data, "ffv1")) == len(lost_user_data(data, "")) == 3
    assert lost_user_data([CAPTIONS], "ffv1") == [
        "closed captions (CTA-608, CTA-708): left out, for ffv1 carries none; libx264, "
        "libx265, libsvtav1 do"
    ]
    assert len({*kinds_of([*data, UserData(4, b"\xb5\x00\x31DTG1\x41\xf8")])}) == 4
