"""Whole comparisons of short films: figures, sums, tables, pictures and videos."""

import io
import json
from math import inf
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.films import Film, write_film
from tests.stills import write_still
from videnhance.errors import Cancelled, OutputError, UsageError
from videnhance.media.reader.video_reader import VideoReader
from videnhance.quality import metrics
from videnhance.quality.chart import drawn_chart
from videnhance.quality.compare import Order, compared
from videnhance.quality.comparison import Comparison
from videnhance.quality.pairs import Video
from videnhance.quality.shown import Arrangement, save_video, save_worst

pytestmark = pytest.mark.opencv

OWN = ("psnr", "ssim", "tof", "flicker", "sharpness", "blockiness", "shimmer")


@pytest.fixture
def films(tmp_path: Path) -> list[Video]:
    """A film, and itself with little and with more noise."""
    made = ((0.0, "original"), (2.0, "good"), (9.0, "bad"))
    return [
        Video(write_film(tmp_path / f"{name}.mkv", Film(noise=noise)))
        for noise, name in made
    ]


def found(videos: list[Video], *names: str, every: int = 1) -> Comparison:
    """The comparison by these metrics, or by all that need no package."""
    order = Order(names or OWN, every)
    return compared(videos[0], videos[1:], order=order)


def test_more_noise_is_worse_in_every_way(films: list[Video]) -> None:
    comparison = found(films)
    good, bad = (video.figures for video in comparison.ours)
    assert good["psnr"].mean == pytest.approx(20 * np.log10(255 / 2), abs=0.4)
    for name in ("psnr", "ssim"):
        assert good[name].mean > bad[name].mean
        worst, low = good[name].worst, good[name].low
        assert worst is not None
        assert low is not None
        assert worst <= low <= good[name].mean
    for name in ("tof", "shimmer", "sharpness"):
        assert good[name].mean < bad[name].mean
    assert comparison.frames == 16
    assert set(comparison.original.figures) == {"sharpness", "blockiness", "shimmer"}


def test_a_video_beside_itself_has_no_error(films: list[Video]) -> None:
    comparison = found([films[0], films[0]])
    [same] = comparison.ours
    assert same.figures["psnr"].mean == inf
    assert same.figures["ssim"].mean == 1
    assert same.figures["tof"].mean == 0
    assert "no error" in "\n".join(comparison.lines())
    plain = json.loads(json.dumps(comparison.as_json()))
    assert plain["compared"][0]["metrics"]["psnr"]["mean"] is None


def test_every_nth_frame_is_that_of_all(films: list[Video]) -> None:
    whole, part = found(films), found(films, every=5)
    assert [round(s * 25) for s in part.seconds] == [0, 5, 10, 15]
    assert part.frames == 16
    for name in OWN:
        every = list(whole.ours[1].frames[name][::5])
        assert np.array_equal(part.ours[1].frames[name], every, equal_nan=True)


def test_the_table_and_the_values_say_the_same(films: list[Video]) -> None:
    comparison = found(films)
    lines = "\n".join(comparison.lines())
    psnr = comparison.ours[1].figures["psnr"].mean
    assert f"{psnr:.2f}" in lines
    assert "alarms only" in lines
    file = io.StringIO()
    comparison.write_csv(file)
    head, *rows = file.getvalue().splitlines()
    assert head.startswith("frame,seconds,sharpness original.mkv")
    assert len(rows) == 16


def test_bounds_hold_for_the_last_video(films: list[Video]) -> None:
    comparison = found(films, "psnr", "tof")
    assert comparison.failures({"psnr": 20}, {"tof": 99}) == []
    [low, high] = comparison.failures({"psnr": 60}, {"tof": 0})
    assert low.startswith("PSNR-Y of bad.mkv is 2")
    assert low.endswith("below 60")
    assert high.startswith("tOF of bad.mkv")
    with pytest.raises(UsageError, match="ssim was not measured"):
        comparison.failures({"ssim": 0.9}, {})


