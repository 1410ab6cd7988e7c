"""What an output says of colours: converted, or told before the first frame; HDR."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from click.testing import CliRunner

from tests.clips import Clip, write_clip
from tests.faithful_boxes import with_dolby
from videnhance.cli import app
from videnhance.frame import ColourTags, Light, Mastering
from videnhance.frame.geometry import Size
from videnhance.media.encoder.colours import (
    assumed_matrix,
    light_notice,
    params_name,
    stored_tags,
    with_light,
)
from videnhance.media.planes import reserved_notice, tags_of

FULL, LIMITED = 2, 1
BT709 = (1, 1, 1)
DARK, BRIGHT = 12, 243
"""Codes of the full range; as limited ones they are 26 and 225."""
HALVES = ((DARK, BRIGHT), (108, 148), (108, 148))
SMALL = Size(64, 48)


def _halves(
    path: Path,
    tags: tuple[int, int, int, int],
    *,
    codec: str = "libx264",
    size: Size = SMALL,
    codes: tuple[tuple[int, int], ...] = HALVES,
) -> Path:
    """Pictures whose left half is dark and right half bright, green and magenta."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25)
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width, context.height = size.width, size.height
        context.pix_fmt, context.time_base = "yuv420p", Fraction(1, 25)
        context.options = {"qp": "1"} if codec == "libx264" else {}
        context.color_range, context.colorspace = tags[:2]
        context.color_primaries, context.color_trc = tags[2:]
        for pts in range(3):
            frame = VideoFrame(size.width, size.height, "yuv420p")
            for plane, (left, right) in zip(frame.planes, codes, strict=True):
                rows = np.frombuffer(memoryview(plane), np.uint8)
                rows = rows.reshape(plane.height, -1)
                rows[:], rows[:, plane.width // 2 :] = left, right
            frame.pts, frame.color_range, frame.colorspace = pts, *tags[:2]
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def _converted(source: Path, target: Path, *options: str) -> str:
    words = ["convert", "--strength", "0", "--workers", "1", *options]
    done = CliRunner().invoke(app, [*words, str(source), str(target)])
    assert done.exit_code == 0, done.output
    return done.output


def _read(path: Path) -> tuple[list[int], list[int], ColourTags]:
    """Each plane's code in the left and the right half, in 8 bits, and the tags."""
    with av.open(str(path)) as opened:
        picture = next(opened.decode(video=0))
    deep = picture.format.components[0].bits > 8
    left, right = [], []
    for plane in picture.planes:
        samples = np.frombuffer(memoryview(plane), np.uint16 if deep else np.uint8)
        rows = samples.astype(float).reshape(plane.height, -1)[:, : plane.width]
        rows = rows / (4 if deep else 1)
        left.append(round(float(rows[:, 2:8].mean())))
        right.append(round(float(rows[:, -8:-2].mean())))
    return left, right, tags_of(picture)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("out.mov", "prores_ks", ()),
        ("out.mov", "v210", ()),
        ("out.mov", "mpeg4", ()),
        ("out.avi", "mpeg4", ()),
        ("out.avi", "ffv1", ()),
        ("out.avi", "utvideo", ()),
        ("out.avi", "huffyuv", ()),
        ("out.webm", "libvpx", ("-e", "crf=4", "-e", "b=4M")),
    ],
)
def test_full_range_becomes_limited_where_it_cannot_be_said(
    tmp_path: Path, name: str, codec: str, options: tuple[str, ...]
) -> None:
    source = _halves(tmp_path / "in.mp4", (FULL, 6, 6, 6))
    said = _converted(source, tmp_path / name, "-c", codec, *options)
    left, right, tags = _read(tmp_path / name)
    assert f"{codec} in" in said
    assert "from the full to the limited range" in said
    assert not tags.full
    np.testing.assert_allclose(left, [26, 110, 110], atol=2)
    np.testing.assert_allclose(right, [225, 146, 146], atol=2)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("out.mp4", "libx264"),
        ("out.avi", "libx264"),
        ("out.mkv", "ffv1"),
        ("out.mp4", "mpeg4"),
        ("out.webm", "libvpx-vp9"),
        ("out.mkv", "mjpeg"),
    ],
)
def test_full_range_stays_where_it_can_be_said(
    tmp_path: Path, name: str, codec: str
) -> None:
    source = _halves(tmp_path / "in.mp4", (FULL, 6, 6, 6))
    said = _converted(source, tmp_path / name, "-c", codec)
    left, right, tags = _read(tmp_path / name)
    assert "to the limited range" not in said
    assert tags.full
    np.testing.assert_allclose((left[0], right[0]), (DARK, BRIGHT), atol=2)


