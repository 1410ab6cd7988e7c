"""One number and one word become the options of each encoder."""

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from videnhance.errors import UsageError
from videnhance.media.containers import container_named
from videnhance.media.encoder import options as encoder_options
from videnhance.media.encoder.encoding import (
    DEFAULT_PRESET,
    Encoding,
    is_hardware,
    software_for,
    video_encoder,
)
from videnhance.media.encoder.options import (
    parameters_of,
    rate_options,
    speed_options,
)


@pytest.mark.parametrize(
    ("codec", "options"),
    [
        ("libx264", {"crf": "18"}),
        ("libx265", {"crf": "20"}),
        ("libsvtav1", {"crf": "26"}),
        ("libvpx-vp9", {"crf": "28", "b": "0"}),
        ("libwebp_anim", {"lossless": "0", "quality": "90"}),
        ("mpeg4", {"flags": "+qscale", "global_quality": "236"}),
        ("hevc_nvenc", {"rc": "vbr", "cq": "19", "b": "0"}),
        ("h264_qsv", {"global_quality": "20"}),
        ("h264_amf", {"rc": "cqp", "qp_i": "20", "qp_p": "20"}),
        ("av1_amf", {"rc": "cqp", "qp_i": "100", "qp_p": "100"}),
        ("h264_videotoolbox", {"flags": "+qscale", "global_quality": "7552"}),
        ("ffv1", {}),
        ("prores_ks", {}),
    ],
)
def test_each_encoder_has_its_default(codec: str, options: dict[str, str]) -> None:
    notices: list[str] = []
    assert rate_options(Encoding(codec), notices) == options
    assert notices == []


@pytest.mark.parametrize(
    ("crf", "quantizer"), [(0, 2), (18, 2), (24, 4), (30, 8), (51, 31)]
)
def test_the_quantizer_doubles_every_six_steps(crf: int, quantizer: int) -> None:
    options = rate_options(Encoding("mpeg2video", crf=crf), [])
    assert options["global_quality"] == str(118 * quantizer)


def test_the_best_webp_is_lossless() -> None:
    assert rate_options(Encoding("libwebp", crf=0), []) == {"lossless": "1"}


@pytest.mark.parametrize(
    ("codec", "crf", "words"),
    [
        ("libx264", 52, "--crf 52 is not possible with libx264; use 0 .best. to 51"),
        ("libx265", -1, "use 0 .best. to 51"),
        ("libsvtav1", 0, "use 1 .best. to 63"),
        ("libvpx-vp9", 64, "use 0 .best. to 63"),
    ],
)
def test_a_crf_out_of_range_is_refused(codec: str, crf: int, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        rate_options(Encoding(codec, crf=crf), [])


@pytest.mark.parametrize(
    ("codec", "words"),
    [("ffv1", "ffv1 is lossless"), ("prores_ks", "has no quality to choose")],
)
def test_a_crf_that_nothing_takes_is_noted(codec: str, words: str) -> None:
    notices: list[str] = []
    assert rate_options(Encoding(codec, crf=20), notices) == {}
    assert len(notices) == 1
    assert words in notices[0]


@pytest.mark.parametrize("name", ["qp", "b", "rc"])
def test_another_kind_of_quality_stands_alone(name: str) -> None:
    assert rate_options(Encoding(options={name: "7"}), []) == {}


def _speed(codec: str, preset: str | None, wordy: bool | None) -> dict[str, str]:
    known = {} if wordy is None else {"preset": wordy}
    return speed_options(Encoding(codec, preset=preset), known, notices=[])


def test_each_encoder_has_its_fast_preset() -> None:
    assert _speed("libx264", None, True) == {"preset": DEFAULT_PRESET}
    assert _speed("libx265", None, True) == {"preset": "fast"}
    assert _speed("libsvtav1", None, False) == {"preset": "8"}
    vp9 = {"deadline": "good", "cpu-used": "4", "row-mt": "1"}
    assert _speed("libvpx-vp9", None, None) == vp9
    assert _speed("prores_ks", None, None) == {}


def test_a_chosen_preset_reaches_each_encoder_by_its_own_name() -> None:
    assert _speed("libx265", "slow", True) == {"preset": "slow"}
    assert _speed("libsvtav1", "4", False) == {"preset": "4"}
    assert _speed("libvpx-vp9", "2", None)["cpu-used"] == "2"
    assert _speed("libvpx-vp9", "best", None)["deadline"] == "best"


@pytest.mark.parametrize(
    ("codec", "known", "words"),
    [
        ("libsvtav1", {"preset": False}, "takes a number as --preset: slow is left"),
        ("libvpx-vp9", {}, "or best, good, realtime: slow is left out"),
        ("ffv1", {}, "ffv1 has no preset: slow is left out"),
    ],
)
def test_a_preset_that_is_not_known_is_noted(
    codec: str, known: dict[str, bool], words: str
) -> None:
    notices: list[str] = []
    usual = speed_options(Encoding(codec), known, notices=[])
    assert (
        speed_options(Encoding(codec, preset="slow"), known, notices=notices) == usual
    )
    assert words in notices[0]


def test_each_ffv1_frame_stands_alone_with_checksums() -> None:
    assert speed_options(Encoding("ffv1"), {}, notices=[]) == {
        "level": "3",
        "g": "1",
        "slicecrc": "1",
    }
    assert speed_options(Encoding("mpeg4"), {}, notices=[]) == {}


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp4", "libx264"),
        ("mov", "libx264"),
        ("matroska", "libx264"),
        ("avi", "libx264"),
        ("mpegts", "libx264"),
        ("nut", "libx264"),
        ("webm", "libvpx-vp9"),
        ("gif", "gif"),
        ("apng", "apng"),
        ("avif", "libsvtav1"),
        ("webp", "libwebp_anim"),
    ],
)
def test_each_container_has_an_encoder_that_is_there(
    container: str, codec: str
) -> None:
    assert container_named(container).default_codec == codec
    assert video_encoder(codec).type == "video"


