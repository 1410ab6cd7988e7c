"""Frames are paired by time; offsets are found, what cannot be paired is refused."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import Clip, write_clip
from tests.films import Film, texture, write_film
from tests.stills import write_still
from videnhance.errors import InputError, UsageError
from videnhance.media.source import Span
from videnhance.quality.pairs import Matched, Pairs, Video

pytestmark = pytest.mark.opencv


def paired(first: Path, *others: Path) -> tuple[Pairs, list[Matched]]:
    """The pairs, and all their moments."""
    pairs = Pairs(Video(first), [Video(path) for path in others])
    return pairs, list(pairs.moments())


def test_the_same_frames_are_paired(tmp_path: Path) -> None:
    one = write_film(tmp_path / "a.mkv")
    two = write_film(tmp_path / "b.mkv", Film(noise=3))
    pairs, moments = paired(one, two)
    assert [moment.index for moment in moments] == [*range(16)]
    assert moments[5].seconds == pytest.approx(0.2, abs=1e-3)
    assert pairs.total in (16, None)
    assert pairs.notices == []
    for moment in moments:
        wanted = texture(moment.index, 96, 64)
        assert np.array_equal(moment.original.luma, wanted)
        assert np.abs(moment.ours[0].luma - wanted.astype(float)).mean() < 4


@pytest.mark.parametrize(("begin", "word"), [(3, "3 frames later"), (0, "earlier")])
def test_an_offset_is_found_and_said(tmp_path: Path, begin: int, word: str) -> None:
    plain = Film(shown=range(2, 30))
    one = write_film(tmp_path / "a.mkv", plain)
    shown = range(2 + begin, 30) if begin else range(30)
    two = write_film(tmp_path / "b.mkv", replace(plain, shown=shown, noise=2))
    pairs, moments = paired(one, two)
    [notice] = [words for words in pairs.notices if "offset" in words]
    assert word in notice
    assert len(moments) == 28 - begin
    for moment in moments:
        error = moment.original.luma.astype(float) - moment.ours[0].luma
        assert np.abs(error).mean() < 3


def test_what_stands_still_has_no_offset(tmp_path: Path) -> None:
    one = write_film(tmp_path / "a.mkv", Film(shown=[4] * 20))
    two = write_film(tmp_path / "b.mkv", Film(shown=[4] * 20, noise=2))
    pairs, moments = paired(one, two)
    assert pairs.notices == []
    assert len(moments) == 20


def test_a_dropped_frame_leaves_its_partner_out(tmp_path: Path) -> None:
    pts = [n * 512 for n in range(12)]
    one = write_clip(tmp_path / "a.mp4", Clip(pts=pts))
    two = write_clip(tmp_path / "b.mp4", Clip(pts=pts[:6] + pts[7:]))
    pairs, moments = paired(one, two)
    assert [round(moment.seconds * 25) for moment in moments] == [
        *range(6),
        *range(7, 12),
    ]
    assert any("1 frame of a.mp4 have no partner" in words for words in pairs.notices)


def test_a_shorter_video_is_compared_as_far_as_it_goes(tmp_path: Path) -> None:
    one = write_film(tmp_path / "a.mkv")
    two = write_film(tmp_path / "b.mkv", Film(shown=range(9)))
    pairs, moments = paired(one, two)
    assert len(moments) == 9
    [notice] = pairs.notices
    assert "a.mkv goes on after the end of b.mkv" in notice
    assert "0.36 s" in notice


def test_three_videos_are_paired_at_once(tmp_path: Path) -> None:
    paths = [write_film(tmp_path / f"{name}.mkv") for name in "abc"]
    _, moments = paired(*paths)
    assert [len(moment.ours) for moment in moments] == [2] * 16


def test_another_size_is_brought_to_the_original(tmp_path: Path) -> None:
    one = write_film(tmp_path / "a.mkv")
    two = write_film(tmp_path / "b.mkv", Film(width=192, height=128))
    pairs, moments = paired(one, two)
    assert pairs.notices == ["b.mkv is 192x128: it is brought to 96x64 to be compared"]
    assert moments[0].ours[0].luma.shape == (64, 96)
    assert moments[0].ours[0].whole_rgb.shape == (128, 192, 3)


def test_another_shape_is_said(tmp_path: Path) -> None:
    one = write_film(tmp_path / "a.mkv")
    two = write_film(tmp_path / "b.mkv", Film(width=96, height=96))
    pairs = Pairs(Video(one), [Video(two)])
    assert "stretched" in pairs.notices[0]


def test_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    one = write_film(tmp_path / "a.mkv")
    two = write_film(tmp_path / "new" / "a.mkv")
    assert Pairs(Video(one), [Video(two)]).names == [str(one), str(two)]


def test_other_rates_are_refused(tmp_path: Path) -> None:
    one = write_film(tmp_path / "a.mkv")
    two = write_film(tmp_path / "b.mkv", Film(rate=50))
    with pytest.raises(UsageError, match=r"25 frames a second and b.mkv 50.*-r 25"):
        Pairs(Video(one), [Video(two)])


def test_uneven_times_are_no_other_rate(tmp_path: Path) -> None:
    # As phones write them, and as they are after a rounding to coarse ticks.
    rough = [n * 512 + n * 7 % 5 * 60 for n in range(16)]
    coarse = [round(pts / 256) * 256 for pts in rough]
    one = write_clip(tmp_path / "a.mp4", Clip(pts=rough))
    two = write_clip(tmp_path / "b.mp4", Clip(pts=coarse))
    _, moments = paired(one, two)
    assert len(moments) == 16


def test_hdr_and_sdr_are_not_compared(tmp_path: Path) -> None:
    deep = Film(codec="libx265", pix_fmt="yuv420p10le", transfer=16)
    one = write_film(tmp_path / "a.mkv", deep)
    two = write_film(tmp_path / "b.mkv")
    with pytest.raises(UsageError, match=r"a\.mkv is PQ and b.mkv SDR"):
        Pairs(Video(one), [Video(two)])
    assert Pairs(Video(one), [Video(one)]).is_hdr


def test_a_picture_and_a_video_are_not_compared(tmp_path: Path) -> None:
    one = write_still(tmp_path / "a.png", 96, 64, 1)
    two = write_film(tmp_path / "b.mkv")
    with pytest.raises(UsageError, match=r"a\.png is one picture and b.mkv a video"):
        Pairs(Video(one), [Video(two)])


def test_two_pictures_are_one_moment(tmp_path: Path) -> None:
    one = write_still(tmp_path / "a.png", 96, 64, 1)
    two = write_still(tmp_path / "b.png", 96, 64, 2)
    _, moments = paired(one, two)
    assert len(moments) == 1
    assert moments[0].original.form.full


def test_no_moment_in_common_is_said(tmp_path: Path) -> None:
    # The first frames look alike, and the times have no place where they meet.
    pts = [0, *(512 * n for n in range(20, 40))]
    one = write_clip(tmp_path / "a.mp4", Clip(pts=pts))
    two = write_clip(tmp_path / "b.mp4", Clip(pts=pts))
    pairs = Pairs(Video(one), [Video(two)])
    pairs._starts[1] += 1000
    with pytest.raises(InputError, match="no frame at the same time"):
        list(pairs.moments())


def test_a_damaged_video_is_compared_as_far_as_it_can_be_read(tmp_path: Path) -> None:
    coded = Film(shown=range(40), codec="libx264", noise=8)
    one = write_film(tmp_path / "a.mkv", coded)
    with av.open(str(one)) as source:
        coded_frames = [bytes(packet) for packet in source.demux(video=0)]
    # Within a frame: what the container says of it stays.
    middle = coded_frames[20][8:]
    spoilt = one.read_bytes().replace(middle, bytes([255]) * len(middle))
    (tmp_path / "b.mkv").write_bytes(spoilt)
    pairs, moments = paired(one, tmp_path / "b.mkv")
    assert moments
    assert any("b.mkv is damaged" in words for words in pairs.notices)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    one = write_film(tmp_path / "a.mkv")
    (tmp_path / "b.mkv").write_bytes(one.read_bytes()[:100])
    with pytest.raises(InputError, match=r"b\.mkv"):
        Pairs(Video(one), [Video(tmp_path / "b.mkv")])
    with pytest.raises(InputError, match="does not exist"):
        Pairs(Video(one), [Video(tmp_path / "none.mkv")])
    with pytest.raises(UsageError, match="a pipe is read once"):
        Pairs(Video(Path("-")), [Video(one)])


def test_a_part_is_compared(tmp_path: Path) -> None:
    one = write_film(tmp_path / "a.mkv")
    part = Span(0.2, 0.4)
    pairs = Pairs(Video(one, part), [Video(one, part)])
    assert len(list(pairs.moments())) == 5