def test_an_animated_webp_is_converted_to_the_range_and_matrix_it_knows(
    tmp_path: Path,
) -> None:
    codes = ((60, 200), (118, 138), (118, 138))
    source = _halves(tmp_path / "in.mp4", (FULL, *BT709), codes=codes)
    said = _converted(source, tmp_path / "out.webp", "-e", "lossless=0")
    assert "from the full to the limited range" in said
    assert "from BT.709 to BT.601" in said
    left, right, tags = _read(tmp_path / "out.webp")
    assert (tags.range, tags.matrix) == (LIMITED, 5)
    # The same red, green and blue by the weights of ITU-R BT.709 and of BT.601.
    np.testing.assert_allclose(left, [65, 120, 120], atol=2)
    np.testing.assert_allclose(right, [190, 136, 136], atol=2)


def test_untagged_samples_are_limited_ones_to_motion_jpeg(tmp_path: Path) -> None:
    source = _halves(tmp_path / "in.mkv", (0, 2, 2, 2), codec="ffv1")
    _converted(source, tmp_path / "out.mkv", "-c", "mjpeg")
    left, right, tags = _read(tmp_path / "out.mkv")
    assert tags.full
    np.testing.assert_allclose((left[0], right[0]), (0, 255), atol=2)


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libsvtav1", "libvpx-vp9"])
def test_colours_of_an_untagged_film_stay_when_it_becomes_hd(
    tmp_path: Path, codec: str
) -> None:
    size = Size(360, 290)
    source = _halves(tmp_path / "in.mkv", (0, 2, 2, 2), codec="ffv1", size=size)
    said = _converted(source, tmp_path / "out.mkv", "-c", codec)
    assert "tagged BT.601" in said
    assert "of 720x580 they would take it for BT.709" in said
    assert _read(tmp_path / "out.mkv")[2].matrix == 6
    said = _converted(source, tmp_path / "same.mkv", "-c", codec, "--scale", "1")
    assert "BT.601" not in said
    assert _read(tmp_path / "same.mkv")[2].matrix == 2


def test_players_take_untagged_video_by_its_size() -> None:
    sizes = [Size(720, 576), Size(1279, 480), Size(1280, 534), Size(720, 577)]
    assert [assumed_matrix(size) for size in sizes] == [6, 6, 1, 1]


@pytest.mark.parametrize(
    ("codec", "container", "tags", "words"),
    [
        ("mpeg4", "avi", (1, *BT709), "say that colours are BT.709"),
        ("mpeg4", "avi", (1, 6, 6, 6), None),
        ("libx264", "avi", (1, *BT709), None),
        ("ffv1", "avi", (1, 9, 9, 16), "primaries 9, transfer 16"),
        ("libvpx-vp9", "webm", (1, 14, 9, 16), "say that colours are ICtCp"),
        ("libx264", "mp4", (1, 15, 9, 16), "say that colours are IPT-C2"),
        ("libx264", "mp4", (1, 14, 9, 16), None),
        ("prores_ks", "mov", (1, *BT709), None),
    ],
)
def test_a_lost_tag_is_said(
    codec: str, container: str, tags: tuple[int, ...], words: str | None
) -> None:
    pix_fmt = "yuv422p10le" if codec == "prores_ks" else "yuv420p"
    size = Size(640, 480)
    _, said = stored_tags(codec, pix_fmt, container, size, ColourTags(*tags))
    assert bool(said) == bool(words)
    assert words is None or words in " ".join(said)


@pytest.mark.parametrize("container", ["mpegts", "matroska", "mp4"])
def test_mpeg_2_has_no_full_range(container: str) -> None:
    size, tags = Size(640, 480), ColourTags(FULL, *BT709)
    kept, said = stored_tags("mpeg2video", "yuv420p", container, size, tags)
    assert kept == ColourTags(LIMITED, *BT709)
    assert len(said) == 1


@pytest.mark.parametrize("number", [3, 23, 40, 179, 255])
def test_tags_that_mean_nothing_are_none_and_said(number: int) -> None:
    picture = VideoFrame(16, 16, "yuv420p")
    picture.colorspace = picture.color_primaries = picture.color_trc = number
    assert tags_of(picture) == ColourTags()
    assert reserved_notice(picture) == (
        f"colour tags that mean nothing are left out: matrix {number}, "
        f"primaries {number}, transfer {number}"
    )


