"""Small real files of many containers and codecs: what fuzzing starts from."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
from av.video.stream import VideoStream

from tests.clips import Clip, Sound, pattern, write_clip

__all__ = ["SEEDS", "write_seeds"]

_TONE = (Sound(seconds=0.2),)
_MP2 = (Sound("mp2", seconds=0.2),)
_SMALL = Clip(width=50, height=38, pts=tuple(range(0, 6 * 512, 512)))


_OPTIONS = {
    "libsvtav1": {"preset": "11", "svtav1-params": "lp=1"},
    "libx265": {"x265-params": "log-level=none"},
}


@dataclass(frozen=True)
class _Raw:
    """A file that its own muxer and one encoder make, without a clock of its own."""

    codec: str
    pix_fmt: str
    muxer: str
    frames: int = 5
    size: tuple[int, int] = (50, 38)
    rate: int = 25


def _with(codec: str, **changes: object) -> Clip:
    values: dict[str, object] = {"codec": codec, "options": {}} | changes
    return replace(_SMALL, **values)  # type: ignore[arg-type]  # a clip's own fields


def _write_raw(path: Path, raw: _Raw) -> None:
    clip = Clip(width=raw.size[0], height=raw.size[1], pix_fmt=raw.pix_fmt)
    with av.open(str(path), "w", format=raw.muxer) as out:
        stream = out.add_stream(raw.codec, rate=raw.rate)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = raw.size
        stream.pix_fmt = raw.pix_fmt
        stream.codec_context.thread_count = 1
        stream.options = dict(_OPTIONS.get(raw.codec, {}))
        for index in range(raw.frames):
            frame = pattern(clip, index)
            frame.pts, frame.time_base = index, Fraction(1, raw.rate)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def _write_cut(path: Path, source: Path, seconds: float) -> None:
    """The first packets of a real video, copied."""
    with av.open(str(source)) as opened, av.open(str(path), "w") as out:
        taken = [s for s in opened.streams if s.type in ("video", "audio")]
        copies = {s.index: out.add_stream_from_template(s) for s in taken}
        for packet in opened.demux(taken):
            if packet.dts is None or packet.dts * packet.time_base > seconds:
                continue
            packet.stream = copies[packet.stream.index]
            out.mux(packet)


Writer = Callable[[Path], object]
_SAMPLES = Path(__file__).parent.parent / "samples"


def _clip(clip: Clip) -> Writer:
    return partial(write_clip, clip=clip)


def _raw(codec: str, pix_fmt: str, muxer: str, **more: object) -> Writer:
    raw = _Raw(codec, pix_fmt, muxer, **more)  # type: ignore[arg-type]  # its fields
    return partial(_write_raw, raw=raw)


SEEDS: dict[str, Writer] = {
    "plain.mp4": _clip(replace(_SMALL, sounds=_TONE)),
    "start.mp4": _clip(replace(_SMALL, container={"movflags": "faststart"})),
    "pieces.mp4": _clip(
        replace(
            _SMALL, sounds=_TONE, container={"movflags": "frag_keyframe+empty_moov"}
        )
    ),
    "hevc.mp4": _clip(_with("libx265", options={"x265-params": "log-level=none"})),
    "deep.mp4": _clip(
        _with(
            "libx265",
            pix_fmt="yuv420p10le",
            options={"x265-params": "log-level=none"},
        )
    ),
    "prores.mov": _clip(_with("prores_ks", pix_fmt="yuv422p10le")),
    "plain.mkv": _clip(replace(_SMALL, sounds=_TONE)),
    "lossless.mkv": _clip(_with("ffv1", pix_fmt="yuv444p")),
    "vp9.webm": _clip(
        _with("libvpx-vp9", options={"cpu-used": "8"}, sounds=(Sound("libopus"),))
    ),
    "vp8.webm": _clip(_with("libvpx", options={"cpu-used": "8"})),
    "plain.ts": _clip(replace(_SMALL, sounds=_MP2)),
    "two.ts": _raw("mpeg2video", "yuv420p", "mpegts"),
    "plain.avi": _clip(_with("mpeg4", sounds=_MP2)),
    "jpeg.avi": _clip(_with("mjpeg", pix_fmt="yuvj420p")),
    "plain.flv": _clip(replace(_SMALL, sounds=_TONE)),
    "old.flv": _clip(_with("flv")),
    "plain.mpg": _raw("mpeg2video", "yuv420p", "mpeg"),
    "windows.asf": _clip(_with("wmv2")),
    "plain.nut": _clip(_with("mpeg4")),
    "plain.mxf": _raw("mpeg2video", "yuv420p", "mxf"),
    "plain.ogg": _raw("libvpx", "yuv420p", "ogg"),
    "plain.gif": _raw("gif", "rgb8", "gif"),
    "plain.apng": _raw("apng", "rgba", "apng"),
    "deep.png": _raw("png", "rgb48be", "image2pipe", frames=1),
    "plain.png": _raw("png", "rgba", "image2pipe", frames=1),
    "plain.jpg": _raw("mjpeg", "yuvj420p", "image2pipe", frames=1),
    "plain.webp": _raw("libwebp", "yuv420p", "webp", frames=1),
    "moving.webp": _raw("libwebp_anim", "yuva420p", "webp"),
    "plain.avif": _raw("libsvtav1", "yuv420p", "avif", frames=1, size=(80, 72)),
    "av1.mp4": _raw("libsvtav1", "yuv420p", "mp4", size=(80, 72)),
    "plain.ivf": _raw("libvpx", "yuv420p", "ivf"),
    "plain.y4m": _raw("wrapped_avframe", "yuv420p", "yuv4mpegpipe", frames=3),
    "raw.h264": _raw("libx264", "yuv420p", "h264"),
    "raw.hevc": _raw("libx265", "yuv420p", "hevc"),
    "raw.m2v": _raw("mpeg2video", "yuv420p", "mpeg2video"),
    "sample.mkv": partial(_write_cut, source=_SAMPLES / "old_film.mp4", seconds=0.1),
}
"""What writes each seed, by its name."""


def write_seeds(folder: Path) -> list[Path]:
    """Writes every seed that this build of FFmpeg can make; gives them by name."""
    # SVT-AV1 writes to the standard error by itself.
    os.environ.setdefault("SVT_LOG", "1")
    made = []
    for name, write in sorted(SEEDS.items()):
        path = folder / name
        try:
            write(path)
        except (av.FFmpegError, ValueError):  # an encoder that is not built in
            path.unlink(missing_ok=True)
            continue
        made.append(path)
    return made
