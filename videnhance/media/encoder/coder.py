"""Frames in, encoded packets out, with the times that the output will have."""

from fractions import Fraction

from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from videnhance.errors import OutputError
from videnhance.frame import Frame, UserData, VideoInfo
from videnhance.geometry import Size
from videnhance.media.encoder.converter import Converter
from videnhance.media.encoder.user_data import LASTING, with_user_data
from videnhance.media.encoder.video_encoder import Stored, as_picture
from videnhance.media.source import AnyPacket

__all__ = ["VideoCoder", "ticks_of"]


def ticks_of(
    frame: Frame, time_base: Fraction, zero: Fraction, last_pts: int | None
) -> int:
    """The frame's time in an encoder's ticks; strictly after the one before.

    `zero` is the time of the source, in seconds, that becomes 0.
    """
    if zero or frame.time_base != time_base:
        pts = round((frame.pts * frame.time_base - zero) / time_base)
    else:
        pts = frame.pts
    return pts if last_pts is None else max(pts, last_pts + 1)


class VideoCoder:
    """An open encoder. `stream` is one of `added_stream`, which keeps it open."""

    def __init__(
        self,
        stream: VideoStream,
        info: VideoInfo,
        size: Size,
        stored: Stored,
        zero: Fraction,
    ) -> None:
        self.frames = 0
        self.first_pts: int | None = None
        self.last_pts: int | None = None
        """The time of the last frame in ticks; set before the first one, it is kept."""
        self.end_pts = 0
        """When the last frame ends."""
        self.time_base = Fraction(stream.codec_context.time_base)
        self._stream, self._info, self._size, self._stored = stream, info, size, stored
        self._zero = zero
        self._converter = Converter()
        self._codec = stream.codec_context.codec.canonical_name
        self._lasting = [d for d in info.user_data if d.payload_type in LASTING]
        self._user_data: dict[int, tuple[UserData, ...]] = {}
        """Of frames in the encoder, by their time: packets come in another order."""

    def packets(self, frame: Frame) -> list[AnyPacket]:
        """The packets that this frame completes.

        Raises OutputError for a frame of another size, and what FFmpeg raises.
        """
        if frame.size != self._size:
            raise OutputError(
                f"frame {frame.index} is {frame.size}, but the output was begun with "
                f"{self._size}: report this",
                cause_stays=True,
            )
        picture = as_picture(frame, self._stored, self._converter)
        picture.time_base = self.time_base
        pts = ticks_of(frame, self.time_base, self._zero, self.last_pts)
        picture.pts = pts
        picture.duration = self._duration(frame, pts)
        self.first_pts = pts if self.first_pts is None else self.first_pts
        self.last_pts, self.end_pts = pts, pts + picture.duration
        self.frames += 1
        own = {one.payload_type for one in frame.user_data}
        lasting = (one for one in self._lasting if one.payload_type not in own)
        if data := (*frame.user_data, *lasting):
            self._user_data[pts] = data
        return self._made(picture)

    def rest(self) -> list[AnyPacket]:
        """The packets still inside; the encoder takes no more frames after this."""
        return self._made(None)

    def _made(self, picture: VideoFrame | None) -> list[AnyPacket]:
        packets: list[AnyPacket] = self._stream.encode(picture)
        if not self._user_data:
            return packets
        data = self._user_data
        return [
            with_user_data(packet, self._codec, data.pop(packet.pts or 0, ()))
            for packet in packets
        ]

    def _duration(self, frame: Frame, pts: int) -> int:
        """The source's, else the distance to the frame before, else of the rate."""
        if frame.duration:
            return max(round(frame.duration * frame.time_base / self.time_base), 1)
        if self.last_pts is not None:
            return pts - self.last_pts
        return max(round(1 / ((self._info.rate or 25) * self.time_base)), 1)
