"""Every encoder opens with what it is told, and gives back what it was given."""

import json
import math
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.codec.context import CodecContext
from av.sidedata.sidedata import Type
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from tests.frames import noise, pan
from tests.test_media_colours import LIGHT
from videnhance.errors import UsageError
from videnhance.frame import ColourTags, Family, Frame, Plane, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.encoder.converter import Converter
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.encoder.storage import as_picture, storage
from videnhance.media.encoder.video_encoder import added_stream
from videnhance.media.layout import delivered_layout
from videnhance.media.planes import copied_planes

ODD, EVEN = Size(51, 37), Size(128, 96)
LIMITED, RGB_TAGS, PQ = (
    ColourTags(1, 1, 1, 1),
    ColourTags(2, 0, 1, 1),
    ColourTags(1, 9, 9, 16),
)


def _noise(name: str, size: Size = ODD, tags: ColourTags | None = None) -> list[Frame]:
    layout = delivered_layout(name)
    own = RGB_TAGS if layout.family is Family.RGB else LIMITED
    return [noise(size, layout, index, tags or own) for index in range(3)]


def _smooth(size: Size = EVEN) -> list[Frame]:
    return pan(5, size, 2, 1, delivered_layout("yuv420p"))


def _written(
    path: Path,
    frames: Sequence[Frame],
    encoding: Encoding,
    container: str,
    info: VideoInfo | None = None,
) -> list[str]:
    """Writes the frames, 25 a second, and gives back what was said."""
    first, notices = frames[0], list[str]()
    info = info or _info(first)
    stored = storage(info, encoding, notices, container)
    converter = Converter()
    with av.open(str(path), "w", format=container) as out:
        stream = added_stream(
            out,
            info,
            size=first.size,
            encoding=encoding,
            stored=stored,
            notices=notices,
        )
        for index, frame in enumerate(frames):
            picture = as_picture(frame, stored, converter=converter)
            picture.pts, picture.time_base = index, Fraction(1, 25)
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    return notices


def _info(frame: Frame) -> VideoInfo:
    return VideoInfo(
        size=frame.size,
        layout=frame.layout,
        source_format=frame.layout.name,
        codec="none",
        rate=Fraction(25),
        time_base=Fraction(1, 25),
        frames=None,
        duration_seconds=None,
        tags=frame.tags,
        sample_aspect_ratio=None,
        rotation_degrees=0,
    )


def _read(path: Path, decoder: str | None = None) -> list[VideoFrame]:
    with av.open(str(path), "r") as opened:
        stream = opened.streams.video[0]
        if decoder is None:
            return list(opened.decode(stream))
        context = CodecContext.create(decoder, "r")
        assert isinstance(context, VideoCodecContext)
        packets = [packet for packet in opened.demux(stream) if packet.size]
        return [
            frame for packet in [*packets, None] for frame in context.decode(packet)
        ]


def _planes(pictures: list[VideoFrame], name: str) -> list[tuple[Plane, ...]]:
    layout, converter = delivered_layout(name), VideoReformatter()
    return [
        copied_planes(converter.reformat(picture, format=name), layout)
        for picture in pictures
    ]


def _psnr(frames: Sequence[Frame], planes: Sequence[tuple[Plane, ...]]) -> float:
    errors = [
        (frame.planes[0].astype(float) - got[0]) ** 2
        for frame, got in zip(frames, planes, strict=True)
    ]
    return float(10 * np.log10(255**2 / max(float(np.mean(errors)), 1e-9)))


@pytest.mark.parametrize(
    "name",
    [
        "yuva420p",
        "yuva422p",
        "yuva444p10le",
        "yuva422p12le",
        "yuva420p16le",
        "gbrap",
        "gbrap10le",
        "gbrap16le",
    ],
)
def test_ffv1_keeps_every_bit_and_the_opacity(tmp_path: Path, name: str) -> None:
    frames = _noise(name)
    assert _written(tmp_path / "a.mkv", frames, Encoding("ffv1"), "matroska") == []
    found = _planes(_read(tmp_path / "a.mkv"), name)
    for frame, planes in zip(frames, found, strict=True):
        for wanted, got in zip(frame.planes, planes, strict=True):
            np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize(
    ("codec", "container"),
    [("png", "mov"), ("apng", "apng"), ("qtrle", "mov"), ("utvideo", "avi")],
)
def test_lossless_rgb_keeps_every_bit_and_the_opacity(
    tmp_path: Path, codec: str, container: str
) -> None:
    frames = _noise("gbrap")
    _written(tmp_path / "a", frames, Encoding(codec), container)
    found = _planes(_read(tmp_path / "a"), "gbrap")
    for frame, planes in zip(frames, found, strict=True):
        for wanted, got in zip(frame.planes, planes, strict=True):
            np.testing.assert_array_equal(got, wanted)


