"""Encodes a few frames in memory: to see whether an encoder works, or as damage."""

import io
from collections.abc import Mapping, Sequence
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt

from videnhance.errors import OutputError, counted
from videnhance.frame import Frame, VideoInfo
from videnhance.media.encoder.encoding import Encoding, is_hardware
from videnhance.media.encoder.storage import storage
from videnhance.media.encoder.video_encoder import VideoCoder, added_stream

__all__ = ["encoder_names", "ffmpeg_version", "recoded", "try_encoder"]

_SOFTWARE = ("libx264", "libx265", "libsvtav1", "libvpx-vp9", "ffv1", "prores_ks")
_HARDWARE = ("h264_", "hevc_", "av1_")
_CONTAINER = "matroska"


def ffmpeg_version() -> str:
    """Of the FFmpeg that PyAV brings."""
    return str(av.ffmpeg_version_info)


def encoder_names() -> list[str]:
    """The usual encoders, and those that need a device and are in this FFmpeg."""
    known = sorted(name for name in av.codecs_available if name.startswith(_HARDWARE))
    return [*_SOFTWARE, *filter(_is_hardware_encoder, known)]


def _is_hardware_encoder(name: str) -> bool:
    try:
        return is_hardware(name) and av.Codec(name, "w").is_encoder
    except ValueError:  # a decoder alone
        return False


def try_encoder(codec: str, info: VideoInfo, *, frames: Sequence[Frame]) -> None:
    """Encodes the frames as a conversion does.

    Raises UsageError or OutputError, which say why it does not work.
    """
    encoding, size = Encoding(codec), info.size
    with av.open(io.BytesIO(), "w", format=_CONTAINER) as out:
        stored = storage(info, encoding, [], _CONTAINER)
        stream = added_stream(
            out, info, size=size, encoding=encoding, stored=stored, notices=[]
        )
        coder = VideoCoder(stream, info, size, stored, Fraction(0))
        packets = [packet for frame in frames for packet in coder.packets(frame)]
        for packet in [*packets, *coder.flush()]:
            out.mux(packet)
    if coder.frames != len(frames):
        sent = counted(len(frames), "frame")
        raise OutputError(f"{codec} took {coder.frames} of {sent}")


def recoded(
    frames: Sequence[npt.NDArray[np.uint8]], codec: str, *, options: Mapping[str, str]
) -> list[npt.NDArray[np.uint8]]:
    """Codes H x W luma frames (even sizes, neutral chroma) and decodes them again."""
    buffer = io.BytesIO()
    height, width = frames[0].shape
    with av.open(buffer, "w", format="nut") as sink:
        stream = sink.add_stream(codec, rate=25, options=dict(options))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = 1
        for luma in frames:
            picture = np.full((height * 3 // 2, width), 128, np.uint8)
            picture[:height] = luma
            sink.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "yuv420p")))
        sink.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer, "r") as source:
        source.streams.video[0].codec_context.thread_count = 1
        decoded = [f.to_ndarray()[:height] for f in source.decode(video=0)]
    return [np.ascontiguousarray(luma) for luma in decoded]
