"""Pixel formats: delivered as they are, or as the nearest that loses nothing."""

import pytest

from videnhance.errors import UsageError
from videnhance.frame import Family, Layout
from videnhance.video.layout import (
    delivered_layout,
    delivery_notice,
    native_layout,
    stored_format,
)


@pytest.mark.parametrize(
    ("name", "family", "depth", "shift"),
    [
        ("gray", Family.GRAY, 8, (0, 0)),
        ("gray10le", Family.GRAY, 10, (0, 0)),
        ("yuv420p", Family.YUV, 8, (1, 1)),
        ("yuv422p10le", Family.YUV, 10, (1, 0)),
        ("yuv440p", Family.YUV, 8, (0, 1)),
        ("yuv410p", Family.YUV, 8, (2, 2)),
        ("yuv411p", Family.YUV, 8, (2, 0)),
        ("yuv444p16le", Family.YUV, 16, (0, 0)),
        ("gbrp", Family.RGB, 8, (0, 0)),
        ("gbrp12le", Family.RGB, 12, (0, 0)),
    ],
)
def test_planar_formats_are_native(
    name: str, family: Family, depth: int, shift: tuple[int, int]
) -> None:
    assert native_layout(name) == Layout(name, family, depth, shift)


def test_a_full_range_name_is_delivered_as_the_plain_one() -> None:
    assert delivered_layout("yuvj420p").name == "yuv420p"
    assert delivery_notice("yuvj420p") is None


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("nv12", "yuv420p"),
        ("p010le", "yuv420p10le"),
        ("yuyv422", "yuv422p"),
        ("rgb24", "gbrp"),
        ("rgb48be", "gbrp16le"),
        ("pal8", "gbrp"),
        ("yuv420p10be", "yuv420p10le"),
        ("x2rgb10le", "gbrp10le"),
        ("monow", "gray"),
        ("ya8", "gray"),
        ("yuva420p", "yuv420p"),
        ("gbrap10le", "gbrp10le"),
    ],
)
def test_other_formats_become_the_nearest(name: str, near: str) -> None:
    assert native_layout(name) is None
    assert delivered_layout(name).name == near


def test_only_transparency_and_floats_are_noted() -> None:
    assert "transparency" in str(delivery_notice("yuva420p"))
    assert "rounded" in str(delivery_notice("grayf32le"))
    assert delivery_notice("nv12") is delivery_notice("rgb24") is None


def test_a_hardware_format_is_refused() -> None:
    with pytest.raises(UsageError, match="cuda cannot be read"):
        delivered_layout("cuda")


def _stored(name: str, codec: str, wanted: str | None = None) -> tuple[str, str | None]:
    return stored_format(delivered_layout(name), codec, wanted)


def test_the_source_format_is_stored_where_the_codec_has_it() -> None:
    assert _stored("yuv420p10le", "libx264") == ("yuv420p10le", None)
    assert _stored("gray", "libx264") == ("gray", None)
    assert _stored("gbrp", "rawvideo") == ("gbrp", None)


def test_fewer_bits_are_noted() -> None:
    name, notice = _stored("yuv420p12le", "libx264")
    assert name == "yuv420p10le"
    assert str(notice).startswith("12-bit samples are stored as 10-bit: libx264 has no")


def test_rgb_goes_to_full_colour_resolution() -> None:
    name, notice = _stored("gbrp", "libx264")
    assert name == "yuv444p"
    assert "RGB is stored as yuv444p" in str(notice)


def test_coarser_colour_is_noted() -> None:
    name, notice = _stored("yuv444p", "mpeg4")
    assert name == "yuv420p"
    assert "fewer samples" in str(notice)


def test_more_bits_lose_nothing() -> None:
    assert _stored("yuv420p9le", "libx264") == ("yuv420p10le", None)


def test_the_chosen_format_wins() -> None:
    assert _stored("yuv444p", "libx264", "yuv420p") == ("yuv420p", None)
    assert _stored("yuv420p", "libx264", "yuvj420p") == ("yuv420p", None)


@pytest.mark.parametrize(
    ("codec", "wanted", "words"),
    [
        ("libx264", "yuv410p", "does not take yuv410p: choose one of"),
        ("libx264", "blue", "blue is not the name"),
        ("h26x", None, "no encoder named h26x"),
        ("aac", None, "encodes audio"),
    ],
)
def test_what_cannot_be_stored_is_refused(
    codec: str, wanted: str | None, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        _stored("yuv420p", codec, wanted)
