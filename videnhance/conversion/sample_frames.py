"""Samples frames of a source before the work begins, to calibrate a model."""

from itertools import islice
from pathlib import Path

from videnhance.errors import InputError, UsageError
from videnhance.frame import Pixels, VideoInfo
from videnhance.media.open_any import is_video_file
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import Reading, Span
from videnhance.models.imported import calibration_chart
from videnhance.pipeline.colour import model_input

__all__ = ["sample_frames"]

_PLACES = 8


def sample_frames(
    source: Path, info: VideoInfo, *, channels: int, reading: Reading | None = None
) -> list[Pixels]:
    """One picture at each of eight places, H x W x C, as luma or RGB.

    Of what is no video file, or cannot be looked into, a test chart.
    """
    if not is_video_file(source):
        return calibration_chart(channels)
    seconds = info.duration_seconds or 0.0
    found: list[Pixels] = []
    for number in range(_PLACES if seconds else 1):
        try:
            with VideoReader(
                source, Span(seconds * number / _PLACES), reading
            ) as reader:
                found += [model_input(channels, frame) for frame in islice(reader, 1)]
        except (InputError, UsageError):
            # A damaged place, or one behind the last frame; the conversion tells of it.
            continue
    return found or calibration_chart(channels)
