"""Picture files in and out: samples, opacity, orientation, profile and EXIF."""

import io
import struct
import zlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.codec.context import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from tests.pictures import (
    PLAIN,
    exif_block,
    rewritten,
    rgb_samples,
    shown,
    srgb_profile,
)
from videnhance.errors import InputError, OutputError, UsageError
from videnhance.frame import ColourTags, Frame
from videnhance.frame.geometry import Size
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.layout import delivered_layout
from videnhance.media.stills.exif import orientation_of, updated_exif
from videnhance.media.stills.picture_files import png_bytes, style_for
from videnhance.media.stills.picture_writer import StillWriter
from videnhance.media.stills.rgb import packed
from videnhance.media.stills.still_reader import StillReader
from videnhance.media.stills.turning import turned

SIZE = Size(37, 23)


def _deep_png(path: Path, channels: int) -> np.ndarray[Any, np.dtype[np.uint16]]:
    y, x = np.mgrid[: SIZE.height, : SIZE.width]
    planes = [(x * 1771 + y * 13 + n * 9001) % 65536 for n in range(channels)]
    samples = np.stack(planes, axis=-1).astype(np.uint16)
    samples = samples[..., 0] if channels == 1 else samples
    path.write_bytes(png_bytes(samples, ColourTags()))
    return samples


def _decoded(path: Path) -> np.ndarray[Any, Any]:
    """The samples of a PNG as FFmpeg gives them."""
    context = CodecContext.create("png", "r")
    assert isinstance(context, VideoCodecContext)
    packets = Packet(path.read_bytes())
    pictures = [*context.decode(packets), *context.decode(None)]
    samples: np.ndarray[Any, Any] = pictures[0].to_ndarray()
    return samples


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_come_through_to_the_last(tmp_path: Path, channels: int) -> None:
    source, target = tmp_path / "a.png", tmp_path / "b.png"
    samples = _deep_png(source, channels)
    rewritten(source, target)
    assert np.array_equal(_decoded(target), samples)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_what_loses_nothing_keeps_every_sample(
    tmp_path: Path, mode: str, suffix: str
) -> None:
    source, target = tmp_path / "a.png", tmp_path / f"b{suffix}"
    picture = Image.fromarray(rgb_samples(SIZE))
    if mode == "RGBA":
        picture.putalpha(Image.fromarray(rgb_samples(SIZE)[..., 2]))
    picture.convert(mode).save(source)
    rewritten(source, target)
    wanted = "RGBA" if mode == "RGBA" else "RGB"
    assert np.array_equal(shown(target, wanted), shown(source, wanted))


@pytest.mark.parametrize("suffix", [".png", ".webp", ".avif", ".tiff"])
def test_opacity_is_kept_where_the_format_has_it(tmp_path: Path, suffix: str) -> None:
    source, target = tmp_path / "a.png", tmp_path / f"b{suffix}"
    opacity = np.tile(np.linspace(0, 255, SIZE.width), (SIZE.height, 1))
    picture = Image.new("RGBA", (SIZE.width, SIZE.height), (200, 100, 50, 0))
    picture.putalpha(Image.fromarray(opacity.astype(np.uint8)))
    picture.save(source)
    writer = rewritten(source, target)
    found, wanted = (shown(p, "RGBA")[..., 3].astype(int) for p in (target, source))
    assert np.abs(found - wanted).max() <= 6
    assert writer.notices == ()


