"""The streams beside the video: kept bit for bit, converted, or named as lost."""

import subprocess
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.bundles import Part, bundle, copied
from tests.clips import Clip, Sound, pts_of, sound_packets, write_clip
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.output.muxer import VideoWriter
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Source, Span
from videnhance.media.streams.actions import StreamAction
from videnhance.media.streams.stream_planner import plan_streams

PLAIN = {"bf": "0"}
"""A Matroska does not tell when frames in another order are to be decoded."""
TWO = Clip(sounds=(Sound(language="eng"), Sound(language="fra")))


def _copied(source: Path, target: Path, span: Span | None = None) -> VideoWriter:
    span = span or Span()
    with (
        VideoReader(source, span) as reader,
        VideoWriter(
            target, reader.info, reader.info.size, Encoding(), Source(source, span)
        ) as writer,
    ):
        for frame in reader:
            writer.write(frame)
    return writer


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov", "ts", "nut"])
def test_sound_is_copied_bit_for_bit(tmp_path: Path, suffix: str) -> None:
    source = write_clip(tmp_path / "a.mp4", TWO)
    target = tmp_path / f"b.{suffix}"
    writer = _copied(source, target)
    assert writer.notices == ()
    for track in (0, 1):
        got, wanted = sound_packets(target, track), sound_packets(source, track)
        if suffix == "ts":  # each packet has an ADTS header of seven bytes
            got = [packet[7:] for packet in got]
        assert got == wanted
    with av.open(str(target), "r") as opened:
        assert [s.language for s in opened.streams.audio] == ["eng", "fra"]