def test_bounds_are_measured_whatever_is_named(films: list[Video]) -> None:
    order = Order(("psnr",), also=("ssim",))
    comparison = compared(films[0], films[1:], order=order)
    assert set(comparison.ours[0].figures) == {"psnr", "ssim"}


def test_what_is_not_made_for_hdr_is_left_out_and_said(tmp_path: Path) -> None:
    deep = Film(codec="libx265", pix_fmt="yuv420p10le", transfer=16)
    one = Video(write_film(tmp_path / "a.mkv", deep))
    order = Order(None)
    comparison = compared(one, [one], order=order)
    assert "vmaf" not in comparison.ours[0].figures
    assert comparison.ours[0].figures["psnr"].mean == inf


def test_each_frame_is_told_and_may_end_it(films: list[Video]) -> None:
    told = []

    def advanced(done: int, total: int | None) -> None:
        told.append((done, total))
        if done == 3:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        compared(films[0], films[1:], order=Order(OWN), advanced=advanced)
    assert [done for done, _ in told] == [1, 2, 3]


def test_pictures_are_compared(tmp_path: Path) -> None:
    stills = [Video(write_still(tmp_path / f"{n}.png", 96, 64, n)) for n in (1, 2)]
    comparison = found(stills)
    assert comparison.frames == 1
    assert np.isnan(comparison.ours[0].figures["tof"].mean)
    assert comparison.ours[0].figures["psnr"].mean < 40
    assert "-" in "\n".join(comparison.lines())


def test_every_is_checked() -> None:
    with pytest.raises(UsageError, match="--every 0"):
        Order(every=0)


def test_the_chart_has_a_line_for_each_video(
    films: list[Video], tmp_path: Path
) -> None:
    drawn_chart(found(films, "psnr", "tof"), tmp_path / "chart.png")
    with Image.open(tmp_path / "chart.png") as chart:
        assert chart.size[0] == 1200
        colours = {colour for _, colour in chart.getcolors(1 << 20) or []}
    assert {(29, 78, 216), (194, 65, 12)} <= colours
    with pytest.raises(OutputError, match="cannot be written"):
        drawn_chart(found(films, "psnr"), tmp_path / "none" / "chart.png")


def test_a_chart_of_one_frame_and_of_no_error_is_drawn(tmp_path: Path) -> None:
    still = Video(write_still(tmp_path / "a.png", 96, 64, 1))
    drawn_chart(found([still, still]), tmp_path / "chart.png")
    assert (tmp_path / "chart.png").exists()


def test_the_worst_frames_are_shown_beside_the_original(
    films: list[Video], tmp_path: Path
) -> None:
    comparison = found(films, "psnr")
    save_worst(comparison, films, tmp_path / "worst.png")
    with Image.open(tmp_path / "worst.png") as sheet:
        # One row: no two bad frames are a second apart.
        assert sheet.size == (3 * 96 + 2 * 8, 64 + 26 + 8)


@pytest.mark.parametrize(
    ("arrangement", "width"), [(Arrangement.SPLIT, 192), (Arrangement.SIDE, 384)]
)
def test_both_are_shown_in_one_video(
    films: list[Video], tmp_path: Path, arrangement: Arrangement, width: int
) -> None:
    large = Video(write_film(tmp_path / "large.mkv", Film(width=192, height=128)))
    target = tmp_path / "both.mp4"
    save_video([films[0], large], target, arrangement=arrangement)
    with VideoReader(target) as reader:
        frames = list(reader)
    assert len(frames) == 16
    assert (frames[0].size.width, frames[0].size.height) == (width, 128)
    with pytest.raises(OutputError, match="exists"):
        save_video([films[0], large], target)


def test_what_is_not_there_is_said_once(
    films: list[Video], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "ffmpeg_with_vmaf", lambda: None)
    monkeypatch.setattr(metrics, "has_xpsnr", lambda: False)
    comparison = compared(films[0], films[1:], order=Order())
    [notice] = comparison.notices
    assert notice.endswith(": XPSNR, VMAF, VMAF-NEG")
    assert compared(films[0], films[1:], order=Order(("psnr",))).notices == ()
