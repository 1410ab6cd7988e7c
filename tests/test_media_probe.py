"""What is said of a file, in lines and in JSON."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import Clip, Sound, write_clip
from tests.faithful_units import captioned
from videnhance.errors import InputError
from videnhance.frame import (
    ColourTags,
    Light,
    Mastering,
    Packing,
    Projection,
    Sphere,
    Stereo,
)
from videnhance.media.probe import as_json, describe, probe
from videnhance.media.sandbox import isolated
from videnhance.media.sandbox.isolated import IsolatedReader

CLIP = Clip(
    colour=(2, 1, 1, 1),
    aspect=Fraction(4, 3),
    turn=90,
    sounds=(Sound(language="eng"),),
)


def test_lines_name_what_matters(tmp_path: Path) -> None:
    lines = describe(probe(write_clip(tmp_path / "a.mp4", CLIP)))
    text = "\n".join(lines)
    for words in (
        "64x48",
        "h264, yuvj420p, 8 bits",
        "25 frames a second",
        "12",
        "0.480 s",
        "range full",
        "4/3",
        "270 degrees",
        "1: audio aac 48000 Hz stereo (eng)",
    ):
        assert words in text


def test_unknown_values_are_called_unknown(tmp_path: Path) -> None:
    text = "\n".join(describe(probe(write_clip(tmp_path / "a.264"))))
    assert "frames       not known" in text
    assert "duration     not known" in text


def test_json_holds_the_same(tmp_path: Path) -> None:
    report = as_json(probe(write_clip(tmp_path / "a.mp4", CLIP)))
    again = json.loads(json.dumps(report))
    assert again == report
    assert (again["width"], again["rate"], again["frames"]) == (64, "25", 12)
    assert again["colour"]["range"] == 2
    assert again["sample_aspect_ratio"] == "4/3"


def test_what_is_no_video_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        probe(tmp_path / "no.mp4")


def test_hdr_is_told_with_its_light(tmp_path: Path) -> None:
    plain = probe(write_clip(tmp_path / "a.mp4"))
    assert as_json(plain)["hdr"] is None
    assert as_json(plain)["light"] is None
    display = Mastering(min_luminance=Fraction(1, 200), max_luminance=Fraction(1000))
    info = replace(
        plain, tags=ColourTags(1, 9, 9, 16), light=Light(display, max_cll=950)
    )
    words = "HDR10 (PQ, BT.2020, mastering 0.005 to 1000 cd/m2, MaxCLL 950)"
    assert f"HDR          {words}" in describe(info)
    report = as_json(info)
    assert report["hdr"] == words
    assert report["light"] == {
        "min_luminance": 0.005,
        "max_luminance": 1000.0,
        "max_cll": 950,
        "max_fall": None,
    }
    hlg = replace(plain, tags=ColourTags(1, 9, 9, 18))
    assert as_json(hlg)["hdr"] == "HLG (HLG, BT.2020)"


def test_fields_mirroring_and_opacity_are_told(tmp_path: Path) -> None:
    plain = probe(write_clip(tmp_path / "a.mp4"))
    layout = replace(plain.layout, name="yuva420p", alpha=True)
    info = replace(plain, interlaced=True, mirrored=True, layout=layout)
    text = "\n".join(describe(info))
    assert all(word in text for word in ("interlaced", "mirrored", "opacity"))
    report = as_json(info)
    assert report["interlaced"]
    assert report["mirrored"]
    assert report["alpha"]


@pytest.mark.ffprobe
def test_what_a_file_carries_is_listed(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4")
    captioned(path)
    info = probe(path)
    assert "carries      closed captions (CTA-608, CTA-708)" in describe(info)
    around = replace(
        info,
        sphere=Sphere(Projection.EQUIRECTANGULAR),
        stereo=Stereo(Packing.SIDE_BY_SIDE, swapped=True),
        chapters=("0.000 s to 1.000 s a",),
        metadata={"com.apple.quicktime.make": "Maker", "bad": "\x1b[2J"},
    )
    lines = describe(around)
    for line in (
        "carries      a sphere around the viewer: equirectangular",
        "carries      views of two eyes (3D): side by side, the right eye first",
        "chapter      0.000 s to 1.000 s a",
        "tag          com.apple.quicktime.make: Maker",
    ):
        assert line in lines
    assert not any("\x1b" in line for line in lines)
    report = as_json(around)
    assert report["carries"] == [line[13:] for line in lines if line[:7] == "carries"]
    assert report["chapters"] == ["0.000 s to 1.000 s a"]


def test_colours_are_told_in_words(tmp_path: Path) -> None:
    plain = probe(write_clip(tmp_path / "a.mp4"))
    words = {
        ColourTags(): "not tagged, matrix unspecified, primaries unspecified, "
        "transfer unspecified",
        ColourTags(1, 9, 9, 16): "limited, matrix BT.2020, primaries BT.2020, "
        "transfer PQ",
        ColourTags(2, 99, 179, 3): "full, matrix 99 (reserved), primaries 179 "
        "(reserved), transfer 3 (reserved)",
    }
    for tags, told in words.items():
        line = f"colour       range {told}"
        assert line in describe(replace(plain, tags=tags))


@pytest.mark.parametrize(("name", "runs"), [("a.mp4", 1), ("a.mkv", 2)])
def test_a_file_is_asked_again_only_where_its_packets_tell_more(
    tmp_path: Path, name: str, runs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    class Counted(IsolatedReader):
        def close(self) -> None:
            asked.append(self.path)
            super().close()

    monkeypatch.setattr(isolated, "IsolatedReader", Counted)
    path = write_clip(tmp_path / name)
    assert probe(path).frames == 12
    assert asked == [path] * runs
