"""Pixel formats: delivered as they are, or as the nearest that loses nothing."""

import pytest

from videnhance.errors import UsageError
from videnhance.frame import Family, Layout
from videnhance.media.layout import (
    delivered_layout,
    delivery_notice,
    has_alpha,
    is_pixel_format,
    native_layout,
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
        ("pal8", "gbrap"),
        ("yuv420p10be", "yuv420p10le"),
        ("x2rgb10le", "gbrp10le"),
        ("monow", "gray"),
        ("ya8", "gbrap"),
        ("ya16be", "gbrap16le"),
        ("bgra", "gbrap"),
        ("rgba64be", "gbrap16le"),
        ("ayuv", "yuva444p"),
        ("bgr0", "gbrp"),
        ("yuva420p10be", "yuva420p10le"),
    ],
)
def test_other_formats_become_the_nearest(name: str, near: str) -> None:
    assert native_layout(name) is None
    assert delivered_layout(name).name == near


@pytest.mark.parametrize(
    ("name", "family", "depth", "shift"),
    [
        ("yuva420p", Family.YUV, 8, (1, 1)),
        ("yuva422p10le", Family.YUV, 10, (1, 0)),
        ("yuva444p12le", Family.YUV, 12, (0, 0)),
        ("gbrap", Family.RGB, 8, (0, 0)),
        ("gbrap16le", Family.RGB, 16, (0, 0)),
    ],
)
def test_planar_formats_with_opacity_are_native(
    name: str, family: Family, depth: int, shift: tuple[int, int]
) -> None:
    assert native_layout(name) == Layout(name, family, depth, shift, alpha=True)


@pytest.mark.parametrize(
    ("name", "plain"),
    [("yuva422p10le", "yuv422p10le"), ("gbrap", "gbrp"), ("gbrap16le", "gbrp16le")],
)
def test_each_layout_with_opacity_has_one_without(name: str, plain: str) -> None:
    assert delivered_layout(name).opaque == delivered_layout(plain)
    assert delivered_layout(plain).opaque == delivered_layout(plain)


@pytest.mark.parametrize(
    ("name", "alpha"),
    [("yuva420p", True), ("ya8", True), ("pal8", True), ("bgr0", False)],
)
def test_opacity_is_known_by_the_format(name: str, alpha: bool) -> None:
    assert has_alpha(name) is alpha
    assert delivered_layout(name).alpha is alpha


def test_names_of_formats_are_known() -> None:
    assert is_pixel_format("yuv420p")
    assert not is_pixel_format("blue")


def test_only_floats_are_noted() -> None:
    assert "rounded" in str(delivery_notice("grayf32le"))
    assert "rounded" in str(delivery_notice("gbrapf32le"))
    assert delivery_notice("nv12") is delivery_notice("rgb24") is None
    assert delivery_notice("yuva420p") is delivery_notice("pal8") is None


def test_a_hardware_format_is_refused() -> None:
    with pytest.raises(UsageError, match="cuda cannot be read"):
        delivered_layout("cuda")
