"""A short stack of grey frames through a real video coder and back, in memory."""

import io
from collections.abc import Mapping, Sequence

import av
import numpy as np
import numpy.typing as npt

__all__ = ["recoded"]


def recoded(
    frames: Sequence[npt.NDArray[np.uint8]], codec: str, options: Mapping[str, str]
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
