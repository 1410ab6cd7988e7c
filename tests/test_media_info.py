"""What a file says of its pictures: light, turn, aperture, opacity, size."""

import struct
import zlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.codec.context import CodecContext
from av.sidedata.sidedata import Type
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from tests.clips import Clip, pattern, write_clip
from videnhance.errors import InputError, UsageError
from videnhance.frame import (
    ColourTags,
    Family,
    Layout,
    Light,
    Mastering,
)
from videnhance.frame.geometry import Size
from videnhance.media.reader import side_data
from videnhance.media.reader.geometry import Crop, cropped, usable_crop
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import DECODE_ERRORS, Reading

X265_LIGHT = (
    "log-level=none:repeat-headers=1:hdr10=1:max-cll=1000,400:master-display="
    "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
)
FRONT = {"movflags": "faststart"}
ITU_YUV = Layout("yuv420p", Family.YUV, 8, (1, 1))


def _hdr(path: Path, params: str, transfer: int = 16) -> Path:
    clip = Clip(
        codec="libx265",
        pix_fmt="yuv420p10le",
        colour=(1, 9, 9, transfer),
        options={"x265-params": params},
    )
    return write_clip(path, clip)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_the_light_of_hdr_is_read(tmp_path: Path, suffix: str) -> None:
    with VideoReader(_hdr(tmp_path / f"a.{suffix}", X265_LIGHT)) as reader:
        assert reader.info.light == Light(
            Mastering(
                red=(Fraction(17, 25), Fraction(8, 25)),
                green=(Fraction(53, 200), Fraction(69, 100)),
                blue=(Fraction(3, 20), Fraction(3, 50)),
                white=(Fraction(3127, 10000), Fraction(329, 1000)),
                min_luminance=Fraction(1, 200),
                max_luminance=Fraction(1000),
            ),
            max_cll=1000,
            max_fall=400,
        )
        assert reader.notices == []


def test_hdr_without_metadata_has_no_light(tmp_path: Path) -> None:
    with VideoReader(_hdr(tmp_path / "a.mkv", "log-level=none", 18)) as reader:
        assert reader.info.light is None
        assert reader.info.tags == ColourTags(1, 9, 9, 18)


def test_light_that_changes_is_said_to_be_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _hdr(tmp_path / "a.mkv", X265_LIGHT)
    # No encoder here writes the real ones.
    monkeypatch.setattr(side_data, "_MOVING", (Type.CONTENT_LIGHT_LEVEL,))
    with VideoReader(path) as reader:
        assert "changes by the scene" in reader.notices[0]


def _chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def test_a_picture_with_exif_is_read_safely(tmp_path: Path) -> None:
    exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    head = struct.pack(">2I5B", 16, 8, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(range(48)) for _ in range(8)))
    path = tmp_path / "a.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"eXIf", exif)
        + _chunk(b"IDAT", rows)
        + _chunk(b"IEND", b"")
    )
    with VideoReader(path) as reader:
        assert (reader.info.rotation_degrees, reader.info.mirrored) == (90, False)
        assert [f.size for f in reader] == [Size(16, 8)]


def _turned(path: Path, degrees: float, left_right: bool) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(degrees, left_right)
        frame = pattern(Clip(), 0)
        frame.pts = 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270, 45, 330])
def test_a_turn_comes_back_as_it_was_written(
    tmp_path: Path, degrees: int, mirrored: bool
) -> None:
    path = _turned(tmp_path / "a.mp4", -degrees, mirrored)
    with VideoReader(path) as reader:
        info = reader.info
        assert reader.notices == []
    assert (info.rotation_degrees, info.mirrored) == (degrees, mirrored)


def test_a_part_of_a_degree_is_rounded_and_said(tmp_path: Path) -> None:
    with VideoReader(_turned(tmp_path / "a.mp4", -30.4, False)) as reader:
        assert reader.info.rotation_degrees == 30
        assert reader.notices == ["a turn by 30.4 degrees is rounded to whole degrees"]


_PARENTS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def _with_aperture(boxes: bytes, size: tuple[int, int], right_by: int) -> bytes:
    """The boxes of a mov file, with a `clap` box for its one H.264 stream."""
    made, place = b"", 0
    numbers = (size[0], 1, size[1], 1, right_by, 2, 0, 2)
    aperture = struct.pack(">I4s8I", 40, b"clap", *numbers)
    while place < len(boxes):
        length, kind = struct.unpack(">I4s", boxes[place : place + 8])
        body = boxes[place + 8 : place + length]
        if kind in _PARENTS:
            body = _with_aperture(body, size, right_by)
        elif kind == b"stsd":
            entry = struct.unpack(">I", body[8:12])[0] + len(aperture)
            body = body[:8] + struct.pack(">I", entry) + body[12:] + aperture
        made += struct.pack(">I4s", len(body) + 8, kind) + body
        place += length
    return made