def test_lost_opacity_is_said(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    Image.new("RGBA", (SIZE.width, SIZE.height), (200, 100, 50, 90)).save(source)
    writer = rewritten(source, tmp_path / "b.jpg")
    assert "transparency is left out" in writer.notices[0]


def test_an_avif_with_opacity_has_both_pictures_of_it(tmp_path: Path) -> None:
    source = tmp_path / "a.avif"
    picture = Image.fromarray(rgb_samples(SIZE)).convert("RGBA")
    picture.putalpha(77)
    picture.save(source, quality=95)
    with StillReader(source) as reader:
        frame = next(iter(reader))
    assert frame.layout.name == "yuva420p"
    assert set(frame.planes[-1].flat) == {77}


def test_an_avif_of_ten_bits_keeps_them(tmp_path: Path) -> None:
    source = tmp_path / "a.avif"
    picture = VideoFrame(64, 64, "yuv420p10le")
    for plane, value in zip(picture.planes, (701, 512, 512), strict=True):
        size = plane.buffer_size // 2
        plane.update(np.full(size, value, "<u2").tobytes())
    picture.pts = 0
    with av.open(str(source), "w", format="avif") as out:
        stream = out.add_stream("libsvtav1", rate=25)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p10le"
        out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    with StillReader(source) as reader:
        frame = next(iter(reader))
    assert frame.layout.name == "yuv420p10le"
    assert abs(int(frame.planes[0].mean()) - 701) <= 2
    writer = rewritten(source, tmp_path / "b.avif")
    assert "10-bit samples are stored as 8-bit" in writer.notices[0]


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_a_jpeg_keeps_its_planes_and_their_sizes(
    tmp_path: Path, subsampling: str
) -> None:
    source, target = tmp_path / "a.jpg", tmp_path / "b.jpg"
    picture = Image.fromarray(rgb_samples(SIZE)).resize((40, 24))
    picture.save(source, quality=95, subsampling=subsampling)
    rewritten(source, target, Encoding(options={"quality": "100"}))
    frames = []
    for path in (source, target):
        with StillReader(path) as reader:
            frames += list(reader)
    assert frames[0].layout == frames[1].layout
    for before, after in zip(frames[0].planes, frames[1].planes, strict=True):
        assert np.abs(before.astype(int) - after).mean() < 0.5


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".avif", ".bmp"])
def test_a_picture_is_shown_turned_once(
    tmp_path: Path, orientation: int, suffix: str
) -> None:
    source, target = tmp_path / "a.jpg", tmp_path / f"b{suffix}"
    picture = Image.fromarray(rgb_samples(Size(9, 7))).resize((54, 42), 0)
    picture.save(source, quality=97, exif=exif_block(orientation, Size(54, 42)))
    rewritten(source, target)
    found, wanted = shown(target).astype(int), shown(source).astype(int)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).mean() < 9