def test_a_matrix_for_rgb_is_none_for_other_pictures() -> None:
    picture = VideoFrame(16, 16, "yuv420p")
    picture.colorspace = 0
    assert tags_of(picture).matrix == 2
    picture = VideoFrame(16, 16, "gbrp")
    picture.colorspace = 0
    assert tags_of(picture).matrix == 0
    assert reserved_notice(picture) is None


@pytest.mark.parametrize("matrix", [8, 10, 14, 179])
@pytest.mark.parametrize(
    ("name", "codec"), [("out.mov", "prores_ks"), ("out.mp4", "libx264rgb")]
)
def test_a_matrix_that_cannot_be_computed_with_does_not_stop_the_work(
    tmp_path: Path, matrix: int, name: str, codec: str
) -> None:
    source = _halves(tmp_path / "in.mkv", (1, matrix, 2, 2), codec="ffv1")
    said = _converted(source, tmp_path / name, "-c", codec)
    assert ("as if colours were BT.601" in said) == (
        codec == "libx264rgb" and matrix != 179
    )


@pytest.mark.parametrize(
    ("profile", "base", "words"),
    [
        (5, 0, "green and purple"),
        (10, 0, "green and purple"),
        (8, 1, "Dolby Vision (profile 8) is left out: its base picture is kept, as H"),
        (8, 2, "its base picture is kept, as SDR"),
        (8, 4, "its base picture is kept, as HLG"),
        (7, 0, "Dolby Vision (profile 7) is left out: its base picture is kept"),
        (4, 2, "Dolby Vision (profile 4) is left out"),
    ],
)
def test_dolby_vision_is_told_of(
    tmp_path: Path, profile: int, base: int, words: str
) -> None:
    path = write_clip(tmp_path / "in.mp4", Clip())
    with_dolby(path, profile, base)
    assert words in _converted(path, tmp_path / "out.mp4")


def _point(x: int, y: int) -> tuple[Fraction, Fraction]:
    return Fraction(x, 50_000), Fraction(y, 50_000)


DISPLAY = Mastering(
    red=_point(34000, 16000),
    green=_point(13250, 34500),
    blue=_point(7500, 3000),
    white=_point(15635, 16450),
    min_luminance=Fraction(5, 1000),
    max_luminance=Fraction(1000),
)
LIGHT = Light(DISPLAY, 1000, 400)
WHOLE = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"


def test_x265_and_x264_are_told_in_whole_units() -> None:
    told = with_light("libx265", LIGHT, given="")
    assert told == f"master-display={WHOLE}:max-cll=1000,400"
    told = with_light("libx264", LIGHT, given="")
    assert told == f"mastering-display={WHOLE}:cll=1000,400"


def test_svt_av1_is_told_in_decimals() -> None:
    told = with_light("libsvtav1", LIGHT, given="")
    assert told.startswith("mastering-display=G(0.265000,0.690000)B(0.150000,0.06")
    assert told.endswith("L(1000.000000,0.005000):content-light=1000,400")


def test_what_the_user_says_stays_and_wins() -> None:
    told = with_light("libx265", LIGHT, given="max_cll=5,4:aq-mode=3")
    assert told == f"master-display={WHOLE}:max_cll=5,4:aq-mode=3"
    assert with_light("libx265", None, given="aq-mode=3") == "aq-mode=3"
    assert with_light("libx265", None, given="") == ""


def test_a_level_alone_is_told() -> None:
    assert with_light("libx265", Light(max_cll=7), given="") == "max-cll=7,0"
    assert with_light("libx265", Light(), given="") == ""


@pytest.mark.parametrize("part", ["red", "white", "min_luminance"])
def test_of_a_display_with_unknown_parts_nothing_is_made_up(part: str) -> None:
    light = replace(LIGHT, mastering=replace(DISPLAY, **{part: None}))
    assert with_light("libx265", light, given="") == "max-cll=1000,400"
    assert "only a part of it" in str(light_notice("libx265", light))


def test_an_encoder_that_stores_none_is_noted() -> None:
    assert "left out: prores_ks stores none" in str(light_notice("prores_ks", LIGHT))
    assert light_notice("prores_ks", None) is light_notice("libx265", LIGHT) is None


def test_only_encoders_that_take_it_have_a_place_for_it() -> None:
    assert params_name("libx264rgb") == "x264-params"
    assert params_name("libsvtav1") == "svtav1-params"
    assert params_name("ffv1") is None