@pytest.mark.parametrize(
    ("codec", "hardware", "software"),
    [
        ("h264_nvenc", True, "libx264"),
        ("hevc_vaapi", True, "libx265"),
        ("av1_qsv", True, "libsvtav1"),
        ("mpeg2_qsv", True, "mpeg2video"),
        ("libx264", False, "libx264"),
        ("prores_ks", False, "prores_ks"),
    ],
)
def test_hardware_is_known_by_its_name(
    codec: str, hardware: bool, software: str
) -> None:
    assert is_hardware(codec) is hardware
    assert software_for(codec) == software


@pytest.mark.parametrize(
    ("codec", "words"),
    [
        ("hevc_nothing", "no encoder named hevc_nothing: choose libx264"),
        ("h265_vulkan", "in this build of FFmpeg: use -c libx264"),
        ("aac", "aac encodes audio, not video: choose libx264"),
    ],
)
def test_an_encoder_that_is_not_there_is_refused(codec: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        video_encoder(codec)


@pytest.mark.parametrize(
    ("codec", "given", "parameters"),
    [
        ("libx264", "", "asm=AVX2,FMA3,BMI2,LZCNT"),
        ("libx264rgb", "aq-mode=3", "asm=AVX2,FMA3,BMI2,LZCNT:aq-mode=3"),
        ("libx264", "asm=0", "asm=0"),
        ("libx265", "aq-mode=3", "aq-mode=3"),
    ],
)
def test_x264_does_without_avx512(
    codec: str, given: str, parameters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder_options, "has_avx512", lambda: True)
    assert parameters_of(codec, None, given=given) == parameters


def test_a_processor_without_avx512_is_told_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(encoder_options, "has_avx512", lambda: False)
    assert parameters_of("libx264", None, given="") == ""


def test_x264_gives_the_same_for_the_same_frames() -> None:
    rng = np.random.default_rng(7)
    blocks = rng.integers(36, 216, (30, 25)).repeat(8, 0).repeat(8, 1)
    noise = rng.integers(-20, 21, (20, *blocks.shape))
    frames = [np.roll(blocks, 2 * n, 1) + noise[n] for n in range(20)]
    made = set()
    for n in range(6):  # what lies in freed memory is another each time
        made.add(_coded(np.array(frames, np.uint8)))
        _coded(np.array(frames[n:], np.uint8)[:, :, ::-1])
    assert len(made) == 1


def _coded(frames: np.typing.NDArray[np.uint8]) -> bytes:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = 200, 160
    context.pix_fmt, context.time_base = "yuv420p", Fraction(1, 25)
    context.options = {
        "preset": DEFAULT_PRESET,
        "x264-params": parameters_of("libx264", None, given=""),
    }
    packets = []
    for number, pixels in enumerate(frames):
        picture = VideoFrame.from_ndarray(pixels, format="yuv420p")
        picture.pts = number
        packets += context.encode(picture)
    return b"".join(bytes(packet) for packet in [*packets, *context.encode(None)])