def test_sound_keeps_its_place_to_the_video(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mkv", TWO)
    target = tmp_path / "b.mkv"
    _copied(source, target)
    starts = []
    for path in (source, target):
        with av.open(str(path), "r") as opened:
            track = opened.streams.audio[0]
            starts.append([p.pts for p in opened.demux(track) if p.size])
    assert starts[0] == starts[1]
    assert pts_of(source) == pts_of(target)


def test_sound_that_the_container_does_not_hold_is_converted(tmp_path: Path) -> None:
    clip = Clip(sounds=(Sound("pcm_s16le", "eng"), Sound("aac")))
    source, target = write_clip(tmp_path / "a.mkv", clip), tmp_path / "b.webm"
    plans = plan_streams(source, "webm")
    assert [p.action for p in plans] == [StreamAction.CONVERTED, StreamAction.CONVERTED]
    with VideoReader(source) as reader:
        encoding = Encoding(codec="libvpx-vp9", preset=None)
        info = reader.info
        with VideoWriter(target, info, info.size, encoding, source) as writer:
            assert "does not hold pcm_s16le, libopus is used" in writer.notices[0]
            for frame in reader:
                writer.write(frame)
    with av.open(str(target), "r") as opened:
        assert [s.codec_context.name for s in opened.streams.audio] == ["opus"] * 2
        assert opened.streams.audio[0].language == "eng"
        frames = [*opened.decode(audio=0)]
        assert sum(f.samples for f in frames) == pytest.approx(24000, abs=2000)
        assert abs(frames[0].time or 0) < 0.03


def test_each_container_has_its_own_codec_to_convert_to(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mkv", Clip(sounds=(Sound("flac"),)))
    plan = plan_streams(source, "mpegts")[0]
    assert (plan.action, plan.why) == (
        StreamAction.CONVERTED,
        "mpegts does not hold flac, aac is used",
    )
    _copied(source, tmp_path / "b.ts")
    with av.open(str(tmp_path / "b.ts"), "r") as opened:
        assert opened.streams.audio[0].codec_context.name == "aac"


def test_sound_that_no_decoder_takes_is_named_before_the_work(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mkv", Clip(sounds=(Sound("flac"),)))
    data = source.read_bytes()
    for packet in sound_packets(source):
        data = data.replace(packet, bytes(len(packet)))
    source.write_bytes(data)
    plan = plan_streams(source, "mpegts")[0]
    assert (plan.action, plan.why) == (
        StreamAction.LOST,
        "flac would have to be converted, but cannot be decoded; .mkv keeps it",
    )
    assert plan_streams(source, "matroska")[0].action is StreamAction.KEPT
    _copied(source, tmp_path / "b.ts")
    with av.open(str(tmp_path / "b.ts"), "r") as opened:
        assert not opened.streams.audio


def test_sound_can_be_left_out(tmp_path: Path) -> None:
    source, target = write_clip(tmp_path / "a.mp4", TWO), tmp_path / "b.mp4"
    with VideoReader(source) as reader:
        info = reader.info
        with VideoWriter(
            target, info, info.size, Encoding(audio=False), source
        ) as writer:
            assert len(writer.notices) == 2
            for frame in reader:
                writer.write(frame)
    with av.open(str(target), "r") as opened:
        assert [s.type for s in opened.streams] == ["video"]


def _with_subtitles(folder: Path) -> Path:
    (folder / "a.srt").write_text("1\n00:00:00,100 --> 00:00:00,300\nHello\n")
    source = write_clip(folder / "plain.mp4", Clip(sounds=(Sound(),)))
    command = ["ffmpeg", "-v", "error", "-i", str(source), "-i", str(folder / "a.srt")]
    command += ["-map", "0", "-map", "1", "-c", "copy", "-c:s", "srt"]
    command += ["-metadata:s:s:0", "language=deu", "-attach", str(folder / "a.srt")]
    command += ["-metadata:s:t", "mimetype=text/plain", str(folder / "subs.mkv")]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return folder / "subs.mkv"


@pytest.mark.ffprobe
def test_subtitles_and_attachments_are_kept_or_named(tmp_path: Path) -> None:
    source = _with_subtitles(tmp_path)
    writer = _copied(source, tmp_path / "b.mkv")
    assert writer.notices == ()
    with av.open(str(tmp_path / "b.mkv"), "r") as opened:
        kinds = [s.type for s in opened.streams]
        assert kinds == ["video", "audio", "subtitle", "attachment"]
        assert opened.streams.subtitles[0].language == "deu"
        packet = next(opened.demux(opened.streams.subtitles[0]))
        assert bytes(packet) == b"Hello"
    lost = [
        str(p) for p in plan_streams(source, "mp4") if p.action is StreamAction.LOST
    ]
    assert lost == [
        "stream 3 (attachment, a.srt) is lost: mp4 holds no attachments; .mkv keeps it"
    ]


def test_a_span_cuts_sound_and_video_alike(tmp_path: Path) -> None:
    clip = Clip(pts=range(0, 50 * 512, 512), sounds=(Sound("pcm_s16le", seconds=2),))
    source = write_clip(tmp_path / "a.mkv", clip)
    target = tmp_path / "b.mkv"
    _copied(source, target, Span(0.5, 1.5))
    assert pts_of(target)[0] == pytest.approx(0.02, abs=0.001)
    assert len(pts_of(target)) == 25
    with av.open(str(target), "r") as opened:
        times = [float((p.pts or 0) * p.time_base) for p in opened.demux(audio=0)][:-1]
    assert 0 <= times[0] < 0.025
    assert times[-1] == pytest.approx(1.0, abs=0.05)


def test_a_number_of_frames_cuts_the_sound_at_the_last(tmp_path: Path) -> None:
    clip = Clip(pts=range(0, 50 * 512, 512), sounds=(Sound("pcm_s16le", seconds=2),))
    source, target = write_clip(tmp_path / "a.mkv", clip), tmp_path / "b.mkv"
    _copied(source, target, Span(0.0, None, 10))
    with av.open(str(target), "r") as opened:
        times = [float((p.pts or 0) * p.time_base) for p in opened.demux(audio=0)][:-1]
    assert times[-1] == pytest.approx(0.4, abs=0.03)


def test_a_track_that_stays_empty_is_no_failure(tmp_path: Path) -> None:
    clip = Clip(pts=range(0, 50 * 512, 512), sounds=(Sound(),))
    source = write_clip(tmp_path / "a.mp4", clip)
    _copied(source, tmp_path / "b.mp4", Span(1.0))
    assert len(pts_of(tmp_path / "b.mp4")) == 25


def test_chapters_come_along(tmp_path: Path) -> None:
    plain = write_clip(tmp_path / "a.mkv")
    with (
        av.open(str(plain), "r") as opened,
        av.open(str(tmp_path / "c.mkv"), "w") as out,
    ):
        video = opened.streams.video[0]
        copy = out.add_stream_from_template(video, opaque=True)
        base = Fraction(1, 1000)
        ends = [(0, 200), (200, 480)]
        out.set_chapters(
            [
                {"id": i, "start": a, "end": b, "time_base": base, "metadata": {}}
                for i, (a, b) in enumerate(ends)
            ]
        )
        for packet in opened.demux(video):
            if packet.size:
                packet.stream = copy
                out.mux(packet)
    _copied(tmp_path / "c.mkv", tmp_path / "b.mkv")
    with av.open(str(tmp_path / "b.mkv"), "r") as opened:
        edges = [(c["start"], c["end"], c["time_base"]) for c in opened.chapters()]
    assert [(float(a * t), float(b * t)) for a, b, t in edges if t] == [
        (0.0, 0.2),
        (0.2, 0.48),
    ]


def test_damaged_sound_does_not_stop_the_video(tmp_path: Path) -> None:
    clip = Clip(sounds=(Sound("mp2", seconds=1),))
    source = write_clip(tmp_path / "a.mkv", clip)
    data = bytearray(source.read_bytes())
    packets = sound_packets(source)
    for number in (5, 9):
        at = data.index(packets[number])
        data[at : at + len(packets[number])] = b"\xff" * len(packets[number])
    source.write_bytes(data)
    writer = _copied(source, tmp_path / "b.mkv")
    assert writer.frames_written == 12
    with VideoReader(source) as reader:
        encoding = Encoding(codec="libvpx-vp9", preset=None)
        info = reader.info
        target = tmp_path / "b.webm"
        with VideoWriter(target, info, info.size, encoding, source) as converting:
            for frame in reader:
                converting.write(frame)
    assert converting.frames_written == 12


def test_plans_are_words(tmp_path: Path) -> None:
    plan = plan_streams(write_clip(tmp_path / "a.mp4", TWO), "mp4", audio=False)[0]
    assert str(plan) == (
        "stream 1 (audio, aac) is lost: the sound is left out, as asked for"
    )


def test_what_was_written_is_told_stream_by_stream(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("1\n00:00:00,040 --> 00:00:00,123\nHi\n")
    clip = write_clip(
        tmp_path / "a.mkv", Clip(options=PLAIN, sounds=(Sound("pcm_s16le"),))
    )
    parts = [Part(clip), Part(tmp_path / "a.srt")]
    source = bundle(tmp_path / "b.mkv", parts, [("x", "font/ttf", b"1")])
    written = copied(source, tmp_path / "c.mkv").streams.written
    assert [(s.index, s.kind, s.codec, s.packets) for s in written] == [
        (1, "audio", "pcm_s16le", 25),
        (2, "subtitle", "subrip", 1),
        (3, "attachment", "x", 0),
    ]
    assert [s.first_seconds for s in written] == [0, Fraction(1, 25), None]
    assert [s.end_seconds for s in written] == [0.5, Fraction(123, 1000), None]
    converted = copied(source, tmp_path / "c.mp4").streams.written
    assert [s.codec for s in converted] == ["flac", "mov_text"]
    assert converted[1].end_seconds == Fraction(123, 1000)


def test_packets_shorter_than_a_tick_do_not_drift(tmp_path: Path) -> None:
    source = _with_short_packets(tmp_path)
    for suffix in ("mkv", "mov"):
        copy = copied(source, tmp_path / f"b.{suffix}")
        (sound,) = copy.streams.written
        assert sound.packets == 600
        assert sound.end_seconds == pytest.approx(0.5, abs=0.002)


def _with_short_packets(folder: Path) -> Path:
    """A clip with packets of 40 samples, less than the millisecond of a Matroska."""
    plain = write_clip(folder / "plain.mkv", Clip(sounds=(Sound("pcm_s16le"),)))
    with (
        av.open(str(plain), "r") as opened,
        av.open(str(folder / "short.mkv"), "w") as out,
    ):
        video_copy = out.add_stream_from_template(opened.streams.video[0], opaque=True)
        copy = out.add_stream_from_template(opened.streams.audio[0])
        video = [p for p in opened.demux(opened.streams.video[0]) if p.size]
        for packet in video:
            packet.stream = video_copy
            out.mux(packet)
        for number in range(600):
            short = av.Packet(bytes(160))
            short.stream, short.time_base = copy, Fraction(1, 48000)
            short.pts = short.dts = number * 40
            short.duration = 40
            out.mux(short)
    return folder / "short.mkv"


def test_sound_from_before_and_after_the_video_keeps_its_place(tmp_path: Path) -> None:
    base = Fraction(1, 12800)
    times = range(12800, 12800 + 12 * 512, 512)
    late = Clip(pts=times, time_base=base, options=PLAIN)
    video = write_clip(tmp_path / "a.mp4", late)
    sound = _sound_alone(tmp_path)
    source = bundle(tmp_path / "b.mkv", [Part(video), Part(sound)])
    for suffix in ("mkv", "mp4"):
        copied(source, tmp_path / f"c.{suffix}")
        assert sound_packets(tmp_path / f"c.{suffix}") == sound_packets(source)
        assert _places(tmp_path / f"c.{suffix}") == _places(source)


def _sound_alone(folder: Path) -> Path:
    """Three seconds of FLAC, with nothing else in the file."""
    both = write_clip(folder / "s.mkv", Clip(sounds=(Sound("flac", seconds=3),)))
    with (
        av.open(str(both), "r") as opened,
        av.open(str(folder / "s.mka"), "w", format="matroska") as out,
    ):
        copy = out.add_stream_from_template(opened.streams.audio[0])
        for packet in opened.demux(opened.streams.audio[0]):
            if packet.size:
                packet.stream = copy
                out.mux(packet)
    return folder / "s.mka"


def _places(path: Path) -> list[float]:
    """First and last times of video and sound, from the first frame on."""
    with av.open(str(path), "r") as opened:
        kinds = (opened.streams.video[0], opened.streams.audio[0])
        times: dict[int, list[float]] = {s.index: [] for s in kinds}
        for packet in opened.demux(*kinds):
            if packet.size:
                seconds = float((packet.pts or 0) * (packet.time_base or 1))
                times[packet.stream_index].append(seconds)
    video, sound = (sorted(t) for t in times.values())
    zero = video[0]
    return [round(t - zero, 2) for t in (video[-1], sound[0], sound[-1])]


def test_an_empty_second_video_is_no_failure(tmp_path: Path) -> None:
    plain = write_clip(tmp_path / "a.mp4")
    source = tmp_path / "two.mkv"
    with av.open(str(plain)) as opened, av.open(str(source), "w") as out:
        video = opened.streams.video[0]
        copy = out.add_stream_from_template(video, opaque=True)
        out.add_stream_from_template(video, opaque=True)
        for packet in opened.demux(video):
            if packet.size:
                packet.stream = copy
                out.mux(packet)
    _copied(source, tmp_path / "b.mp4")
    assert len(pts_of(tmp_path / "b.mp4")) == 12


@pytest.mark.parametrize("number", [0, 5])
def test_a_sound_packet_that_a_muxer_refuses_is_dropped(
    tmp_path: Path, number: int
) -> None:
    clip = Clip(sounds=(Sound(),))
    source = write_clip(tmp_path / "a.mkv", clip)
    made = tmp_path / "short.mkv"
    with av.open(str(source)) as opened, av.open(str(made), "w") as out:
        streams = {
            s.index: out.add_stream_from_template(s, opaque=True)
            for s in opened.streams
        }
        count = 0
        for packet in opened.demux():
            if not packet.size:
                continue
            ready = packet
            if packet.stream.type == "audio":
                if count == number:
                    ready = av.Packet(b"\x01")
                    ready.pts, ready.dts = packet.pts, packet.dts
                    ready.time_base, ready.duration = packet.time_base, packet.duration
                count += 1
            ready.stream = streams[packet.stream_index]
            out.mux(ready)
    writer = _copied(made, tmp_path / "b.ts")
    assert writer.frames_written == 12
    assert writer.dropped_packets == 1