def test_a_clean_aperture_is_cut_out(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.mp4", Clip(options={"qp": "0"}))
    part = tmp_path / "b.mp4"
    part.write_bytes(_with_aperture(whole.read_bytes(), (56, 44), 0))
    with VideoReader(whole) as one, VideoReader(part) as other:
        assert other.info.size == Size(56, 44)
        assert other.notices == ["the file shows a part of 64x48: 56x44 are read"]
        for frame, shown in zip(one, other, strict=True):
            luma, *chroma = frame.planes
            np.testing.assert_array_equal(shown.planes[0], luma[2:46, 4:60])
            for plane, same in zip(chroma, shown.planes[1:], strict=True):
                np.testing.assert_array_equal(same, plane[1:23, 2:30])


def test_an_aperture_begins_at_whole_chroma_samples(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4")
    path.write_bytes(_with_aperture(path.read_bytes(), (60, 48), 2))
    with VideoReader(path) as reader:
        assert reader.info.size == Size(60, 48)
        assert "moved to whole chroma samples" in reader.notices[0]
        assert [f.size for f in reader] == [Size(60, 48)] * 12


def test_a_crop_of_matroska_is_cut_out(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", Clip(aspect=Fraction(4, 3)))
    # Room for it is in the padding behind the size of the picture.
    old = bytes.fromhex("e08ab08140ba813054b2810455ee8100ec01000000000000020000")
    new = bytes.fromhex("e08eb08140ba813054b2810454cc810455ee8100ec850000000000")
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    with VideoReader(path) as reader:
        assert reader.info.size == Size(60, 48)


@pytest.mark.parametrize(
    ("crop", "usable"),
    [
        (Crop(4, 4, 2, 2), Crop(4, 4, 2, 2)),
        (Crop(3, 1, 5, 0), Crop(2, 2, 4, 1)),
        (Crop(32, 32, 0, 0), None),
        (Crop(0, 0, 40, 40), None),
    ],
)
def test_a_crop_keeps_its_size_or_is_none(crop: Crop, usable: Crop | None) -> None:
    assert usable_crop(crop, Size(64, 48), layout=ITU_YUV) == usable


def test_a_crop_keeps_opacity_in_full_size() -> None:
    layout = Layout("yuva420p", Family.YUV, 8, (1, 1), alpha=True)
    planes = tuple(
        np.zeros((s.height, s.width), np.uint8)
        for s in layout.plane_sizes(Size(21, 17))
    )
    shown = cropped(planes, layout, crop=Crop(2, 4, 4, 0))
    wanted = layout.plane_sizes(Size(15, 13))
    assert [p.shape for p in shown] == [(s.height, s.width) for s in wanted]


@pytest.mark.parametrize(
    ("name", "codec"), [("a.webm", "libvpx-vp9"), ("a.mkv", "libvpx")]
)
def test_the_opacity_of_vp8_and_vp9_is_read(
    tmp_path: Path, name: str, codec: str
) -> None:
    path, clip = tmp_path / name, Clip(pix_fmt="yuva420p")
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25)
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = 64, 48, "yuva420p"
        context.options = {"auto-alt-ref": "0", "crf": "4", "b": "0"}
        context.color_range, context.colorspace = 1, 1
        context.color_primaries, context.color_trc = 1, 1
        stream.metadata["alpha_mode"] = "1"
        for index in range(9):
            frame = pattern(clip, index)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with VideoReader(path) as reader:
        assert reader.info.layout.alpha
        assert reader.info.tags == ColourTags(1, 1, 1, 1)
        frames = list(reader)
    assert [f.pts for f in frames] == [i * 40 for i in range(9)]
    opacity = pattern(clip, 5).planes[3]
    wanted = np.frombuffer(memoryview(opacity), np.uint8).reshape(48, -1)[:, :64]
    error = np.abs(frames[5].planes[3].astype(int) - wanted)
    assert np.median(error) < 8


def _still(path: Path, codec: str, pix_fmt: str) -> Path:
    context = CodecContext.create(codec, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = 64, 48, pix_fmt
    context.time_base = Fraction(1, 25)
    picture = VideoFrame(64, 48, pix_fmt)
    for plane in picture.planes:
        plane.update(bytes(plane.buffer_size))
    packets = [*context.encode(picture), *context.encode(None)]
    path.write_bytes(b"".join(bytes(packet) for packet in packets))
    return path


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.png", "png", "rgb24"),
        ("a.jpg", "mjpeg", "yuvj420p"),
        ("a.webp", "libwebp", "yuv420p"),
        ("a.bmp", "bmp", "bgr24"),
        ("a.tiff", "tiff", "rgb24"),
        ("frame%03d.jpg", "mjpeg", "yuvj420p"),
        ("frame001.png", "png", "rgb24"),
    ],
)
def test_a_still_picture_is_a_video_of_one_frame(
    tmp_path: Path, name: str, codec: str, pix_fmt: str
) -> None:
    path = _still(tmp_path / name, codec, pix_fmt)
    _still(tmp_path / "frame002.png", "png", "rgb24")
    with VideoReader(path) as reader:
        assert reader.notices == []
        assert [f.size for f in reader] == [Size(64, 48)]


def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4")
    VideoReader(path, None, Reading(limit_pixels=64 * 48)).close()
    VideoReader(path, None, Reading(limit_pixels=None)).close()
    with pytest.raises(InputError, match=r"a\.mp4.*64x48.*3072.*--limit-pixels"):
        VideoReader(path, None, Reading(limit_pixels=64 * 48 - 1))
    with pytest.raises(UsageError):
        Reading(limit_pixels=0)


def test_a_size_that_grows_over_the_limit_is_not_decoded(tmp_path: Path) -> None:
    parts = [Clip(), Clip(width=96, height=64)]
    path = tmp_path / "two.264"
    path.write_bytes(
        b"".join(write_clip(tmp_path / "part.264", c).read_bytes() for c in parts)
    )
    with VideoReader(path, None, Reading(limit_pixels=64 * 48)) as reader:
        frames = list(reader)
        assert reader.damaged_packets > 0
    assert [f.size for f in frames] == [Size(64, 48)] * len(frames)
    assert 0 < len(frames) <= 12


@pytest.mark.parametrize(
    "error", [BlockingIOError, PermissionError, EOFError, av.BlockingIOError]
)
def test_what_a_decoder_raises_under_other_names_is_damage(
    error: type[Exception],
) -> None:
    assert issubclass(error, DECODE_ERRORS)


@pytest.mark.parametrize("told", [Fraction(40), Fraction(1, 40)])
def test_a_shape_that_no_pixel_has_is_said_and_left_out(
    tmp_path: Path, told: Fraction
) -> None:
    path = write_clip(tmp_path / "a.mp4", Clip(aspect=told))
    with VideoReader(path) as reader:
        assert reader.info.sample_aspect_ratio is None
        words = (
            f"the file says that pixels are shaped {told}: they are taken for square"
        )
        assert reader.notices == [words]


@pytest.mark.parametrize("told", [Fraction(1, 32), Fraction(64, 45), Fraction(32)])
def test_a_shape_that_can_be_meant_is_kept(tmp_path: Path, told: Fraction) -> None:
    path = write_clip(tmp_path / "a.mp4", Clip(aspect=told))
    with VideoReader(path) as reader:
        assert reader.info.sample_aspect_ratio == told
        assert not reader.notices


def _shown_by_edit(path: Path, first: int, count: int) -> Path:
    """The file with an edit list that shows some of its frames, 25 a second."""
    data = bytearray(path.read_bytes())
    edit, header = data.index(b"elst") + 12, data.index(b"mvhd") + 16
    (scale,) = struct.unpack_from(">I", data, header)
    (_, start) = struct.unpack_from(">Ii", data, edit)
    struct.pack_into(">Ii", data, edit, count * scale // 25, start + first * 512)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
@pytest.mark.parametrize(
    ("first", "count"), [(0, 50), (8, 42), (0, 20), (12, 20), (49, 1)]
)
def test_frames_that_an_edit_list_hides_do_not_count(
    tmp_path: Path, suffix: str, first: int, count: int
) -> None:
    clip = Clip(pts=range(0, 50 * 512, 512), options={"bf": "2", "g": "10"})
    path = _shown_by_edit(write_clip(tmp_path / f"a.{suffix}", clip), first, count)
    with VideoReader(path) as reader:
        assert reader.info.frames == count
        assert len(list(reader)) == count
        assert reader.damaged_packets == 0
        assert reader.notices == []


def test_a_file_cut_off_behind_its_edit_list_counts_what_is_missing(
    tmp_path: Path,
) -> None:
    clip = Clip(pts=range(0, 50 * 512, 512), options={"bf": "0", "g": "10"})
    made = write_clip(tmp_path / "a.mov", replace(clip, container=FRONT))
    path = tmp_path / "b.mov"
    with av.open(str(made), "r") as opened:
        entries = opened.streams.video[0].index_entries
        end = entries[30].pos
    path.write_bytes(made.read_bytes()[:end])
    with VideoReader(path) as reader:
        assert len(list(reader)) == 30
        assert reader.damaged_packets == 20
        assert "30 of 50 frames are there" in reader.notices[-1]
