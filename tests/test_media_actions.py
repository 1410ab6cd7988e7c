"""What becomes of every kind of stream in every container, decided before the work."""

from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.stream import Disposition

from tests.bundles import PNG, Part, bundle, copied, packets
from tests.clips import Clip, Sound, pattern, write_clip
from videnhance.media.source import Span
from videnhance.media.streams.actions import StreamAction, Way, better_container
from videnhance.media.streams.stream_planner import plan_streams

FONT = ("a font.ttf", "font/ttf", bytes(range(99)))
COVER = ("cover.png", "image/png", PNG)


@pytest.fixture
def rich(tmp_path: Path) -> Path:
    """A Matroska with sound, a font, a cover and chapters."""
    clip = write_clip(tmp_path / "a.mkv", Clip(sounds=(Sound(), Sound("flac"))))
    chapters = [(0, 200, "Ein ü"), (200, 480, "two")]
    return bundle(tmp_path / "rich.mkv", [Part(clip)], [FONT, COVER], chapters)


def _fates(source: Path, container: str) -> list[str]:
    return [plan.action.value for plan in plan_streams(source, container)]


@pytest.mark.parametrize(
    ("container", "fates"),
    [
        ("matroska", ["kept"] * 4),
        ("mp4", ["kept", "kept", "lost", "kept"]),
        ("mov", ["kept", "converted", "lost", "lost"]),
        ("webm", ["converted", "converted", "lost", "lost"]),
        ("mpegts", ["kept", "converted", "lost", "lost", "lost"]),
        ("avi", ["kept", "kept", "lost", "lost", "lost"]),
        ("nut", ["kept", "kept", "lost", "lost"]),
    ],
)
def test_each_container_keeps_what_it_can(
    rich: Path, container: str, fates: list[str]
) -> None:
    assert _fates(rich, container) == fates


def test_what_is_lost_and_who_would_keep_it_is_said(rich: Path) -> None:
    plans = plan_streams(rich, "mpegts")
    assert [str(plan) for plan in plans if plan.action is StreamAction.LOST] == [
        "stream 3 (attachment, a font.ttf) is lost: mpegts holds no attachments; "
        ".mkv keeps it",
        "stream 4 (video, png) is lost: mpegts does not hold such cover pictures; "
        ".mkv keeps it",
        "the chapters (2 in all) are lost: mpegts holds none; .mkv keeps them",
    ]
    assert better_container(plans, "mpegts") == "everything would be kept in .mkv"
    silent = plan_streams(rich, "mpegts", audio=False)
    assert better_container(silent, "mpegts") == (
        "more would be kept in .mkv (3, 4, chapters)"
    )
    assert better_container(plan_streams(rich, "matroska"), "matroska") is None


def test_every_planned_header_can_be_written(rich: Path, tmp_path: Path) -> None:
    for suffix in ("mkv", "mp4", "mov", "ts", "nut"):
        target = tmp_path / f"b.{suffix}"
        copy = copied(rich, target)
        assert copy.streams.dropped_packets == 0
        with av.open(str(target), "r") as opened:
            kept = [p for p in copy.plans if p.action is not StreamAction.LOST]
            assert len(opened.streams) >= 1 + len(kept)
            titles = [c["metadata"]["title"] for c in opened.chapters()]
        assert titles == ([] if suffix == "ts" else ["Ein ü", "two"])


def test_sound_that_has_lost_nothing_goes_on_so(tmp_path: Path) -> None:
    clip = Clip(sounds=(Sound("flac"),))
    source = write_clip(tmp_path / "a.mkv", clip)
    plan = copied(source, tmp_path / "b.mov").plans[0]
    assert plan.why == "mov does not hold flac, alac is used"
    assert _samples(tmp_path / "b.mov") == _samples(source)


def _samples(path: Path) -> list[int]:
    with av.open(str(path), "r") as opened:
        blocks = [f.to_ndarray() for f in opened.decode(audio=0)]
    planes = [b if b.shape[0] == 2 else b.reshape(-1, 2).T for b in blocks]
    return [int(v) for plane in planes for v in plane[0]]