def test_a_mirrored_video_is_mirrored_in_a_picture(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    Image.fromarray(rgb_samples(SIZE)).save(source)
    with StillReader(source) as reader:
        info, frames = reader.info, list(reader)
    target = tmp_path / "b.png"
    info = replace(info, rotation_degrees=90, mirrored=True)
    with StillWriter(target, info, SIZE, PLAIN) as writer:
        writer.write(frames[0])
    assert np.array_equal(shown(target), shown(source).swapaxes(0, 1))


def test_profile_exif_and_density_come_along(tmp_path: Path) -> None:
    source, icc = tmp_path / "a.jpg", srgb_profile()
    picture = Image.fromarray(rgb_samples(SIZE))
    exif = exif_block(6, SIZE)
    picture.save(source, exif=exif, icc_profile=icc, dpi=(300, 300))
    for suffix in (".png", ".jpg", ".webp", ".avif"):
        rewritten(source, target := tmp_path / f"b{suffix}")
        with Image.open(target) as made:
            assert made.info["icc_profile"] == icc
            found = made.getexif()
            assert found[271] == "Maker"
            size = found.get_ifd(0x8769)
            assert (size[0xA002], size[0xA003]) == made.size
            if suffix in (".png", ".jpg"):
                assert made.info["dpi"] == pytest.approx((300, 300), abs=0.01)


def test_a_profile_of_other_colours_is_left_out(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    icc = srgb_profile().replace(b"RGB ", b"GRAY", 1)
    Image.fromarray(rgb_samples(SIZE)).save(source, icc_profile=icc)
    writer = rewritten(source, tmp_path / "b.png")
    assert writer.notices == ("its colour profile is left out: it does not fit PNG",)


def test_exif_changes_only_what_it_must() -> None:
    exif = exif_block(6, SIZE)
    changed = updated_exif(exif, Size(74, 46), orientation=1)
    assert changed is not None
    before = exif.removeprefix(b"Exif\0\0")
    differing = sum(a != b for a, b in zip(before, changed, strict=True))
    assert differing == 3
    assert orientation_of(changed) == 1


def test_a_thumbnail_does_not_stay_in_exif() -> None:
    exif = Image.Exif()
    exif[274] = 1
    block = bytearray(exif.tobytes().removeprefix(b"Exif\0\0"))
    order = "<" if block[:2] == b"II" else ">"
    second = len(block)
    (entries,) = struct.unpack_from(f"{order}H", block, 8)
    struct.pack_into(f"{order}I", block, 8 + 2 + 12 * entries, second)
    thumb = second + 2 + 2 * 12 + 4
    block += struct.pack(f"{order}H", 2)
    block += struct.pack(f"{order}HHII", 0x201, 4, 1, thumb)
    block += struct.pack(f"{order}HHII", 0x202, 4, 1, 5)
    block += bytes(4) + b"THUMB"
    changed = updated_exif(bytes(block), SIZE, orientation=1)
    assert changed is not None
    assert b"THUMB" not in changed
    assert orientation_of(changed) == 1


@pytest.mark.parametrize(
    "exif", [b"", b"II*\0", b"XX*\0\0\0\0\x08", b"II*\0\xff\xff\xff"]
)
def test_damaged_exif_is_no_exif(exif: bytes) -> None:
    assert updated_exif(exif, SIZE, orientation=1) is None
    assert orientation_of(exif) is None


def test_ink_colours_are_converted_and_said(tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    Image.fromarray(rgb_samples(SIZE)).convert("CMYK").save(source)
    with StillReader(source) as reader:
        assert "CMYK" in reader.notices[0]
        assert next(iter(reader)).layout.name == "gbrp"


def test_an_opaque_picture_has_no_plane_of_opacity(tmp_path: Path) -> None:
    source = tmp_path / "a.webp"
    Image.fromarray(rgb_samples(SIZE)).save(source, lossless=True)
    with StillReader(source) as reader:
        assert not reader.info.layout.alpha


def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    Image.new("L", (100, 70)).save(source)
    with pytest.raises(InputError, match=r"7000 pixels.*--limit-pixels 7000"):
        StillReader(source, limit_pixels=6999)


def _cut(path: Path) -> Path:
    random = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(random).save(path)
    path.write_bytes(path.read_bytes()[:-900])
    return path


def test_a_jpeg_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    with StillReader(_cut(tmp_path / "a.jpg")) as reader:
        assert reader.damaged_frames == 1
        assert "cut off" in reader.notices[0]
        assert len(list(reader)) == 1


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_another_picture_cut_off_is_refused_by_name(tmp_path: Path, name: str) -> None:
    source = _cut(tmp_path / name)
    with pytest.raises(InputError, match=name):
        StillReader(source)


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    source.write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    with pytest.raises(InputError, match=r"a\.png is not a picture"):
        StillReader(source)


def test_a_video_does_not_go_into_one_picture(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    Image.fromarray(rgb_samples(SIZE)).save(source)
    with StillReader(source) as reader:
        info, frames = reader.info, list(reader)
    target = tmp_path / "b.png"
    writer = StillWriter(target, info, SIZE, PLAIN)
    writer.write(frames[0])
    with pytest.raises(UsageError, match=r"b/%06d\.png"):
        writer.write(frames[0])
    with pytest.raises(UsageError, match="the input has 2 frames"):
        StillWriter(target, replace(info, frames=2), SIZE, PLAIN)
    assert not target.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_a_picture_that_exists_is_not_replaced(tmp_path: Path) -> None:
    source, target = tmp_path / "a.png", tmp_path / "b.png"
    Image.fromarray(rgb_samples(SIZE)).save(source)
    target.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        rewritten(source, target)
    assert target.read_bytes() == b"mine"


def test_quality_is_the_crf_or_said_in_words() -> None:
    jpeg = Path("a.jpg")
    assert style_for(jpeg, PLAIN).quality == 95
    assert style_for(jpeg, Encoding(crf=12)).quality == 88
    assert style_for(jpeg, Encoding(options={"quality": "70"})).quality == 70
    assert style_for(Path("a.webp"), Encoding(crf=0)).lossless
    with pytest.raises(UsageError, match="not from 1 to 100"):
        style_for(jpeg, Encoding(options={"quality": "0"}))
    with pytest.raises(UsageError, match="no option tune"):
        style_for(jpeg, Encoding(options={"tune": "film"}))


def test_a_picture_too_large_for_its_format_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    Image.new("L", (64, 64)).save(source)
    with StillReader(source) as reader:
        info = reader.info
    with pytest.raises(UsageError, match="at most 16383"):
        StillWriter(tmp_path / "b.webp", info, Size(16384, 64), PLAIN)


def _yuv(name: str, values: tuple[int, int, int], tags: ColourTags) -> Frame:
    layout = delivered_layout(name)
    kind = np.uint8 if layout.depth == 8 else np.uint16
    planes = tuple(
        np.full((s.height, s.width), value, kind)
        for s, value in zip(layout.plane_sizes(SIZE), values, strict=True)
    )
    return Frame(0, 0, Fraction(1), layout, tags, planes)


@pytest.mark.parametrize(
    ("name", "white", "range_"),
    [
        ("yuv420p", (235, 128, 128), 1),
        ("yuv422p", (255, 128, 128), 2),
        ("yuv420p10le", (940, 512, 512), 1),
        ("yuv444p12le", (4095, 2048, 2048), 2),
    ],
)
def test_white_is_the_brightest_code(
    name: str, white: tuple[int, int, int], range_: int
) -> None:
    frame = _yuv(name, white, ColourTags(range_, 1))
    assert set(packed(frame, 16, alpha=False).flat) == {65535}
    assert set(packed(frame, 8, alpha=False).flat) == {255}


def test_colours_follow_the_frames_matrix() -> None:
    red = (63, 102, 240)  # BT.709 in the limited range
    rgb = packed(_yuv("yuv444p", red, ColourTags(1, 1)), 8, alpha=False)
    assert np.abs(rgb[0, 0].astype(int) - (255, 0, 0)).max() <= 1


def test_chroma_of_another_shape_survives_a_quarter_turn() -> None:
    frame = _yuv("yuv422p", (100, 90, 160), ColourTags(2, 5))
    made = turned(frame, 6)
    assert made.size == Size(SIZE.height, SIZE.width)
    assert made.layout.name == "yuv444p"


def test_pictures_of_hdr_say_so(tmp_path: Path) -> None:
    frame = _yuv("yuv444p10le", (500, 512, 512), ColourTags(1, 9, 9, 16))
    data = png_bytes(packed(frame, 16, alpha=False), frame.tags)
    assert data[data.index(b"cICP") + 4 :][:4] == bytes((9, 16, 0, 1))
    plain = png_bytes(packed(frame, 16, alpha=False), ColourTags(1, 1, 1, 1))
    assert b"cICP" not in plain
    assert b"gAMA" not in plain


def test_exif_behind_the_pixels_of_a_png_counts(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    made = io.BytesIO()
    Image.fromarray(rgb_samples(SIZE)).save(made, "PNG")
    block = exif_block(3, SIZE).removeprefix(b"Exif\0\0")
    chunk = b"eXIf" + block
    late = struct.pack(">I", len(block)) + chunk
    late += struct.pack(">I", zlib.crc32(chunk))
    data = made.getvalue()
    source.write_bytes(data[:-12] + late + data[-12:])
    with StillReader(source) as reader:
        assert reader.info.rotation_degrees == 180


def test_kinds_are_known_by_any_case() -> None:
    assert style_for(Path("A.JPG"), PLAIN).form.name == "JPEG"
    with pytest.raises(UsageError, match=r"\.png"):
        style_for(Path("a.xyz"), PLAIN)


def test_ffmpeg_has_what_pictures_need() -> None:
    for name in ("png", "mjpeg", "webp", "bmp", "tiff"):
        assert av.Codec(name, "r").type == "video"
    assert VideoFrame(2, 2, "rgb48be").format.name == "rgb48be"
