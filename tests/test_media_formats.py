"""The sizes that encoders take: asked for, named, and gone round."""

from pathlib import Path

import pytest

from tests.clips import Clip, write_clip
from videnhance.errors import UsageError
from videnhance.frame.geometry import Size
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.encoder.formats import even_size, size_advice, takes
from videnhance.media.output.header import planned_output
from videnhance.media.reader.video_reader import VideoReader

HELD = {"libx265", "libvpx-vp9", "prores_ks"}
LIMITS = {
    "libx264": (16384, 16384),
    "libsvtav1": (16384, 8704),
    "mpeg4": (8190, 8190),
    "libvpx": (16382, 16382),
}


@pytest.mark.parametrize("codec", LIMITS)
def test_the_limits_of_an_encoder_are_found(codec: str) -> None:
    across, down = LIMITS[codec]
    assert takes(codec, "yuv420p", Size(across, 64))
    assert not takes(codec, "yuv420p", Size(across + 2, 64))
    for size in (Size(across + 2, 64), Size(64, down + 2), Size(40000, 40000)):
        words = size_advice(codec, "yuv420p", size=size, held=HELD)
        assert f"at most {across} pixels across and {down} down" in str(words)
        assert f"--size {across}x{down}" in str(words)


def test_another_encoder_is_named_that_takes_it() -> None:
    size = Size(18000, 128)
    assert "-c libx265" in str(size_advice("libx264", "yuv420p", size=size, held=HELD))
    only = {"libx264", "libvpx-vp9"}
    assert "-c libvpx-vp9" in str(
        size_advice("libx264", "yuv420p", size=size, held=only)
    )
    none = size_advice("libx264", "yuv420p", size=size, held={"libx264"})
    assert "-c ffv1 in an output named .mkv" in str(none)


def test_what_is_refused_for_another_reason_is_not_the_size() -> None:
    assert size_advice("libx264", "yuv420p", size=Size(64, 64), held=HELD) is None
    assert size_advice("dnxhd", "yuv422p", size=Size(64, 64), held=HELD) is None


@pytest.mark.parametrize(
    ("codec", "name", "size", "wanted"),
    [
        ("libx264", "yuv420p", Size(161, 121), Size(162, 122)),
        ("libx265", "yuv420p10le", Size(161, 120), Size(162, 120)),
        ("libx264", "yuv444p", Size(161, 121), Size(161, 121)),
        ("libx264", "yuv420p", Size(160, 120), Size(160, 120)),
        ("libvpx-vp9", "yuv420p", Size(161, 121), Size(161, 121)),
        ("libx264", "yuv420p", Size(18001, 121), Size(18001, 121)),
    ],
)
def test_odd_sides_are_rounded_where_they_must(
    codec: str, name: str, size: Size, wanted: Size
) -> None:
    assert even_size(codec, name, size=size) == wanted


@pytest.mark.parametrize(
    ("target", "codec", "size", "words"),
    [
        ("out.mp4", "libx264", Size(18000, 64), "libx264 does not take .* 16384"),
        ("out.mkv", "libx264", Size(64, 18000), "libx264 does not take .* 16384"),
        ("out.mp4", "libx265", Size(70000, 64), "mp4 holds at most 65535 pixels"),
        ("out.mov", "prores_ks", Size(70000, 64), "mov holds at most 65535 pixels"),
        ("out.avi", "mpeg4", Size(9000, 64), "mpeg4 does not take .* 8190"),
        ("out.mov", "mjpeg", Size(66000, 64), "mov holds at most 65535 pixels"),
        ("out.mkv", "mjpeg", Size(66000, 64), "--size 16384x16384 or less"),
    ],
)
def test_a_size_is_refused_before_the_work(
    tmp_path: Path, target: str, codec: str, size: Size, words: str
) -> None:
    with VideoReader(write_clip(tmp_path / "in.mp4", Clip())) as reader:
        info = reader.info
    with pytest.raises(UsageError, match=words):
        planned_output(tmp_path / target, info, size=size, encoding=Encoding(codec))


@pytest.mark.parametrize("codec", ["libx265", "libvpx-vp9"])
def test_what_the_advice_names_opens(tmp_path: Path, codec: str) -> None:
    with VideoReader(write_clip(tmp_path / "in.mp4", Clip())) as reader:
        info = reader.info
    plan = planned_output(
        tmp_path / "a.mp4", info, size=Size(18000, 64), encoding=Encoding(codec)
    )
    assert plan.size == Size(18000, 64)
