"""A stream added to an output as a copy of one, with what its template leaves out."""

from typing import cast

from av.audio.codeccontext import AudioCodecContext
from av.container import OutputContainer
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from videnhance.media.containers import container_named
from videnhance.media.stream_choice import layout_of, rate_of
from videnhance.media.streams.sound_form import LAYOUTS

__all__ = ["copied_stream"]


def copied_stream(out: OutputContainer, stream: Stream) -> Stream:
    """Adds a stream like this one to `out`. Raises what FFmpeg raises."""
    added = out.add_stream_from_template(stream, opaque=True)
    if isinstance(stream, VideoStream):
        _tell_video(stream, added, out.format.name)
    elif stream.type == "audio":
        _tell_channels(cast(AudioCodecContext, added.codec_context))
    return added


def _tell_video(stream: VideoStream, added: Stream, container: str) -> None:
    copy = cast(VideoCodecContext, added.codec_context)
    # Apple's players know HEVC only as hvc1, which FFmpeg writes only if told.
    tag = stream.codec_context.codec_tag
    if tag == "hvc1" and container_named(container).boxes:
        copy.codec_tag = tag
    # Without it the muxer takes ticks for frames, and fails over a timecode.
    if rate := rate_of(stream):
        copy.framerate = rate


def _tell_channels(copy: AudioCodecContext) -> None:
    """PCM in Matroska or avi has a number of channels alone, which mp4 refuses."""
    layout = layout_of(copy)
    count = layout.nb_channels
    if layout.name == f"{count} channels" and count in LAYOUTS:
        copy.layout = LAYOUTS[count]