def test_channels_without_places_do_not_fail_in_the_end(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mkv", Clip(sounds=(Sound("pcm_s16le"),)))
    copied(source, tmp_path / "b.mp4")
    with av.open(str(tmp_path / "b.mp4"), "r") as opened:
        assert opened.streams.audio[0].codec_context.layout.name == "stereo"


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_covers_go_from_container_to_container(
    rich: Path, tmp_path: Path, suffix: str
) -> None:
    copied(rich, tmp_path / "b.mp4")
    target = tmp_path / f"c.{suffix}"
    copied(tmp_path / "b.mp4", target)
    with av.open(str(target), "r") as opened:
        (cover,) = [
            s for s in opened.streams if s.disposition & Disposition.attached_pic
        ]
        if suffix == "mkv":
            assert cover.metadata["filename"] == "cover.png"
            assert cover.metadata["mimetype"] == "image/png"
        assert [bytes(p) for p in opened.demux(cover) if p.size] == [PNG]


def test_attachments_keep_name_and_bytes(rich: Path, tmp_path: Path) -> None:
    copied(rich, tmp_path / "b.mkv")
    with av.open(str(tmp_path / "b.mkv"), "r") as opened:
        (font,) = opened.streams.attachments
        assert (font.name, font.mimetype, font.data) == FONT


def test_a_chapter_track_of_mp4_is_not_doubled(rich: Path, tmp_path: Path) -> None:
    copied(rich, tmp_path / "b.mp4")
    again = copied(tmp_path / "b.mp4", tmp_path / "c.mp4")
    ways = [plan.way for plan in again.plans if plan.kind == "data"]
    assert ways == [Way.MUXER]
    with av.open(str(tmp_path / "c.mp4"), "r") as opened:
        assert len(opened.streams.data) == 1
        assert len(opened.chapters()) == 2


def test_chapters_follow_the_span(rich: Path, tmp_path: Path) -> None:
    copied(rich, tmp_path / "b.mkv", Span(0.12, 0.4))
    with av.open(str(tmp_path / "b.mkv"), "r") as opened:
        edges = [
            (c["start"] * c["time_base"], c["end"] * c["time_base"])
            for c in opened.chapters()
            if c["time_base"]
        ]
    assert edges == [(0, Fraction(2, 25)), (Fraction(2, 25), Fraction(7, 25))]


def test_a_second_picture_is_copied_and_is_not_the_default(tmp_path: Path) -> None:
    first = write_clip(tmp_path / "a.mkv")
    second = write_clip(tmp_path / "b.mkv", Clip(width=32, height=18))
    both = Disposition.default
    source = bundle(tmp_path / "c.mkv", [Part(first, {}, both), Part(second, {}, both)])
    for suffix in ("mkv", "mp4", "ts"):
        target = tmp_path / f"d.{suffix}"
        (plan,) = copied(source, target).plans
        assert plan.action is StreamAction.KEPT
        assert plan.why.endswith("this one is copied as it is")
        with av.open(str(target), "r") as opened:
            assert [s.width for s in opened.streams.video] == [64, 32]
            assert not opened.streams[1].disposition & Disposition.default
        if suffix != "ts":
            assert packets(target, 1) == packets(source, 1)


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_names_and_roles_of_tracks_stay(tmp_path: Path, suffix: str) -> None:
    roles = Disposition.comment
    sound = write_clip(tmp_path / "a.mkv", Clip(sounds=(Sound(),)))
    said = {"language": "deu", "title": "Kommentar ü", "handler_name": "Ton 2"}
    parts = [Part(write_clip(tmp_path / "b.mkv")), Part(sound, said, roles)]
    source = bundle(tmp_path / "c.mkv", parts)
    copied(source, tmp_path / f"d.{suffix}")
    copied(tmp_path / f"d.{suffix}", tmp_path / "e.mkv")
    with av.open(str(tmp_path / "e.mkv"), "r") as opened:
        track = opened.streams.audio[0]
        found = {key.lower(): value for key, value in track.metadata.items()}
        assert {key: found[key] for key in said} == said
        assert track.disposition & roles == roles


def test_data_is_kept_where_it_can_be_read_back(tmp_path: Path) -> None:
    source = _with_data(tmp_path)
    assert _fates(source, "mpegts") == ["kept"]
    assert _fates(source, "matroska") == ["lost"]
    assert _fates(source, "mp4") == ["lost"]
    copied(source, tmp_path / "b.ts")
    assert packets(tmp_path / "b.ts", 1) == packets(source, 1)


@pytest.mark.skipif(
    int(av.__version__.split(".")[0]) < 18, reason="PyAV 17 copies no frame rate"
)
@pytest.mark.parametrize("suffix", ["mov", "mp4", "mkv"])
def test_the_timecode_is_written_again(tmp_path: Path, suffix: str) -> None:
    source, target = _timecoded(tmp_path), tmp_path / f"b.{suffix}"
    copy = copied(source, target)
    ways = [(p.kind, p.codec, p.way) for p in copy.plans if p.kind == "data"]
    assert ways == [("data", "timecode", Way.MUXER)] * 2
    with av.open(str(target), "r") as opened:
        for video in opened.streams.video:
            found = {key.lower(): value for key, value in video.metadata.items()}
            assert found["timecode"] == "01:02:03:04"
        assert len(opened.streams.data) == (0 if suffix == "mkv" else 2)
    assert _fates(source, "mpegts") == ["kept", "lost", "lost"]


def test_a_timecode_starts_where_the_span_does(tmp_path: Path) -> None:
    span = Span(0.08)
    copy = copied(_timecoded(tmp_path), tmp_path / "b.mkv", span)
    assert copy.streams.video_metadata["timecode"] == "01:02:03:06"


def test_streams_without_a_decoder_are_named_and_left(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mkv", Clip(sounds=(Sound(),)))
    source.write_bytes(source.read_bytes().replace(b"A_AAC", b"A_XYZ"))
    for container in ("matroska", "mp4", "mpegts"):
        (plan,) = plan_streams(source, container)
        assert str(plan) == (
            "stream 1 (audio, unknown codec) is lost: its codec is unknown"
        )
        assert better_container([plan], container) is None


def test_names_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    clip, font = write_clip(tmp_path / "a.mkv"), ("x\x1b[2Jy", "font/ttf", b"1")
    source = bundle(tmp_path / "b.mkv", [Part(clip)], [font])
    (plan,) = plan_streams(source, "mp4")
    assert "\x1b" not in str(plan)
    assert r"x\x1b[2Jy" in str(plan)


def test_forty_streams_are_kept(tmp_path: Path) -> None:
    sound = write_clip(tmp_path / "a.mkv", Clip(sounds=(Sound(seconds=0.1),)))
    (tmp_path / "a.srt").write_text("1\n00:00:00,040 --> 00:00:00,123\nHi\n")
    texts = [Part(tmp_path / "a.srt")] * 38
    source = bundle(tmp_path / "b.mkv", [Part(sound), *texts])
    for suffix in ("mkv", "mp4"):
        copy = copied(source, tmp_path / f"c.{suffix}")
        assert (
            len(
                [s for s in copy.streams.written if s.packets or s.kind == "attachment"]
            )
            == 39
        )
        with av.open(str(tmp_path / f"c.{suffix}"), "r") as opened:
            assert len(opened.streams) == 40


def _with_data(folder: Path) -> Path:
    """A transport stream with KLV beside the video."""
    plain = write_clip(folder / "a.mkv")
    with (
        av.open(str(plain), "r") as opened,
        av.open(str(folder / "klv.ts"), "w") as out,
    ):
        video = opened.streams.video[0]
        copy = out.add_stream_from_template(video, opaque=True)
        data = out.add_data_stream("klv")
        for number, packet in enumerate(opened.demux(video)):
            if not packet.size:
                continue
            packet.stream = copy
            out.mux(packet)
            note = av.Packet(b"\x06\x0e\x2b\x34" + bytes([number]) * 13)
            note.stream, note.time_base = data, Fraction(1, 25)
            note.pts = note.dts = number
            out.mux(note)
    return folder / "klv.ts"


def _timecoded(folder: Path) -> Path:
    """Two videos in one file, each with a track for its timecode."""
    with av.open(str(folder / "timecode.mov"), "w") as out:
        streams = [out.add_stream("libx264", rate=25) for _ in range(2)]
        for stream in streams:
            stream.metadata["timecode"] = "01:02:03:04"
            stream.width, stream.height = 64, 48
        for number in range(6):
            for stream in streams:
                frame = pattern(Clip(), number)
                frame.pts, frame.time_base = number, Fraction(1, 25)
                out.mux(stream.encode(frame))
        for stream in streams:
            out.mux(stream.encode(None))
    return folder / "timecode.mov"
