"""Values as JSON: nothing is lost on the way, and nothing else is let in."""

import json
from dataclasses import MISSING, dataclass, field, fields, replace
from fractions import Fraction
from typing import TypeVar

import pytest

from tests.sources import sources
from videnhance.frame import (
    ColourTags,
    Family,
    Layout,
    Light,
    Mastering,
    Packing,
    Projection,
    Sphere,
    Stereo,
    UserData,
    VideoInfo,
)
from videnhance.frame.geometry import Size
from videnhance.media.sandbox.serialize import (
    SerializeError,
    from_plain,
    to_plain,
)
from videnhance.media.source import Reading, ResumePoint, Span

T = TypeVar("T")

POINT = (Fraction(17, 25), Fraction(8, 25))
INFO = VideoInfo(
    size=Size(71, 53),
    layout=Layout("yuva422p10le", Family.YUV, 10, (1, 0), alpha=True),
    source_format="yuva422p10le",
    codec="prores",
    rate=Fraction(30000, 1001),
    time_base=Fraction(1, 90000),
    frames=17,
    duration_seconds=0.567,
    tags=ColourTags(2, 9, 9, 16),
    sample_aspect_ratio=Fraction(64, 45),
    rotation_degrees=270,
    streams=("0: video prores", "1: audio \u00e4\udcff"),
    chapters=("0.000 s to 1.000 s a",),
    metadata={"title": "a\nb", "": "\x1b"},
    start_seconds=Fraction(-1, 3),
    light=Light(Mastering(POINT, None, POINT, POINT, Fraction(1, 200)), 1000, None),
    mirrored=True,
    interlaced=True,
    sphere=Sphere(Projection.TILE, (-90 << 16, 5, 0), (1, 2, 3, 1 << 31), 7),
    stereo=Stereo(Packing.TOP_BOTTOM, swapped=True),
    user_data=(UserData(4, b"\xb5\x00\x31GA94"), UserData(5, bytes(16))),
)


def _travelled(kind: type[T], value: T) -> T:
    arrived: T = from_plain(kind, json.loads(json.dumps(to_plain(value))))
    return arrived


def test_every_field_of_a_video_survives() -> None:
    assert _travelled(VideoInfo, INFO) == INFO
    # A field that still has its default would prove nothing.
    for part in fields(VideoInfo):
        if part.default is not MISSING:
            assert getattr(INFO, part.name) != part.default, part.name


def test_what_a_file_does_not_say_survives() -> None:
    bare = replace(
        INFO,
        frames=None,
        duration_seconds=None,
        sample_aspect_ratio=None,
        light=None,
        rate=Fraction(0),
        layout=Layout("gray", Family.GRAY, 8),
        metadata={},
        streams=(),
    )
    assert _travelled(VideoInfo, bare) == bare


@pytest.mark.parametrize(
    "value",
    [
        Span(0.4, 7.5, 3),
        Reading(),
        ResumePoint(20, ((-5, 1 << 31), (7, 0))),
        ResumePoint(0, ()),
    ],
    ids=str,
)
def test_an_order_survives(value: object) -> None:
    assert _travelled(type(value), value) == value


def test_whole_seconds_stay_a_number_of_seconds() -> None:
    assert from_plain(float, 3) == 3.0


@dataclass(frozen=True)
class Small:
    """For what is not let in."""

    count: int
    share: float = 0.5
    names: tuple[str, ...] = ()
    pair: tuple[int, str] = (1, "a")
    size: Size = field(default_factory=lambda: Size(1, 1))
    rate: Fraction | None = None
    family: Family = Family.YUV
    note: bytes = b""


@pytest.mark.parametrize(
    "plain",
    [
        None,
        [],
        "x",
        {},
        {"count": True},
        {"count": 1.0},
        {"count": "1"},
        {"count": 1 << 80},
        {"count": 1, "other": 2},
        {"count": 1, "share": float("nan")},
        {"count": 1, "share": float("inf")},
        {"count": 1, "names": "abc"},
        {"count": 1, "names": [1]},
        {"count": 1, "pair": [1]},
        {"count": 1, "pair": [1, "a", 2]},
        {"count": 1, "size": {"width": 0, "height": 1}},
        {"count": 1, "size": {"width": 1}},
        {"count": 1, "rate": "1/0"},
        {"count": 1, "rate": "1"},
        {"count": 1, "rate": "1" * 999 + "/1"},
        {"count": 1, "note": "0"},
        {"count": 1, "note": [0]},
        {"count": 1, "family": "PINK"},
        {"count": 1, "family": ["YUV"]},
    ],
    ids=str,
)
def test_nothing_but_what_was_agreed_is_let_in(plain: object) -> None:
    with pytest.raises(SerializeError):
        from_plain(Small, plain)


def test_what_cannot_travel_is_said() -> None:
    with pytest.raises(TypeError, match="object does not travel"):
        to_plain(object())


def test_nothing_that_a_child_says_is_unpickled() -> None:
    words = [s.name for s in sources() if s.name.startswith("videnhance.media")]
    users = [s.name for s in sources() if s.name in words and "pickle" in s.text]
    assert users == []
