"""Subtitles in another container: converted, with every time and every word."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.bundles import Part, bundle, copied, packets, shown
from tests.clips import Clip, write_clip
from videnhance.media.source import Span
from videnhance.media.streams.actions import StreamAction
from videnhance.media.streams.stream_planner import plan_streams

SRT = """1
00:00:00,040 --> 00:00:00,123
Hello <i>you</i>
and & me

2
00:00:00,200 --> 00:00:00,457
日本語 ünï
"""
ASS = r"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.10,0:00:00.50,Default,,0,0,0,,one, with a comma
Dialogue: 0,0:00:00.30,0:00:00.40,Default,,0,0,0,,two\Nlines
Dialogue: 0,0:00:00.30,0:00:00.40,Default,,0,0,0,,{\p1}m 0 0 l 9 9{\p0}
Dialogue: 0,0:00:00.60,0:00:00.70,Default,,0,0,0,,
Dialogue: 0,0:00:00.80,0:00:00.90,Default,,0,0,0,,last
"""  # noqa: E501

PGS = bytes.fromhex("16000b00400030100000800000000080" + "0000")
"""A picture of nothing, in segments that its muxer knows."""


@pytest.fixture
def subrip(tmp_path: Path) -> Path:
    """A clip with two lines of SubRip."""
    (tmp_path / "a.srt").write_text(SRT, encoding="utf-8")
    parts = [Part(write_clip(tmp_path / "a.mkv")), Part(tmp_path / "a.srt")]
    return bundle(tmp_path / "subrip.mkv", parts)


@pytest.fixture
def styled(tmp_path: Path) -> Path:
    """A clip with events that overlap, draw, and show nothing."""
    (tmp_path / "a.ass").write_text(ASS, encoding="utf-8")
    parts = [Part(write_clip(tmp_path / "a.mkv")), Part(tmp_path / "a.ass")]
    return bundle(tmp_path / "styled.mkv", parts)


@pytest.mark.parametrize(
    ("suffix", "codec"), [("mp4", "mov_text"), ("mov", "mov_text")]
)
def test_text_keeps_its_times_and_words(
    subrip: Path, tmp_path: Path, suffix: str, codec: str
) -> None:
    target = tmp_path / f"b.{suffix}"
    plan = copied(subrip, target).plans[0]
    assert (plan.action, plan.encoder) == (StreamAction.CONVERTED, codec)
    events = shown(target)
    assert [event[:2] for event in events] == [(40, 123), (200, 457)]
    assert events[0][2].replace(r"{\r}", r"{\i0}") == (r"Hello {\i1}you{\i0}\Nand & me")
    assert events[1][2] == "日本語 ünï"


def test_what_mp4_holds_comes_back_to_matroska(subrip: Path, tmp_path: Path) -> None:
    copied(subrip, tmp_path / "b.mp4")
    back = copied(tmp_path / "b.mp4", tmp_path / "c.mkv")
    assert [plan.encoder for plan in back.plans] == ["subrip"]
    assert packets(tmp_path / "c.mkv", 1) == packets(subrip, 1)
    assert shown(tmp_path / "c.mkv") == shown(subrip)


