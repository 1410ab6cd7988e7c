"""The same file by name and by pipe: what is known of it, and every frame."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.clips import Clip, write_clip
from tests.faithful_boxes import with_aperture, with_mirror
from tests.faithful_reader import run_tool
from tests.faithful_units import captioned
from videnhance.frame import Frame, VideoInfo
from videnhance.media.pipes.reader import PipeReader
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Deinterlace, Reading, Span

pytestmark = [pytest.mark.ffprobe, pytest.mark.timeout(120)]
FILM = "-f lavfi -i testsrc2=s=96x64:r=25:d=0.8"
LACED = "-f lavfi -i testsrc2=s=192x128:r=50:d=2 -vf tinterlace=interleave_top"
TWO = "-f lavfi -i testsrc2=s=64x48:r=25:d=2 -map 0:v -map 1:v"
SOUND = "-f lavfi -i sine=d=0.8 -map 0:v -map 1:a"
H264 = "-c:v libx264 -preset ultrafast"
HDR = (
    "-c:v libx265 -pix_fmt yuv420p10le -color_trc smpte2084 -color_primaries bt2020 "
    "-colorspace bt2020nc -x265-params log-level=none:repeat-headers=1:hdr10=1:"
    "max-cll=1000,400:master-display="
    "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
)
FRONT, PIECES = "-movflags faststart", "-movflags frag_keyframe+empty_moov"
MPEG2 = "-c:v mpeg2video -flags +ilme+ildct"
COUNTED = {".mp4", ".mov"}
"""Their index says how many frames there are; else it takes a look at all packets."""


def _front(path: Path) -> None:
    """Moves the index to the front, and keeps what the container says."""
    _copied(path, path.with_name("front.mp4"), movflags="faststart").replace(path)


def _copied(path: Path, target: Path, **options: str) -> Path:
    with (
        av.open(str(path)) as source,
        av.open(str(target), "w", container_options=options) as out,
    ):
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    return target


def _cropped(path: Path) -> None:
    with_aperture(path)
    _front(path)


def _turned(path: Path) -> None:
    write_clip(path, Clip(turn=90, container={"movflags": "faststart"}))


def _captioned(path: Path) -> None:
    captioned(path)
    _front(path)


@dataclass(frozen=True)
class Row:
    """A file, and what its info must say, so that the row tests what it names."""

    name: str
    words: str
    says: Callable[[VideoInfo], Any] = lambda info: info.size
    spoil: Callable[[Path], None] = lambda path: None
    reading: Reading = field(default_factory=Reading)
    span: Span = field(default_factory=Span)


ROWS = {
    **{
        f"HDR10 light {name}": Row(name, f"{FILM} {HDR} {more}", lambda i: i.light)
        for name, more in (
            *(("a.mkv", ""), ("a.ts", ""), ("a.nut", "")),
            *(("front.mp4", FRONT), ("pieces.mp4", PIECES)),
        )
    },
    **{
        f"fields {name}": Row(name, f"{LACED} {more}", lambda i: i.interlaced)
        for name, more in (
            *(("a.mkv", MPEG2), ("a.ts", MPEG2), ("a.nut", MPEG2), ("a.y4m", "")),
            *(("a.mov", f"-c:v prores_ks -flags +ildct {FRONT}"), ("a.vob", MPEG2)),
            ("h264.ts", "-c:v libx264 -flags +ilme+ildct"),
        )
    },
    "fields without a mark": Row("a.mkv", f"{LACED},setfield=prog {H264}"),
    "fields, kept": Row("a.mkv", f"{LACED} {MPEG2}", reading=Reading(Deinterlace.OFF)),
    "fields, all": Row("a.mkv", f"{FILM} {H264}", reading=Reading(Deinterlace.ON)),
    "a mirror": Row(
        "a.mp4", f"{FILM} {H264} {FRONT}", lambda i: i.mirrored, with_mirror
    ),
    "a turn": Row(
        "a.mp4",
        f"{FILM} {H264}",
        lambda i: i.rotation_degrees,
        _turned,
    ),
    "a crop": Row("a.mp4", f"{FILM} {H264}", lambda i: i.size.width == 40, _cropped),
    "captions": Row("a.mp4", f"{FILM} {H264} -bf 0", lambda i: i.user_data, _captioned),
    "wide pixels": Row(
        "a.mkv",
        f"{FILM},setsar=16/11 {H264}",
        lambda i: i.sample_aspect_ratio,
    ),
    "wide pixels y4m": Row(
        "a.y4m", f"{FILM},setsar=16/11", lambda i: i.sample_aspect_ratio
    ),
    "opacity": Row(
        "a.webm",
        f"{FILM} -vf format=yuva420p,geq=lum=lum(X\\,Y):a=2*X -c:v libvpx-vp9 "
        "-auto-alt-ref 0 -b:v 1M -deadline realtime -cpu-used 8",
        lambda i: i.layout.alpha,
    ),
    "two films": Row("a.mkv", f"{FILM} {TWO} {H264} -t 0.8"),
    "the other film": Row(
        "a.mkv", f"{FILM} {TWO} {H264} -t 0.8", reading=Reading(video_track=1)
    ),
    "tags and sound": Row(
        "a.mkv",
        f"{FILM} {SOUND} {H264} -c:a aac -metadata title=Film -colorspace bt709",
        lambda i: i.metadata["title"],
    ),
    "sound before the picture": Row(
        "a.ts",
        f"-itsoffset 0.3 {FILM} {SOUND} {H264} -c:a mp2",
        lambda i: i.start_seconds,
    ),
    "a late clock": Row("a.ts", f"{FILM} {SOUND} {H264} -c:a mp2 -output_ts_offset 99"),
    "B-frames": Row("a.ts", f"{FILM} -c:v libx264 -bf 3"),
    "no whole picture": Row(
        "a.ts", f"{FILM} -c:v libx264 -x264-params intra-refresh=1"
    ),
    "a part": Row("a.mkv", f"{FILM} {H264}", span=Span(0.2, 0.6)),
    "some frames": Row("a.mkv", f"{FILM} {H264}", span=Span(0.2, None, 4)),
    "a variable rate": Row(
        "a.mkv", f"{FILM} -vf select=mod(n\\,3) -fps_mode vfr {H264}"
    ),
    "palette": Row("a.gif", FILM),
    "a late clock, nut": Row("a.nut", f"{FILM} {H264} -output_ts_offset 99"),
    "a clock below zero": Row("a.nut", f"{FILM} -c:v mpeg4 -output_ts_offset -3"),
    "RGB": Row("a.mkv", f"{FILM} -c:v ffv1 -pix_fmt gbrp10le"),
    "full range": Row("a.avi", f"{FILM} -c:v mjpeg -q:v 2"),
    "old flash": Row("a.flv", f"{FILM} {SOUND} -c:v flv -c:a pcm_s16le -ar 44100"),
}


@pytest.mark.parametrize("what", ROWS)
def test_a_pipe_is_read_as_a_file(what: str, tmp_path: Path) -> None:
    row = ROWS[what]
    path = tmp_path / row.name
    run_tool(
        *("ffmpeg", "-nostdin", "-v", "error", "-y"),
        *shlex.split(row.words.replace("\\,", "\\\\,")),
        *("-strict", "-1", "-bitexact", row.name),
        folder=tmp_path,
    )
    row.spoil(path)
    with VideoReader(path, row.span, row.reading) as file:
        wanted = list(file)
    with (
        path.open("rb") as stream,
        PipeReader(stream, None, row.span, row.reading) as pipe,
    ):
        found = list(pipe)
    assert row.says(file.info)
    counted = path.suffix in COUNTED and "pieces" not in path.name
    unknown = set() if counted else {"frames", "duration_seconds"}
    for each in fields(VideoInfo):
        if each.name not in unknown:
            told = getattr(file.info, each.name), getattr(pipe.info, each.name)
            assert told[0] == told[1], each.name
    assert [_facts(frame) for frame in found] == [_facts(frame) for frame in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert all(map(np.array_equal, one.planes, other.planes))
    own = [words for words in pipe.notices if not words.startswith("only the video of")]
    assert own == file.notices
    assert pipe.damaged_packets == file.damaged_packets


def _facts(frame: Frame) -> tuple[Any, ...]:
    held = ("index", "pts", "time_base", "duration", "layout", "tags", "user_data")
    return tuple(getattr(frame, name) for name in held)
