"""What an encoder is given: the source's own format, or the nearest it has."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from tests.frames import frame_of, noise
from videnhance.errors import OutputError, UsageError
from videnhance.frame import ColourTags, Frame, Plane, VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.encoder.converter import Converter, Way, set_opacity
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.encoder.formats import stored_format
from videnhance.media.encoder.storage import as_picture, playable, storage
from videnhance.media.layout import delivered_layout
from videnhance.media.planes import copied_planes, picture_of

LIMITED, RGB_TAGS = ColourTags(1, 1, 1, 1), ColourTags(2, 0, 1, 1)
SIZE = Size(18, 14)


def _stored(
    name: str, codec: str, wanted: str | None = None, container: str = ""
) -> tuple[str, str | None]:
    return stored_format(
        delivered_layout(name), codec, wanted=wanted, container=container
    )


def _info(frame: Frame) -> VideoInfo:
    return VideoInfo(
        size=frame.size,
        layout=frame.layout,
        source_format=frame.layout.name,
        codec="none",
        rate=Fraction(25),
        time_base=Fraction(1, 25),
        frames=1,
        duration_seconds=None,
        tags=frame.tags,
        sample_aspect_ratio=None,
        rotation_degrees=0,
    )


def _picture(frame: Frame, codec: str, pix_fmt: str | None = None) -> VideoFrame:
    stored = storage(_info(frame), Encoding(codec, pix_fmt=pix_fmt), [])
    return as_picture(frame, stored, converter=Converter())


def test_the_source_format_is_stored_where_the_codec_has_it() -> None:
    assert _stored("yuv420p10le", "libx264") == ("yuv420p10le", None)
    assert _stored("gray", "libx264") == ("gray", None)
    assert _stored("gbrp", "rawvideo") == ("gbrp", None)


def test_fewer_bits_are_noted() -> None:
    name, notice = _stored("yuv420p12le", "libx264")
    assert name == "yuv420p10le"
    assert str(notice).startswith("12-bit samples are stored as 10-bit: libx264 has no")


def test_rgb_goes_to_full_colour_resolution() -> None:
    name, notice = _stored("gbrp", "libx264")
    assert name == "yuv444p"
    assert "RGB is stored as yuv444p" in str(notice)


def test_coarser_colour_is_noted() -> None:
    name, notice = _stored("yuv444p", "mpeg4")
    assert name == "yuv420p"
    assert "fewer samples" in str(notice)


def test_more_bits_lose_nothing() -> None:
    assert _stored("yuv420p9le", "libx264") == ("yuv420p10le", None)


def test_the_chosen_format_wins() -> None:
    assert _stored("yuv444p", "libx264", "yuv420p") == ("yuv420p", None)
    assert _stored("yuv420p", "libx264", "yuvj420p") == ("yuv420p", None)


@pytest.mark.parametrize(
    ("codec", "wanted", "words"),
    [
        ("libx264", "yuv410p", "does not take yuv410p: choose one of"),
        ("libx264", "blue", "blue is not the name"),
        ("h26x", None, "no encoder named h26x"),
        ("aac", None, "encodes audio"),
    ],
)
def test_what_cannot_be_stored_is_refused(
    codec: str, wanted: str | None, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        _stored("yuv420p", codec, wanted)


@pytest.mark.parametrize(
    ("name", "codec", "stored"),
    [
        ("yuva420p", "ffv1", "yuva420p"),
        ("yuva444p12le", "ffv1", "yuva444p12le"),
        ("gbrap", "ffv1", "bgra"),
        ("gbrap16le", "ffv1", "gbrap16le"),
        ("yuva444p10le", "prores_ks", "yuva444p10le"),
        ("yuva420p", "libvpx-vp9", "yuva420p"),
        ("gbrap", "png", "rgba"),
        ("gbrap16le", "apng", "rgba64be"),
        ("gbrap", "qtrle", "argb"),
        ("gbrap", "utvideo", "gbrap"),
        ("gbrap", "libwebp_anim", "bgra"),
        ("yuva420p", "libwebp", "yuva420p"),
        ("yuva420p", "rawvideo", "yuva420p"),
    ],
)
def test_opacity_is_stored_where_the_codec_has_it(
    name: str, codec: str, stored: str
) -> None:
    assert _stored(name, codec) == (stored, None)


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libsvtav1", "h264_nvenc"])
def test_opacity_that_is_left_out_is_noted_with_what_keeps_it(codec: str) -> None:
    name, notice = _stored("yuva420p", codec)
    assert name == "yuv420p"
    assert f"{codec} stores none; use -c prores_ks in .mov" in str(notice)
    _, notice = _stored("yuva420p", codec, "yuv420p")
    assert "transparency" in str(notice)


def test_vp9_keeps_opacity_only_in_matroska() -> None:
    assert _stored("yuva420p", "libvpx-vp9", None, "webm") == ("yuva420p", None)
    assert _stored("yuva420p", "libvpx-vp9", None, "matroska")[1] is None
    name, notice = _stored("yuva420p", "libvpx-vp9", None, "mp4")
    assert name == "yuv420p"
    assert "libvpx-vp9 stores none in mp4" in str(notice)


def test_what_has_no_opacity_gets_none() -> None:
    assert _stored("gbrp", "png") == ("rgb24", None)
    assert _stored("gbrp", "ffv1") == ("bgr0", None)


def test_without_a_place_for_opacity_pictures_lie_on_black() -> None:
    frame = noise(SIZE, delivered_layout("yuva420p"), tags=LIMITED)
    opacity = np.zeros_like(frame.planes[-1])
    opacity[:, :10] = 255
    frame = frame.with_planes((*frame.planes[:3], opacity))
    picture = _picture(frame, "libx264")
    planes = copied_planes(picture, delivered_layout("yuv420p"))
    np.testing.assert_array_equal(planes[0][:, :10], frame.planes[0][:, :10])
    assert (planes[0][:, 10:] == 16).all()
    assert (planes[1][:, 5:] == 128).all()


@pytest.mark.parametrize("name", ["yuva420p", "yuva422p", "yuva444p", "gbrap"])
@pytest.mark.parametrize("codec", ["prores_ks", "png", "cfhd", "libwebp"])
def test_what_is_solid_stays_solid_in_every_format(name: str, codec: str) -> None:
    layout = delivered_layout(name)
    frame = noise(SIZE, layout, tags=RGB_TAGS if name == "gbrap" else LIMITED)
    full = np.full_like(frame.planes[-1], 255)
    picture = _picture(frame.with_planes((*frame.planes[:3], full)), codec)
    part = next(c for c in picture.format.components if c.is_alpha)
    assert _opacity_of(picture, part.bits).min() == (1 << part.bits) - 1


def _opacity_of(picture: VideoFrame, bits: int) -> npt.NDArray[np.generic]:
    """By another way than the code under test: the last plane, or the last channel."""
    if len(picture.planes) == 4:
        dtype = np.uint8 if bits == 8 else np.uint16
        plane = picture.planes[3]
        rows = np.frombuffer(memoryview(plane), dtype)
        return rows.reshape(plane.height, -1)[:, : plane.width]
    whole: npt.NDArray[np.generic] = picture.to_ndarray()
    return whole[..., 3]


@pytest.mark.parametrize(
    ("form", "samples"),
    [
        ("rgba", [1, 2, 3, 255]),
        ("argb", [255, 1, 2, 3]),
        ("ya8", [1, 255]),
        ("rgba64be", [0, 1, 0, 2, 0, 3, 255, 255]),
        ("rgba64le", [1, 0, 2, 0, 3, 0, 255, 255]),
    ],
)
def test_opacity_goes_to_its_place(form: str, samples: list[int]) -> None:
    picture = VideoFrame(5, 3, form)
    rows = np.frombuffer(memoryview(picture.planes[0]), np.uint8)
    rows = rows.reshape(3, -1)
    start = [0 if value == 255 else value for value in samples]
    rows[:, : 5 * len(samples)] = start * 5
    set_opacity(picture, np.full((3, 5), 1023, np.uint16), depth=10)
    np.testing.assert_array_equal(rows[:, : 5 * len(samples)], [samples * 5] * 3)


def test_a_format_without_opacity_is_refused() -> None:
    nothing: Plane = np.zeros((3, 5), np.uint8)
    with pytest.raises(ValueError, match="rgb24 has no opacity"):
        set_opacity(VideoFrame(5, 3, "rgb24"), nothing, depth=8)


def test_a_frame_of_another_layout_is_refused() -> None:
    frame = noise(SIZE, delivered_layout("yuv420p"))
    stored = storage(_info(frame), Encoding(), [])
    other = frame_of([frame.planes[0]], delivered_layout("gray"))
    with pytest.raises(OutputError, match="is gray, not yuv420p"):
        as_picture(other, stored, converter=Converter())


def test_mjpeg_is_stored_in_the_full_range_and_says_so() -> None:
    frame = noise(SIZE, delivered_layout("yuv420p"), tags=LIMITED)
    notices: list[str] = []
    stored = storage(_info(frame), Encoding("mjpeg"), notices)
    assert stored.tags == replace(LIMITED, range=2)
    assert len(notices) == 1
    assert "full range" in notices[0]


def test_gif_gets_a_palette_and_says_so() -> None:
    name, notice = _stored("gbrp", "gif")
    assert (name, notice) == ("pal8", "gif stores 256 colours a picture")
    assert "all or nothing" in str(_stored("gbrap", "gif")[1])


def test_hidden_colours_do_not_get_into_coarser_chroma() -> None:
    planes = [np.full((14, 18), value, np.uint8) for value in (230, 60, 30, 255)]
    for plane in planes:
        plane[:, 9:] = 0
    frame = frame_of(planes, delivered_layout("gbrap"), tags=RGB_TAGS)
    picture = _picture(frame, "libvpx-vp9")
    assert picture.format.name == "yuva420p"
    *colours, opacity = copied_planes(picture, delivered_layout("yuva420p"))
    for colour in colours:
        assert int(np.ptp(colour[:, :5].astype(int))) <= 1
    np.testing.assert_array_equal(opacity, planes[3])


def test_hidden_colours_stay_where_nothing_mixes() -> None:
    frame = noise(SIZE, delivered_layout("gbrap"), tags=RGB_TAGS)
    hidden = np.zeros_like(frame.planes[-1])
    frame = frame.with_planes((*frame.planes[:3], hidden))
    packed = _picture(frame, "png").to_ndarray()
    for channel, plane in enumerate(frame.planes):
        np.testing.assert_array_equal(packed[..., channel], plane)


def test_a_chosen_format_with_opacity_must_fit_the_container() -> None:
    with pytest.raises(UsageError, match="mp4 does not hold what libvpx-vp9 makes"):
        _stored("yuva420p", "libvpx-vp9", "yuva420p", "mp4")
    assert _stored("yuva420p", "libvpx-vp9", "yuva420p", "webm")[1] is None
    assert "second layer" in str(_stored("yuva420p", "libx265", "yuva420p")[1])


@pytest.mark.parametrize(
    ("name", "codec", "stored"),
    [
        ("gray", "libvpx-vp9", "yuv420p"),
        ("gray10le", "libsvtav1", "yuv420p10le"),
        ("gray16le", "prores_ks", "yuv422p10le"),
        ("gray", "mpeg4", "yuv420p"),
        ("yuv420p10le", "hevc_qsv", "p010le"),
        ("yuv422p10le", "h264_amf", "p010le"),
        ("gbrp", "h264_nvenc", "gbrp"),
    ],
)
def test_the_nearest_format_is_of_the_same_kind(
    name: str, codec: str, stored: str
) -> None:
    assert _stored(name, codec)[0] == stored


@pytest.mark.parametrize("codec", ["libvpx-vp9", "prores_ks", "png", "ffv1"])
def test_grey_levels_stay_as_they_are(codec: str) -> None:
    frame = noise(SIZE, delivered_layout("gray"), tags=LIMITED)
    picture = _picture(frame, codec)
    back = VideoReformatter().reformat(picture, format="yuv444p", threads=1)
    luma = copied_planes(back, delivered_layout("yuv444p"))[0]
    if picture.format.name == "gray":
        luma = copied_planes(picture, delivered_layout("gray"))[0]
    assert abs(luma.astype(int) - frame.planes[0]).max() <= 1


PQ = ColourTags(1, 9, 9, 16)
DEFAULT = Encoding(by_default=True)


def _of(name: str, tags: ColourTags | None = None) -> VideoInfo:
    frame = noise(Size(32, 32), delivered_layout(name), 0, tags or ColourTags(1))
    return _info(frame)


@pytest.mark.parametrize("container", ["mp4", "mov"])
@pytest.mark.parametrize(
    ("name", "codec", "stored"),
    [
        ("yuv422p", "libx264", "yuv420p"),
        ("yuv444p", "libx264", "yuv420p"),
        ("yuv440p", "libx264", "yuv420p"),
        ("gbrp", "libx264", "yuv420p"),
        ("gray", "libx264", "yuv420p"),
        ("yuv410p", "libx264", "yuv420p"),
        ("yuva444p10le", "libx264", "yuv420p"),
        ("yuv420p10le", "libx264", "yuv420p"),
        ("gbrp16le", "libx265", "yuv420p10le"),
        ("yuv444p12le", "libx265", "yuv420p10le"),
        ("yuv422p", "libx265", "yuv420p"),
        ("yuv422p10le", "hevc_qsv", "p010le"),
        ("yuv444p", "h264_qsv", "nv12"),
    ],
)
def test_players_get_what_they_show(
    container: str, name: str, codec: str, stored: str
) -> None:
    chosen, words = playable(Encoding(codec), _of(name), container=container)
    assert (chosen.codec, chosen.pix_fmt) == (codec, stored)
    assert (words is None) == (name in ("gray", "yuv410p"))  # nothing becomes less
    if words:
        assert "plays everywhere; --pix-fmt source keeps more" in words


@pytest.mark.parametrize(
    ("container", "encoding"),
    [
        ("matroska", Encoding()),
        ("avi", Encoding()),
        ("mp4", Encoding(pix_fmt="source")),
        ("mp4", Encoding(pix_fmt="yuv444p")),
        ("mp4", Encoding(crf=0)),
        ("mp4", Encoding(options={"qp": "0"})),
        ("mp4", Encoding(options={"profile": "high422"})),
        ("mp4", Encoding("libx264rgb")),
        ("mov", Encoding("prores_ks")),
        ("mp4", Encoding("ffv1")),
        ("mp4", Encoding("libvpx-vp9")),
    ],
)
@pytest.mark.parametrize("name", ["yuv422p10le", "gbrp", "yuv420p"])
def test_who_knows_better_gets_the_source(
    container: str, encoding: Encoding, name: str
) -> None:
    assert playable(encoding, _of(name), container=container) == (encoding, None)


def test_what_plays_already_stays() -> None:
    assert playable(DEFAULT, _of("yuv420p"), container="mp4") == (DEFAULT, None)


def test_hdr_takes_a_codec_with_ten_bits() -> None:
    chosen, words = playable(DEFAULT, _of("yuv420p10le", PQ), container="mp4")
    assert (chosen.codec, chosen.pix_fmt) == ("libx265", None)
    assert "HDR is encoded by libx265" in str(words)
    chosen, words = playable(DEFAULT, _of("yuv444p12le", PQ), container="mov")
    assert (chosen.codec, chosen.pix_fmt) == ("libx265", "yuv420p10le")
    assert "12 bits as 10" in str(words)


@pytest.mark.parametrize(
    "encoding", [Encoding("libx264"), replace(DEFAULT, options={"bf": "0"})]
)
def test_hdr_keeps_its_bits_in_the_codec_that_was_named(encoding: Encoding) -> None:
    chosen, words = playable(encoding, _of("yuv420p10le", PQ), container="mp4")
    assert chosen == encoding
    assert "few players show the 10 bits of libx264" in str(words)


def _ramp(name: str) -> VideoFrame:
    """Chroma that rises by two levels a pixel, across in the one and down in the other.

    RGB cannot be so exactly: there, it is blue and red.
    """
    layout = delivered_layout(name)
    y, x = np.mgrid[:64, :64].astype(np.uint8)
    planes = (np.full((64, 64), 99, np.uint8), 40 + 2 * x, 40 + 2 * y)
    return picture_of(frame_of(planes, layout))


@pytest.mark.parametrize("centred", [False, True])
def test_new_chroma_stands_level_with_the_left_luma(centred: bool) -> None:
    converter = Converter()
    made = converter(_ramp("yuv444p"), "yuv420p", Way((1, 1), (2, 2), centred=centred))
    luma, blue, red = (
        p.astype(int) for p in copied_planes(made, delivered_layout("yuv420p"))
    )
    assert set(np.unique(luma)) == {99}
    inner = np.arange(4, 28)
    # Where JPEG's was between luma samples, there is nothing to move in 4:4:4.
    np.testing.assert_array_equal(blue[8, inner], 40 + 2 * (2 * inner))
    np.testing.assert_array_equal(red[inner, 8], 40 + 2 * (2 * inner) + 1)


def test_colours_of_rgb_are_those_of_the_standard() -> None:
    y, x = np.mgrid[:64, :96].astype(float)
    waves = (np.sin(x / 9 + y / 13), np.sin(x / 7 - y / 11 + 1), np.cos(x / 12 + y / 8))
    colours = [np.rint(127 + 100 * wave) for wave in waves]
    layout = delivered_layout("gbrp")
    frame = frame_of([c.astype(np.uint8) for c in colours], layout)
    made = Converter()(picture_of(frame), "yuv420p", Way((2, 1), (0, 1), centred=False))
    luma, blue, red = copied_planes(made, delivered_layout("yuv420p"))
    r, g, b = (c / 255 for c in colours)
    grey = 0.2126 * r + 0.7152 * g + 0.0722 * b
    assert np.abs(luma - (16 + 219 * grey)).max() < 0.6
    for got, colour, weight in ((blue, b, 0.0722), (red, r, 0.2126)):
        chroma = (colour - grey) / 2 / (1 - weight)
        wide = np.pad(chroma, ((0, 0), (1, 1)), mode="edge")
        across = ((wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]) / 4)[:, ::2]
        wanted = 128 + 224 * (across[::2] + across[1::2]) / 2
        assert np.abs(got - wanted).max() < 1.2
        assert abs(float((got - wanted).mean())) < 0.05


def test_grey_with_chroma_is_not_tagged_as_rgb() -> None:
    info = _of("gray", ColourTags(2, 0, 1, 13))
    stored = storage(info, Encoding(pix_fmt="yuv420p"), [], "mp4")
    assert stored.tags.matrix == 2
