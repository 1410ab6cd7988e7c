"""One row for each picture format: what every table made of them says."""

from pathlib import Path

import pytest
from PIL import features

from videnhance.media.open_any import SinkKind, sink_kind
from videnhance.media.picture_formats import (
    ANIMATIONS,
    FORMATS,
    PICTURES,
    STILLS,
    animation_suffix,
    format_of_head,
)

SINGLE = (".avif", ".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
MOVING = (".apng", ".avif", ".gif", ".png", ".webp")


def test_suffixes_are_those_of_pictures_and_of_animations() -> None:
    assert tuple(STILLS) == SINGLE
    assert tuple(sorted(ANIMATIONS)) == MOVING
    assert set(PICTURES) == {*SINGLE, *MOVING}
    assert ANIMATIONS[".apng"] is STILLS[".png"]


@pytest.mark.parametrize("suffix", sorted(PICTURES))
def test_animations_of_a_format_have_a_suffix(suffix: str) -> None:
    wanted = {".png": ".apng"}.get(suffix, suffix if suffix in MOVING else None)
    assert animation_suffix(suffix) == wanted


def test_a_file_tells_its_format_by_its_head() -> None:
    heads = {
        "AVIF": b"\0\0\0 ftypavis",
        "BMP": b"BM",
        "GIF": b"GIF89a",
        "JPEG": b"\xff\xd8\xff\xe0",
        "PNG": b"\x89PNG\r\n\x1a\n",
        "TIFF": b"MM\0*",
        "WEBP": b"RIFF\0\0\0\0WEBP",
    }
    for name, head in heads.items():
        assert format_of_head(head) is FORMATS[name]
    assert format_of_head(b"\x1aE\xdf\xa3") is None


def test_names_ask_for_pictures_or_animations() -> None:
    kinds = {suffix: sink_kind(Path(f"a{suffix}")) for suffix in PICTURES}
    animations = {s for s, kind in kinds.items() if kind is SinkKind.ANIMATION}
    assert animations == {".apng", ".avif", ".gif", ".webp"}
    assert {kinds[s] for s in PICTURES.keys() - animations} == {SinkKind.STILL}
    assert sink_kind(Path("%d.png")) is SinkKind.SEQUENCE


def test_pillow_has_what_pictures_need() -> None:
    assert all(map(features.check, ("avif", "webp")))
