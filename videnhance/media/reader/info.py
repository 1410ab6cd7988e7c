"""What is known of a video once its first picture is there, and what must be said."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import av
from av.video.frame import VideoFrame

from videnhance.frame import VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.layout import delivered_layout, delivery_notice
from videnhance.media.planes import reserved_notice, tags_of
from videnhance.media.reader.decoder import MOST_OF_FIELDS, Decoder, time_base_of
from videnhance.media.reader.geometry import (
    Crop,
    rotation_of,
    usable_aspect,
    usable_crop,
)
from videnhance.media.reader.headers import Declared, chapter_words, declared_services
from videnhance.media.reader.side_data import (
    has_moving_light,
    light_of,
    pieces_of,
    sphere_of,
    stereo_of,
    user_data_of,
)
from videnhance.media.source import Span
from videnhance.media.stream_choice import rate_of

__all__ = ["described", "first_notices", "shortened", "shown_part"]

_CENTRED = ("flv1", "h261", "h263", "mjpeg", "mpeg1video", "theora", "webp")
"""Codecs whose chroma lies between luma samples unless they say otherwise."""
_FIELD_ORDERS = (2, 3, 4, 5)
"""FFmpeg's numbers: which field is coded and shown first; 1 is progressive."""


def described(
    decoder: Decoder, first: VideoFrame, told: Declared, streams: tuple[str, ...]
) -> VideoInfo:
    """What is known of the whole video; `streams` are the file's in words."""
    stream, container = decoder.stream, decoder.container
    rate = _rate(decoder, first)
    seconds = _duration(decoder)
    frames = _frames(decoder, first, seconds=seconds, rate=rate)
    rotation = rotation_of(first, told.rotation)
    size = Size(first.width, first.height)
    crop = shown_part(first, told)
    pieces = pieces_of(first, decoder.codec)
    return VideoInfo(
        size=size if crop is None else crop.size_within(size),
        layout=replace(
            delivered_layout(first.format.name), centred=decoder.codec in _CENTRED
        ),
        source_format=first.format.name,
        codec=decoder.codec,
        rate=rate,
        time_base=time_base_of(stream),
        frames=frames or None,
        duration_seconds=seconds,
        tags=tags_of(first),
        sample_aspect_ratio=usable_aspect(stream),
        rotation_degrees=rotation.degrees,
        streams=streams,
        chapters=chapter_words(container),
        metadata={**declared_services(container), **container.metadata},
        start_seconds=decoder.origin_seconds,
        light=light_of(first),
        mirrored=rotation.mirrored,
        user_data=user_data_of(first, decoder.codec),
        sphere=sphere_of(pieces),
        stereo=stereo_of(pieces),
        interlaced=first.interlaced_frame or decoder.field_order in _FIELD_ORDERS,
    )


def shown_part(first: VideoFrame, told: Declared) -> Crop | None:
    """What to cut off every picture; None if nothing."""
    if told.crop is None:
        return None
    size = Size(first.width, first.height)
    return usable_crop(told.crop, size, layout=delivered_layout(first.format.name))


def first_notices(first: VideoFrame, told: Declared) -> Iterator[str]:
    """What must be said of the video before its first frame is delivered."""
    lost = delivery_notice(first.format.name)
    if lost:
        yield lost
    if reserved := reserved_notice(first):
        yield reserved
    if not rotation_of(first, told.rotation).exact:
        yield f"a turn by {-(told.rotation or 0):g} degrees is rounded to whole degrees"
    if has_moving_light(first):
        yield (
            "HDR metadata that changes by the scene (HDR10+, Dolby Vision) is left "
            "out: the static metadata is kept"
        )
    if told.dolby_notice:
        yield told.dolby_notice
    for name in told.unknown:
        yield f"the file says of its video: {name}; that is left out"
    if told.crop is not None:
        yield _crop_notice(first, told.crop, crop=shown_part(first, told))


def _crop_notice(first: VideoFrame, told: Crop, *, crop: Crop | None) -> str:
    size = Size(first.width, first.height)
    if crop is None:
        return f"the file's crop leaves nothing of {size}: pictures are read whole"
    words = f"the file shows a part of {size}: {crop.size_within(size)} are read"
    return words if crop == told else f"{words}, moved to whole chroma samples"


def shortened(info: VideoInfo, span: Span) -> VideoInfo:
    """What to expect of a part of the video."""
    if span.whole:
        return info
    seconds, frames = info.duration_seconds, info.frames
    if seconds is not None:
        end = seconds if span.end_seconds is None else min(span.end_seconds, seconds)
        part = max(end - span.start_seconds, 0.0)
        if frames is not None and seconds:
            frames = max(round(frames * part / seconds), 1)
        seconds = part
    if span.max_frames is not None:
        frames = min(frames or span.max_frames, span.max_frames)
        if info.rate:
            seconds = min(seconds or float("inf"), float(frames / info.rate))
    return replace(info, duration_seconds=seconds, frames=frames)


def _rate(decoder: Decoder, first: VideoFrame) -> Fraction:
    """Frames a second; 0 if it is not known."""
    stream = decoder.stream
    rates = [rate_of(stream), stream.guessed_rate]
    if not decoder.keeps_times:
        rates.reverse()  # the demuxer tells 25 of all bare rows of pictures
    told = [rate for rate in (*rates, stream.codec_context.framerate) if rate]
    if first.interlaced_frame:
        told.sort(key=lambda rate: rate > MOST_OF_FIELDS)  # which counts fields
    return told[0] if told else Fraction(0)


def _frames(
    decoder: Decoder, first: VideoFrame, *, seconds: float | None, rate: Fraction
) -> int:
    """How many there are, most likely; 0 if it is not known."""
    packets = decoder.shown_frames or decoder.times.shown
    likely = round(seconds * rate) if seconds and rate else 0
    fields = first.interlaced_frame and packets > MOST_OF_FIELDS * (seconds or packets)
    if not packets or fields:
        return min(likely, (packets + 1) // 2) if packets else likely
    return packets


def _duration(decoder: Decoder) -> float | None:
    stream, container, times = decoder.stream, decoder.container, decoder.times
    if times.end_seconds is not None:
        return float(times.end_seconds - decoder.origin_seconds)
    if stream.duration and stream.duration > 0:
        return float(stream.duration * time_base_of(stream))
    if container.duration and container.duration > 0:
        return container.duration / av.time_base
    return None
