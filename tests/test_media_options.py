"""One number and one word become the options of each encoder."""

import pytest

from videnhance.errors import UsageError
from videnhance.media.containers import container_named
from videnhance.media.encoder.encoding import (
    DEFAULT_PRESET,
    Encoding,
    is_hardware,
    software_for,
    video_encoder,
)
from videnhance.media.encoder.options import rate_options, speed_options


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