def test_prores_keeps_opacity_to_the_bit(tmp_path: Path) -> None:
    frames = _noise("yuva444p10le", EVEN)
    assert _written(tmp_path / "a.mov", frames, Encoding("prores_ks"), "mov") == []
    found = _planes(_read(tmp_path / "a.mov"), "yuva444p10le")
    for frame, planes in zip(frames, found, strict=True):
        np.testing.assert_array_equal(planes[3], frame.planes[3])


@pytest.mark.parametrize("container", ["webm", "matroska"])
def test_vp9_keeps_opacity_beside_its_packets(tmp_path: Path, container: str) -> None:
    frames = []
    for frame in _smooth():
        opacity = np.full_like(frame.planes[0], 40)
        opacity[:, 64:] = 200
        planes = (*frame.planes, opacity)
        layout = delivered_layout("yuva420p")
        frames.append(replace(frame, layout=layout, planes=planes))
    assert _written(tmp_path / "a", frames, Encoding("libvpx-vp9"), container) == []
    pictures = _read(tmp_path / "a", "libvpx-vp9")
    assert {picture.format.name for picture in pictures} == {"yuva420p"}
    for planes in _planes(pictures, "yuva420p"):
        assert abs(planes[3][:, :60].astype(int) - 40).max() <= 3
        assert abs(planes[3][:, 68:].astype(int) - 200).max() <= 3
    assert len(pictures) == len(frames)


@pytest.mark.parametrize(
    ("codec", "container"),
    [
        ("libx264", "mp4"),
        ("libx264", "avi"),
        ("libx265", "mp4"),
        ("libsvtav1", "mp4"),
        ("libsvtav1", "webm"),
        ("libvpx-vp9", "webm"),
        ("libvpx", "webm"),
        ("prores_ks", "mov"),
        ("mpeg4", "mp4"),
        ("mpeg2video", "mpegts"),
        ("ffv1", "matroska"),
        ("rawvideo", "nut"),
    ],
)
def test_each_encoder_gives_a_good_picture_by_itself(
    tmp_path: Path, codec: str, container: str
) -> None:
    frames = _smooth()
    _written(tmp_path / "a", frames, Encoding(codec), container)
    found = _planes(_read(tmp_path / "a"), "yuv420p")
    assert _psnr(frames, found) > 38


@pytest.mark.parametrize("codec", ["mjpeg", "libx264rgb"])
def test_other_encoders_give_every_frame(tmp_path: Path, codec: str) -> None:
    frames = _smooth()
    _written(tmp_path / "a", frames, Encoding(codec), "matroska")
    assert len(_read(tmp_path / "a")) == len(frames)


def test_ten_bits_stay_ten(tmp_path: Path) -> None:
    for codec in ("libx264", "libx265", "libsvtav1"):
        frames = _noise("yuv420p10le", EVEN, PQ)
        assert _written(tmp_path / "a.mkv", frames, Encoding(codec), "matroska") == []
        assert _read(tmp_path / "a.mkv")[0].format.name == "yuv420p10le"


@pytest.mark.parametrize(
    ("name", "profile"),
    [("yuv422p10le", "HQ"), ("yuv444p10le", "4444"), ("yuva444p10le", "4444")],
)
def test_prores_takes_the_profile_of_its_chroma(
    tmp_path: Path, name: str, profile: str
) -> None:
    _written(tmp_path / "a.mov", _noise(name, EVEN), Encoding("prores_ks"), "mov")
    with av.open(str(tmp_path / "a.mov"), "r") as opened:
        assert opened.streams.video[0].profile == profile


@pytest.mark.parametrize(
    ("codec", "container"),
    [
        ("libx265", "matroska"),
        ("libx265", "mp4"),
        ("libsvtav1", "matroska"),
        ("libsvtav1", "mp4"),
    ],
)
@pytest.mark.ffprobe
def test_hdr10_in_is_hdr10_out(tmp_path: Path, codec: str, container: str) -> None:
    frames = _noise("yuv420p10le", EVEN, PQ)
    info = replace(_info(frames[0]), light=LIGHT)
    assert _written(tmp_path / "a", frames, Encoding(codec), container, info) == []
    words = ["-show_frames", "-read_intervals", "%+#1", "-of", "json"]
    done = subprocess.run(
        ["ffprobe", "-v", "error", *words, str(tmp_path / "a")],
        check=True,
        capture_output=True,
    )
    frame = json.loads(done.stdout)["frames"][0]
    found: dict[str, object] = {}
    for data in frame["side_data_list"]:
        found |= data
    tags = ("color_transfer", "color_primaries", "color_space", "pix_fmt")
    assert [frame[tag] for tag in tags] == [
        *("smpte2084", "bt2020", "bt2020nc"),
        "yuv420p10le",
    ]
    assert (found["max_content"], found["max_average"]) == (1000, 400)
    assert float(Fraction(str(found["red_x"]))) == pytest.approx(0.68, abs=1e-4)
    assert float(Fraction(str(found["white_point_y"]))) == pytest.approx(
        0.329, abs=1e-4
    )
    assert float(Fraction(str(found["max_luminance"]))) == 1000
    assert float(Fraction(str(found["min_luminance"]))) == pytest.approx(
        0.005, abs=1e-5
    )


