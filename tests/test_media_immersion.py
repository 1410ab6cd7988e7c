"""What an output says of a sphere and of two views, and what it cannot say."""

import struct
from fractions import Fraction
from pathlib import Path

import pytest

from tests.frames import YUV420
from videnhance.errors import OutputError
from videnhance.frame import (
    ColourTags,
    Packing,
    Projection,
    Sphere,
    Stereo,
    VideoInfo,
)
from videnhance.frame.geometry import Size
from videnhance.media.output.immersion import (
    entry_boxes,
    immersion_notices,
    kept_sphere,
    projection,
    stereo_mode,
    with_in_video,
)

SIZE = Size(64, 32)


def _info(sphere: Sphere | None = None, stereo: Stereo | None = None) -> VideoInfo:
    return VideoInfo(
        size=SIZE,
        layout=YUV420,
        source_format="yuv420p",
        codec="h264",
        rate=Fraction(25),
        time_base=Fraction(1, 25),
        frames=3,
        duration_seconds=0.12,
        tags=ColourTags(),
        sample_aspect_ratio=None,
        rotation_degrees=0,
        sphere=sphere,
        stereo=stereo,
    )


@pytest.mark.parametrize(
    ("kind", "container", "kept"),
    [
        (Projection.EQUIRECTANGULAR, "mp4", True),
        (Projection.EQUIRECTANGULAR, "matroska", True),
        (Projection.FISHEYE, "mp4", True),
        (Projection.FISHEYE, "matroska", False),
        (Projection.UNKNOWN, "mp4", False),
        (Projection.CUBEMAP, "mpegts", False),
    ],
)
def test_a_sphere_is_kept_or_named(
    kind: Projection, container: str, kept: bool
) -> None:
    info = _info(Sphere(kind))
    told = immersion_notices(
        info, SIZE.scaled(2), container=container, encoder="libx264"
    )
    assert (kept_sphere(info, SIZE.scaled(2), container=container) is None) != kept
    wanted = f"the picture is a sphere ({kind.value}): {container} cannot say so"
    assert told == ([] if kept else [wanted])


def test_a_sphere_of_another_shape_is_none_any_more() -> None:
    info = _info(Sphere(Projection.EQUIRECTANGULAR))
    (told,) = immersion_notices(info, Size(64, 64), container="mp4", encoder="libx264")
    assert "cut, padded or stretched it is none any more" in told


def test_the_edge_of_a_cube_grows_with_the_picture() -> None:
    info = _info(Sphere(Projection.CUBEMAP, padding=3))
    kept = kept_sphere(info, SIZE.scaled(2), container="matroska")
    assert kept is not None
    assert kept.padding == 6


@pytest.mark.parametrize(
    ("packing", "container", "encoder", "words"),
    [
        (Packing.SIDE_BY_SIDE, "mp4", "ffv1", ""),
        (Packing.SIDE_BY_SIDE, "avi", "ffv1", "avi cannot say so"),
        (Packing.SIDE_BY_SIDE, "avi", "libx264", ""),
        (Packing.IN_TURN, "mp4", "libx264", "mp4 cannot say so"),
        (Packing.IN_TURN, "matroska", "libx264", ""),
        (Packing.IN_TURN, "webm", "libvpx-vp9", "webm cannot say so"),
        (Packing.LINES, "matroska", "libx264", "enlarging mixes them"),
        (Packing.LAYERS, "mp4", "libx265", "only the first is kept"),
    ],
)
def test_views_of_two_eyes_are_kept_or_named(
    packing: Packing, container: str, encoder: str, words: str
) -> None:
    info = _info(stereo=Stereo(packing))
    told = immersion_notices(info, SIZE, container=container, encoder=encoder)
    assert len(told) == bool(words)
    assert words in "".join(told)


def test_a_right_eye_first_has_a_word_in_matroska_alone() -> None:
    swapped = Stereo(Packing.TOP_BOTTOM, swapped=True)
    assert stereo_mode(swapped, "matroska") == "bottom_top"
    assert stereo_mode(swapped, "mp4") is None
    assert entry_boxes(None, swapped) == b""


def test_boxes_say_what_a_sphere_is() -> None:
    flat = entry_boxes(Sphere(Projection.EQUIRECTANGULAR, pose=(65536, 0, 0)), None)
    assert flat[4:8] == b"sv3d"
    assert struct.pack(">3i", 65536, 0, 0) in flat
    assert b"cbmp" in entry_boxes(Sphere(Projection.CUBEMAP, padding=2), None)
    assert entry_boxes(Sphere(Projection.FISHEYE), None)[4:8] == b"vexu"
    both = entry_boxes(Sphere(Projection.HALF), Stereo(Packing.SIDE_BY_SIDE))
    assert both[4:8] == b"st3d"
    assert both.endswith(b"hequ")


def test_elements_say_how_a_sphere_is_turned() -> None:
    plain = projection(Sphere(Projection.EQUIRECTANGULAR))
    turned = projection(Sphere(Projection.EQUIRECTANGULAR, pose=(0, 90 << 16, 0)))
    assert struct.pack(">d", 90.0) in turned
    assert len(turned) > len(plain)
    part = projection(Sphere(Projection.TILE, edges=(1, 2, 3, 4)))
    assert struct.pack(">4I", 2, 4, 1, 3) in part


def test_a_file_without_tracks_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    # A whole EBML head, and nothing behind it.
    path.write_bytes(b"\x1a\x45\xdf\xa3\x80")
    with pytest.raises(OutputError, match="has no tracks"):
        with_in_video(path, b"", name="")
