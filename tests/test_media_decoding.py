"""Damage and the first picture: alike on every machine, counted, and nothing more lost.

A stream is cut and damaged packet by packet; what is left must be what the whole one
has there, to the last sample.
"""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.logging
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext
from av.packet import Packet
from av.video.stream import VideoStream

from tests.clips import Clip, Sound, write_clip
from videnhance.frame import Frame
from videnhance.media.pipes.reader import PipeReader
from videnhance.media.reader.decoding import LONGEST_LEAD, ffmpeg_errors
from videnhance.media.reader.seeking import frame_checksum
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import AnyPacket, ResumePoint, Span

GROUP, COUNT = 25, 60
EVEN = tuple(range(0, COUNT * 512, 512))
AVC = {"g": str(GROUP), "bf": "2", "sc_threshold": "0", "preset": "veryfast"}
OPEN = {"x265-params": f"keyint={GROUP}:min-keyint={GROUP}:bframes=3:log-level=none"}
STRIPES = {"x264-params": "intra-refresh=1:keyint=20:bframes=0:scenecut=0"}
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov"}
G = {"g": str(GROUP)}


def _clip(codec: str, options: dict[str, str]) -> Clip:
    return Clip(codec=codec, options=options, pts=EVEN)


CUT_STARTS = {
    "avc.mkv": _clip("libx264", AVC),
    "avc.ts": _clip("libx264", AVC),
    "avc.mp4": replace(_clip("libx264", AVC), container=FRAGMENTS),
    "avc.264": _clip("libx264", AVC),
    "hevc.mkv": _clip("libx265", OPEN),
    "mpeg4.avi": _clip("mpeg4", {**G, "bf": "2"}),
    "mpeg2.mkv": replace(
        _clip("mpeg2video", {**G, "bf": "2"}),
        pts=range(COUNT),
        time_base=Fraction(1, 25),
    ),
    "h263.avi": replace(_clip("h263", G), width=176, height=144),
    "msmpeg4.avi": _clip("msmpeg4", G),
    "vp8.mkv": _clip("libvpx", {**G, "deadline": "realtime", "keyint_min": "25"}),
    "ffv1.mkv": _clip("ffv1", G),
}


def _copied(
    path: Path, target: Path, *edits: Callable[[list[AnyPacket]], None]
) -> Path:
    """The same stream, its packets edited; raw ones are put in a row."""
    with av.open(str(path)) as whole:
        video = whole.streams.video[0]
        packets: list[Any] = [p for p in whole.demux(video) if p.size]
        for edit in edits:
            edit(packets)
        if target.suffix == ".264":
            target.write_bytes(b"".join(map(bytes, packets)))
            return target
        with av.open(str(target), "w") as out:
            copy = out.add_stream_from_template(video)
            for packet in packets:
                packet.stream = copy
                out.mux(packet)
    return target


def _without_first(count: int) -> Callable[[list[AnyPacket]], None]:
    def drop(packets: list[AnyPacket]) -> None:
        del packets[:count]

    return drop


def _damaged(number: int, data: Callable[[bytes], bytes]) -> Callable[..., None]:
    def damage(packets: list[AnyPacket]) -> None:
        old = packets[number]
        new: AnyPacket = Packet(data(bytes(old)))
        new.pts, new.dts, new.duration = old.pts, old.dts, old.duration
        new.time_base, new.is_keyframe = old.time_base, old.is_keyframe
        packets[number] = new

    return damage


def _read(path: Path, span: Span | None = None) -> tuple[list[Frame], VideoReader]:
    with VideoReader(path, span) as reader:
        return list(reader), reader


def _sums(frames: list[Frame]) -> list[int]:
    return [frame_checksum(frame) for frame in frames]


@pytest.mark.parametrize("name", CUT_STARTS)
def test_what_is_before_the_first_whole_picture_is_left_out(
    tmp_path: Path, name: str
) -> None:
    path = write_clip(tmp_path / name, CUT_STARTS[name])
    whole, _ = _read(path)
    cut = _copied(path, tmp_path / f"cut-{name}", _without_first(10))
    frames, reader = _read(cut)
    left_out = COUNT - 10 - len(frames)
    assert GROUP - 10 <= left_out <= GROUP - 10 + 2  # B-frames put a key frame off
    assert _sums(frames) == _sums(whole[-len(frames) :])
    assert (reader.damaged_packets, reader.damaged_frames) == (0, 0)
    wanted = f"{left_out} frames before the first whole picture are left out"
    assert wanted in reader.notices


@pytest.mark.parametrize("name", CUT_STARTS)
def test_a_whole_file_is_whole(tmp_path: Path, name: str) -> None:
    frames, reader = _read(write_clip(tmp_path / name, CUT_STARTS[name]))
    assert len(frames) == COUNT
    assert not any("whole picture" in words for words in reader.notices)
    assert (reader.damaged_packets, reader.damaged_frames) == (0, 0)