def test_hdr_that_an_encoder_cannot_store_is_noted(tmp_path: Path) -> None:
    frames = _noise("yuv422p10le", EVEN, PQ)
    info = replace(_info(frames[0]), light=LIGHT)
    notices = _written(tmp_path / "a", frames, Encoding("prores_ks"), "mov", info)
    assert len(notices) == 1
    assert "libx265, libx264 and libsvtav1 do" in notices[0]


@pytest.mark.ffprobe
def test_the_output_says_that_it_is_progressive(tmp_path: Path) -> None:
    _written(tmp_path / "a.mkv", _smooth(), Encoding("ffv1"), "matroska")
    words = ["-v", "error", "-show_entries", "stream=field_order", "-of", "csv=p=0"]
    done = subprocess.run(
        ["ffprobe", *words, str(tmp_path / "a.mkv")],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["progressive"]


def test_the_number_of_threads_is_given_to_the_encoder(tmp_path: Path) -> None:
    frames = _smooth()
    for threads in (1, 3):
        encoding = Encoding(threads=threads)
        stored = storage(_info(frames[0]), encoding, [])
        with av.open(str(tmp_path / "a.mkv"), "w", format="matroska") as out:
            stream = added_stream(
                out,
                _info(frames[0]),
                size=EVEN,
                encoding=encoding,
                stored=stored,
                notices=list[str](),
            )
            assert stream.codec_context.thread_count == threads
            out.mux(stream.encode(as_picture(frames[0], stored, converter=Converter())))
            out.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("codec", "software"),
    [
        ("h264_v4l2m2m", "libx264"),
        ("hevc_vaapi", "libx265"),
        ("mpeg2_vaapi", "mpeg2video"),
    ],
)
def test_hardware_that_is_not_there_names_the_software(
    tmp_path: Path, codec: str, software: str
) -> None:
    with pytest.raises(UsageError, match=f"{codec}.*use -c {software}"):
        _written(tmp_path / "a.mkv", _smooth(), Encoding(codec), "matroska")


@pytest.mark.parametrize(
    ("encoding", "container", "words"),
    [
        (Encoding("vp9_nothing"), "mp4", "no encoder named vp9_nothing"),
        (Encoding(), "webm", "webm does not hold libx264 video: use -c libvpx-vp9"),
        (Encoding("ffv1"), "mpegts", "mpegts does not hold ffv1 .*use -c libx264"),
        (Encoding("gif"), "matroska", "matroska does not hold gif .*libx264$"),
        (Encoding(crf=52), "mp4", "--crf 52 is not possible"),
    ],
)
def test_what_cannot_be_encoded_names_an_encoder_that_can(
    tmp_path: Path, encoding: Encoding, container: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        _written(tmp_path / "a", _smooth(), encoding, container)


def test_flags_that_are_added_do_not_take_the_quality_away(tmp_path: Path) -> None:
    frames, sizes = _smooth(), list[int]()
    for flags in ({}, {"flags": "+bitexact"}):
        path = tmp_path / f"{len(sizes)}.mkv"
        _written(path, frames, Encoding("mpeg2video", options=flags), "matroska")
        sizes.append(path.stat().st_size)
    assert sizes[1] == pytest.approx(sizes[0], rel=0.05)


@pytest.mark.parametrize("degrees", [0, 90, 30])
def test_a_mirrored_picture_stays_mirrored(tmp_path: Path, degrees: int) -> None:
    frames = _smooth()
    info = replace(_info(frames[0]), rotation_degrees=degrees, mirrored=True)
    path = tmp_path / "a.mov"
    assert _written(path, frames, Encoding(), "mov", info) == []
    side_data: Any = _read(path)[0].side_data
    across, down, _, right_across, right_down = struct.unpack_from(
        "=5i", bytes(side_data[Type.DISPLAYMATRIX])
    )
    assert across * right_down - down * right_across < 0
    assert across == pytest.approx(-65536 * math.cos(math.radians(degrees)), abs=8)


def test_a_turn_that_a_container_cannot_tell_is_noted(tmp_path: Path) -> None:
    frames = _smooth()
    info = replace(_info(frames[0]), rotation_degrees=90, mirrored=True)
    notices = _written(tmp_path / "a", frames, Encoding(), "nut", info)
    assert notices == [
        "nut cannot say that the picture is turned by 90 degrees and mirrored: it "
        "shows lying as it is stored"
    ]