def test_webm_holds_webvtt(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(SRT, encoding="utf-8")
    video = write_clip(tmp_path / "a.webm", _vp9())
    source = bundle(tmp_path / "b.mkv", [Part(video), Part(tmp_path / "a.srt")])
    plan = copied(source, tmp_path / "c.webm").plans[0]
    assert plan.encoder == "webvtt"
    assert [event[:2] for event in shown(tmp_path / "c.webm")] == [
        (40, 123),
        (200, 457),
    ]
    assert packets(tmp_path / "c.webm", 1)[0] == b"Hello <i>you</i>\nand & me"
    again = copied(tmp_path / "c.webm", tmp_path / "d.webm")
    assert again.plans[0].action is StreamAction.KEPT
    assert shown(tmp_path / "d.webm") == shown(tmp_path / "c.webm")


def test_lines_that_overlap_are_cut_and_joined_in_mp4(
    styled: Path, tmp_path: Path
) -> None:
    copy = copied(styled, tmp_path / "b.mp4")
    assert shown(tmp_path / "b.mp4") == [
        (100, 300, "one, with a comma"),
        (300, 400, r"one, with a comma\Ntwo\Nlines"),
        (400, 500, "one, with a comma"),
        (800, 900, "last"),
    ]
    assert copy.streams.dropped_packets == 0


def test_lost_styles_are_said_before(styled: Path) -> None:
    assert [str(plan) for plan in plan_streams(styled, "mp4")] == [
        "stream 1 (subtitle, ass) is converted: mp4 does not hold ass, mov_text is "
        "used; styles are lost: choose .mkv to keep them"
    ]
    assert [str(plan) for plan in plan_streams(styled, "mpegts")] == [
        "stream 1 (subtitle, ass) is lost: mpegts does not hold ass; .mkv keeps it"
    ]


def test_many_lines_of_one_time_stay_at_it(tmp_path: Path) -> None:
    line = "Dialogue: 0,0:00:00.10,0:00:00.30,Default,,0,0,0,,sign {}\n"
    head = ASS.split("Dialogue")[0]
    text = head + "".join(line.format(number) for number in range(40))
    (tmp_path / "a.ass").write_text(text)
    parts = [Part(write_clip(tmp_path / "a.mkv")), Part(tmp_path / "a.ass")]
    source = bundle(tmp_path / "b.mkv", parts)
    copied(source, tmp_path / "c.mkv")
    assert shown(tmp_path / "c.mkv") == shown(source)
    assert {event[:2] for event in shown(source)} == {(100, 300)}
    copied(source, tmp_path / "c.mp4")
    assert [event[:2] for event in shown(tmp_path / "c.mp4")] == [(100, 300)]


def test_a_line_across_the_start_of_a_span_is_shown_from_it(
    subrip: Path, tmp_path: Path
) -> None:
    copied(subrip, tmp_path / "b.mkv", Span(0.1, 0.4))
    events = [event[:2] for event in shown(tmp_path / "b.mkv")]
    assert events == [(0, 23), (100, 300)]
    copied(subrip, tmp_path / "b.mp4", Span(0.1, 0.4))
    assert [event[:2] for event in shown(tmp_path / "b.mp4")] == events


@pytest.mark.parametrize("suffix", ["mkv", "ts"])
def test_pictures_are_copied_where_they_are_held(tmp_path: Path, suffix: str) -> None:
    source = _with_pictures(tmp_path)
    copy = copied(source, tmp_path / f"b.{suffix}")
    if suffix == "mkv":
        assert copy.plans[0].action is StreamAction.KEPT
        assert packets(tmp_path / "b.mkv", 1) == packets(source, 1)
    else:
        assert copy.plans[0].why.endswith("; .mkv keeps it")
    (plan,) = plan_streams(source, "mp4")
    assert str(plan) == (
        "stream 1 (subtitle, hdmv_pgs_subtitle) is lost: mp4 does not hold "
        "hdmv_pgs_subtitle; .mkv keeps it"
    )


def test_damaged_text_is_counted(subrip: Path, tmp_path: Path) -> None:
    copied(subrip, tmp_path / "b.mp4")
    data = bytearray((tmp_path / "b.mp4").read_bytes())
    at = data.index(packets(tmp_path / "b.mp4", 1)[1])
    data[at : at + 2] = b"\xff\xff"
    (tmp_path / "b.mp4").write_bytes(data)
    copy = copied(tmp_path / "b.mp4", tmp_path / "c.mkv")
    assert len(shown(tmp_path / "c.mkv")) >= 1
    assert copy.streams.dropped_packets <= 1


def _vp9() -> Clip:
    return Clip(codec="libvpx-vp9", options={"deadline": "realtime", "cpu-used": "8"})


def _with_pictures(folder: Path) -> Path:
    """A clip with packets that only a PGS decoder would understand."""
    plain = write_clip(folder / "a.mkv")
    with (
        av.open(str(plain), "r") as opened,
        av.open(str(folder / "pgs.mkv"), "w") as out,
    ):
        video = opened.streams.video[0]
        copy = out.add_stream_from_template(video, opaque=True)
        pictures = out.add_mux_stream("hdmv_pgs_subtitle")
        for number, packet in enumerate(opened.demux(video)):
            if not packet.size:
                continue
            packet.stream = copy
            out.mux(packet)
            sign = av.Packet(PGS)
            sign.stream, sign.time_base = pictures, Fraction(1, 1000)
            sign.pts = sign.dts = number * 40
            sign.duration = 40
            out.mux(sign)
    return folder / "pgs.mkv"
