"""What becomes of pixel formats and codecs where everybody is to see the video."""

from dataclasses import replace

import numpy as np
import pytest
from av.video.frame import VideoFrame

from tests.frames import frame_of, noise
from tests.test_media_storage import _info
from videnhance.frame import ColourTags, VideoInfo
from videnhance.geometry import Size
from videnhance.media.encoder.converter import Converter, Way
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.encoder.playable import playable
from videnhance.media.encoder.storage import storage
from videnhance.media.layout import delivered_layout
from videnhance.media.planes import copied_planes, picture_of

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
    chosen, words = playable(Encoding(codec), _of(name), container)
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
    assert playable(encoding, _of(name), container) == (encoding, None)


def test_what_plays_already_stays() -> None:
    assert playable(DEFAULT, _of("yuv420p"), "mp4") == (DEFAULT, None)


def test_hdr_takes_a_codec_with_ten_bits() -> None:
    chosen, words = playable(DEFAULT, _of("yuv420p10le", PQ), "mp4")
    assert (chosen.codec, chosen.pix_fmt) == ("libx265", None)
    assert "HDR is encoded by libx265" in str(words)
    chosen, words = playable(DEFAULT, _of("yuv444p12le", PQ), "mov")
    assert (chosen.codec, chosen.pix_fmt) == ("libx265", "yuv420p10le")
    assert "12 bits as 10" in str(words)


@pytest.mark.parametrize(
    "encoding", [Encoding("libx264"), replace(DEFAULT, options={"bf": "0"})]
)
def test_hdr_keeps_its_bits_in_the_codec_that_was_named(encoding: Encoding) -> None:
    chosen, words = playable(encoding, _of("yuv420p10le", PQ), "mp4")
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
