"""What a video file says of itself, as lines for a person or values for a program."""

from pathlib import Path
from typing import TypedDict

from videnhance.frame import VideoInfo
from videnhance.video.reader import VideoReader

__all__ = ["ProbeReport", "as_json", "describe", "probed"]

_RANGES = {0: "not tagged", 1: "limited", 2: "full"}


class ProbeReport(TypedDict):
    """The same values as `describe` gives, ready for JSON."""

    width: int
    height: int
    pixel_format: str
    delivered_format: str
    bits: int
    codec: str
    rate: str
    time_base: str
    frames: int | None
    duration_seconds: float | None
    start_seconds: float
    colour: dict[str, int]
    sample_aspect_ratio: str | None
    rotation_degrees: int
    streams: list[str]
    metadata: dict[str, str]


def probed(path: Path) -> VideoInfo:
    """What is known of a file after its first frame. Raises InputError."""
    with VideoReader(path) as reader:
        return reader.info


def describe(info: VideoInfo) -> list[str]:
    """What is known of the video, a line each."""
    tags = info.tags
    lines = [
        f"size         {info.size}",
        f"codec        {info.codec}, {info.source_format}, {info.layout.depth} bits",
        f"rate         {_rate(info)}",
        f"frames       {info.frames if info.frames else 'not known'}",
        f"duration     {_seconds(info.duration_seconds)}",
        f"colour       range {_RANGES.get(tags.range, tags.range)}, "
        f"matrix {tags.matrix}, primaries {tags.primaries}, transfer {tags.transfer}",
    ]
    if info.sample_aspect_ratio not in (None, 1):
        lines.append(f"pixel shape  {info.sample_aspect_ratio}")
    if info.rotation_degrees:
        lines.append(f"turned by    {info.rotation_degrees} degrees clockwise")
    lines += [f"stream       {words}" for words in info.streams]
    return lines


def _rate(info: VideoInfo) -> str:
    return f"{float(info.rate):.6g} frames a second" if info.rate else "not known"


def _seconds(seconds: float | None) -> str:
    return "not known" if seconds is None else f"{seconds:.3f} s"


def as_json(info: VideoInfo) -> ProbeReport:
    """What is known of the video, in types that JSON has; fractions as text."""
    tags, aspect = info.tags, info.sample_aspect_ratio
    return ProbeReport(
        width=info.size.width,
        height=info.size.height,
        pixel_format=info.source_format,
        delivered_format=info.layout.name,
        bits=info.layout.depth,
        codec=info.codec,
        rate=str(info.rate),
        time_base=str(info.time_base),
        frames=info.frames,
        duration_seconds=info.duration_seconds,
        start_seconds=float(info.start_seconds),
        colour={
            "range": tags.range,
            "matrix": tags.matrix,
            "primaries": tags.primaries,
            "transfer": tags.transfer,
        },
        sample_aspect_ratio=None if aspect is None else str(aspect),
        rotation_degrees=info.rotation_degrees,
        streams=list(info.streams),
        metadata=dict(info.metadata),
    )