def test_frames_keep_their_times_and_sound_its_own(tmp_path: Path) -> None:
    clip = replace(_clip("libx264", AVC), sounds=(Sound(seconds=2.0),))
    path = write_clip(tmp_path / "a.ts", clip)
    whole, _ = _read(path)
    packets = path.stat().st_size // 188
    cut = tmp_path / "cut.ts"
    cut.write_bytes(path.read_bytes()[188 * (packets // 8) :])
    frames, reader = _read(cut)
    kept = [f.pts for f in whole[GROUP:]]
    assert [f.pts for f in frames] == kept
    assert reader.info.start_seconds <= kept[0] * frames[0].time_base


@pytest.mark.parametrize("name", ["avc.ts", "avc.264", "mpeg4.avi", "mpeg2.mkv"])
def test_every_way_to_a_place_leaves_out_the_same(tmp_path: Path, name: str) -> None:
    path = write_clip(tmp_path / name, CUT_STARTS[name])
    cut = _copied(path, tmp_path / f"cut-{name}", _without_first(10))
    frames, _ = _read(cut)
    for count in (1, 20):
        tail = [(f.pts, frame_checksum(f)) for f in frames[max(count - 16, 0) : count]]
        with VideoReader(cut) as reader:
            reader.resume_after(ResumePoint(count, tuple(tail)))
            rest = list(reader)
        assert [f.index for f in rest] == list(range(count, len(frames)))
        assert [f.pts for f in rest] == [f.pts for f in frames[count:]]
        assert _sums(rest) == _sums(frames[count:])
    if name != "avc.264":  # whose times begin at its first frame
        first = Fraction(frames[0].pts) * frames[0].time_base
        origin = reader.info.start_seconds
        late, _ = _read(cut, Span(float(first - origin) + 0.4))
        assert _sums(late) == _sums(frames[10:])


def test_a_stream_of_stripes_begins_where_it_has_recovered(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.264", _clip("libx264", STRIPES))
    cut = _copied(path, tmp_path / "cut.264", _without_first(5))
    whole, (frames, reader) = _read(path)[0], _read(cut)
    assert 10 < len(frames) < COUNT - 5
    assert _sums(frames) == _sums(whole[-len(frames) :])
    assert any(f"{COUNT - 5 - len(frames)} frames" in w for w in reader.notices)
    assert reader.damaged_frames == 0


@pytest.mark.parametrize("count", [COUNT, LONGEST_LEAD + 40])
def test_a_stream_without_a_whole_picture_is_shown_all(
    tmp_path: Path, count: int
) -> None:
    clip = Clip(options=STRIPES, pts=range(0, count * 512, 512))
    path = write_clip(tmp_path / "a.264", clip)
    cut = _copied(path, tmp_path / "cut.264", _unmarked, _without_first(1))
    frames, reader = _read(cut)
    assert len(frames) == count - 1
    assert reader.damaged_frames > count // 2
    assert not any("whole picture" in words for words in reader.notices)


def _unmarked(packets: list[AnyPacket]) -> None:
    """Takes away what says where pictures have recovered: SEI."""
    stream = packets[0].stream
    assert isinstance(stream, VideoStream)
    strip = BitStreamFilterContext("filter_units=remove_types=6", stream)
    packets[:] = [new for old in packets for new in strip.filter(old)]


def test_a_pipe_leaves_out_the_same(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "avc.ts", CUT_STARTS["avc.ts"])
    cut = _copied(path, tmp_path / "cut.ts", _without_first(10))
    with cut.open("rb") as stream, PipeReader(stream) as reader:
        frames = list(reader)
        assert "15 frames before the first whole picture are left out" in reader.notices
    assert _sums(frames) == _sums(_read(cut)[0])


# Damage.

INTRA = {
    "mjpeg.mkv": Clip(codec="mjpeg", pix_fmt="yuvj420p", pts=EVEN, options={}),
    "prores.mov": Clip(codec="prores_ks", pix_fmt="yuv422p10le", pts=EVEN, options={}),
    "ffv1.mkv": Clip(codec="ffv1", pts=EVEN, options={"g": "1"}),
    "png.mov": Clip(codec="png", pix_fmt="rgb24", pts=EVEN, options={}),
    "vp8.mkv": _clip("libvpx", {"g": "1", "deadline": "realtime"}),
    "mpeg4.mkv": _clip("mpeg4", {"g": "1"}),
    "avc.mkv": _clip("libx264", {"g": "1", "bf": "0"}),
}


@pytest.mark.parametrize("name", INTRA)
@pytest.mark.parametrize("number", [-2, -5, -12])
def test_a_late_damaged_packet_costs_no_other_frame(
    tmp_path: Path, name: str, number: int
) -> None:
    path = write_clip(tmp_path / name, INTRA[name])
    whole, _ = _read(path)
    hurt = _copied(path, tmp_path / f"hurt-{name}", _damaged(number, lambda _: b"\0\1"))
    frames, reader = _read(hurt)
    del whole[number]
    assert [f.pts for f in frames] == [f.pts for f in whole]
    assert _sums(frames) == _sums(whole)
    assert reader.damaged_packets == 1


def test_a_decoder_has_one_thread(tmp_path: Path) -> None:
    with VideoReader(write_clip(tmp_path / "a.mp4")) as reader:
        list(reader)
        assert reader._decoder.stream.codec_context.thread_count == 1


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x55]) + data[middle + 1 :]


@pytest.mark.parametrize("slices", ["4", "9"])
def test_a_wrong_checksum_is_counted(tmp_path: Path, slices: str) -> None:
    options = {"level": "3", "slices": slices, "slicecrc": "1", "g": "1"}
    path = write_clip(tmp_path / "a.mkv", _clip("ffv1", options))
    hurt = _copied(path, tmp_path / "b.mkv", *(_damaged(n, _flipped) for n in (5, 40)))
    frames, reader = _read(hurt)
    assert (len(frames), reader.damaged_packets) == (COUNT, 2)
    with hurt.open("rb") as stream, PipeReader(stream) as piped:
        assert len(list(piped)) == COUNT
        assert piped.damaged_packets == 2


def test_the_log_is_heard_without_what_good_files_make_it_say() -> None:
    with ffmpeg_errors() as heard:
        for words in (
            "slice CRC mismatch 1A2B!\n",
            "mmco: unref short failure\n",
            "Overread VUI by 8 bits\n",
            "SEI type 5 size 999 truncated at 40\n",
            "Unknown OBU type 0 of size 942\n",
        ):
            av.logging.log(av.logging.ERROR, "codec", words)
        av.logging.log(av.logging.WARNING, "codec", "a warning")
    assert heard == ["slice CRC mismatch 1A2B!", "Unknown OBU type 0 of size 942"]
    assert av.logging.get_level() is None


def test_who_listens_inside_another_does_not_end_it() -> None:
    with ffmpeg_errors() as outer:
        with ffmpeg_errors() as inner:
            av.logging.log(av.logging.ERROR, "codec", "inside")
        av.logging.log(av.logging.ERROR, "codec", "outside")
    assert (inner, outer) == (["inside"], ["outside"])


# Ends.

MIDDLE = "the file ends in the middle of a frame: it is left out"
CUT_ENDS = {
    "a.y4m": (Clip(codec="wrapped_avframe", options={}), MIDDLE),
    "a.avi": (Clip(codec="mjpeg", pix_fmt="yuvj420p", options={}), MIDDLE),
    "a.flv": (Clip(codec="flv", options={}), MIDDLE),
    "a.ivf": (Clip(codec="libvpx", options={"deadline": "realtime"}), MIDDLE),
    "a.apng": (
        Clip(codec="apng", pix_fmt="rgb24", options={}),
        "the file is cut off: its end mark is missing",
    ),
    "a.ogv": (
        Clip(codec="libvpx", options={"deadline": "realtime"}),
        "the file is cut off: it ends in the middle of a page",
    ),
    "fragments.mp4": (Clip(container={"movflags": "frag_every_frame"}), MIDDLE),
    "front.mov": (
        Clip(container={"movflags": "faststart"}, options={"bf": "0"}),
        "the file is cut off: ",
    ),
    "a.mkv": (Clip(), "the file is cut off: its last "),
    "a.gif": (
        Clip(codec="gif", pix_fmt="rgb8", options={}, time_base=Fraction(1, 100)),
        "",
    ),
    "a.264": (Clip(), ""),
    "a.nut": (Clip(), ""),
}


@pytest.mark.parametrize("name", CUT_ENDS)
def test_a_file_that_ends_in_a_picture_is_counted(tmp_path: Path, name: str) -> None:
    clip, words = CUT_ENDS[name]
    whole = _written(tmp_path / name, clip)
    frames, reader = _read(whole)
    assert (reader.damaged_packets, reader.damaged_frames) == (0, 0)
    data = whole.read_bytes()
    cut = tmp_path / f"cut-{name}"
    cut.write_bytes(data[: len(data) * 3 // 5 + 1])
    some, reader = _read(cut)
    assert 0 < len(some) < len(frames)
    assert reader.damaged_packets + reader.damaged_frames > 0
    assert any(said.startswith(words) for said in reader.notices) or not words


def _written(path: Path, clip: Clip) -> Path:
    if path.suffix != ".y4m":
        return write_clip(path, clip)
    samples = np.arange(clip.width * clip.height * 3 // 2) % 251
    row = b"FRAME\n" + samples.astype(np.uint8).tobytes()
    head = f"YUV4MPEG2 W{clip.width} H{clip.height} F25:1 C420mpeg2\n".encode()
    path.write_bytes(head + row * len(clip.pts))
    return path


def test_dv_that_ends_in_a_frame_is_counted(tmp_path: Path) -> None:
    clip = Clip(width=720, height=576, codec="dvvideo", options={}, pts=range(4))
    path = write_clip(tmp_path / "a.dv", clip)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 1000)
    _, reader = _read(path)
    assert reader.damaged_packets
    assert "the file ends in the middle of a frame" in reader.notices


def test_a_transport_stream_that_ends_in_a_packet_is_told_by_a_pipe(
    tmp_path: Path,
) -> None:
    path = write_clip(tmp_path / "a.ts")
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 100)
    with path.open("rb") as stream, PipeReader(stream) as reader:
        list(reader)
        assert (
            "the file is cut off: it ends in the middle of a packet" in reader.notices
        )
        assert reader.damaged_packets
