"""What a video file says of itself, as lines for a person or values for a program."""

from os import PathLike
from pathlib import Path
from typing import TypedDict

from videnhance.errors import counted, printable
from videnhance.frame import ColourTags, Light, VideoInfo
from videnhance.media.encoder.user_data import FRAME_PACKING, kinds_of
from videnhance.media.open_any import is_video_file, opened
from videnhance.media.sandbox.isolated import probed_safely
from videnhance.media.source import Reading
from videnhance.media.times.timeline import timeline_of

__all__ = ["LightReport", "ProbeReport", "as_json", "describe", "probe"]

_RANGES = {0: "not tagged", 1: "limited", 2: "full"}
_HDR_TRANSFERS = {16: "PQ", 18: "HLG"}
_PRIMARIES = {
    1: "BT.709",
    2: "unspecified",
    4: "BT.470 M",
    5: "BT.470 BG",
    6: "SMPTE 170M",
    7: "SMPTE 240M",
    8: "film",
    9: "BT.2020",
    10: "SMPTE 428",
    11: "DCI-P3",
    12: "Display P3",
    22: "EBU 3213",
}
_MATRICES = {
    0: "RGB",
    1: "BT.709",
    2: "unspecified",
    4: "FCC",
    5: "BT.470 BG",
    6: "SMPTE 170M",
    7: "SMPTE 240M",
    8: "YCgCo",
    9: "BT.2020",
    10: "BT.2020, constant luminance",
    11: "SMPTE 2085",
    12: "by the primaries",
    13: "by the primaries, constant luminance",
    14: "ICtCp",
    15: "IPT-C2",
    16: "YCgCo-Re",
    17: "YCgCo-Ro",
}
_TRANSFERS = {
    1: "BT.709",
    2: "unspecified",
    4: "gamma 2.2",
    5: "gamma 2.8",
    6: "SMPTE 170M",
    7: "SMPTE 240M",
    8: "linear",
    9: "logarithmic, 100:1",
    10: "logarithmic, 316:1",
    11: "IEC 61966-2-4",
    12: "BT.1361",
    13: "sRGB",
    14: "BT.2020, 10 bits",
    15: "BT.2020, 12 bits",
    16: "PQ",
    17: "SMPTE 428",
    18: "HLG",
}
"""By the numbers of ITU-T H.273; others are reserved."""


class LightReport(TypedDict):
    """HDR's static metadata; luminances in cd/m2, None = not said."""

    min_luminance: float | None
    max_luminance: float | None
    max_cll: int | None
    max_fall: int | None


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
    mirrored: bool
    interlaced: bool
    alpha: bool
    hdr: str | None
    light: LightReport | None
    carries: list[str]
    streams: list[str]
    chapters: list[str]
    metadata: dict[str, str]


def probe(source: str | PathLike[str], video_track: int | None = None) -> VideoInfo:
    """What is known of a file, or this track of it, after its first frame.

    Raises InputError, and UsageError if there is no such track.
    """
    path = Path(source)
    reading = Reading(video_track=video_track)
    if is_video_file(path):
        # Whatever it does to FFmpeg, it does there first.
        info = probed_safely(path, reading)
        timeline = timeline_of(path)
        if not timeline.adds:
            return info
        return probed_safely(path, reading, timeline=timeline)
    with opened(path, reading=reading) as reader:
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
        f"colour       {', '.join(_colour_words(tags))}",
    ]
    if hdr := _hdr_words(info):
        lines.append(f"HDR          {hdr}")
    if info.layout.alpha:
        lines.append("opacity      a plane of its own")
    if info.interlaced:
        lines.append("interlaced   pictures are made of two fields")
    if info.sample_aspect_ratio not in (None, 1):
        lines.append(f"pixel shape  {info.sample_aspect_ratio}")
    if info.rotation_degrees:
        lines.append(
            f"turned by    {counted(info.rotation_degrees, 'degree')} clockwise"
        )
    if info.mirrored:
        lines.append("mirrored     left and right are swapped, after the turn")
    lines += [f"carries      {words}" for words in _carried_words(info)]
    lines += [f"stream       {words}" for words in info.streams]
    lines += [f"chapter      {words}" for words in info.chapters]
    tagged = info.metadata.items()
    lines += [f"tag          {printable(k)}: {printable(v)}" for k, v in tagged]
    return lines


def _colour_words(tags: ColourTags) -> list[str]:
    return [
        f"range {_RANGES.get(tags.range, tags.range)}",
        f"matrix {_MATRICES.get(tags.matrix, f'{tags.matrix} (reserved)')}",
        f"primaries {_PRIMARIES.get(tags.primaries, f'{tags.primaries} (reserved)')}",
        f"transfer {_TRANSFERS.get(tags.transfer, f'{tags.transfer} (reserved)')}",
    ]


def _carried_words(info: VideoInfo) -> list[str]:
    """What comes with the pictures, and how they are to be seen."""
    words = [w for w in dict.fromkeys(kinds_of(info.user_data)) if w != FRAME_PACKING]
    if info.sphere:
        words.append(f"a sphere around the viewer: {info.sphere.projection.value}")
    if info.stereo:
        first = ", the right eye first" if info.stereo.swapped else ""
        words.append(f"views of two eyes (3D): {info.stereo.packing.value}{first}")
    return words


def _hdr_words(info: VideoInfo) -> str | None:
    """The kind of HDR and what is said of its light; None for an ordinary video."""
    light = info.light
    transfer = _HDR_TRANSFERS.get(info.tags.transfer)
    if transfer is None and light is None:
        return None
    primaries = info.tags.primaries
    facts = [transfer or f"transfer {info.tags.transfer}"]
    facts.append(_PRIMARIES.get(primaries, f"primaries {primaries}"))
    facts += _light_words(light) if light else []
    kind = "HDR10" if transfer == "PQ" and light else transfer or "tagged as HDR"
    return f"{kind} ({', '.join(facts)})"


def _light_words(light: Light) -> list[str]:
    words, display = [], light.mastering
    if display and display.max_luminance is not None:
        ends = [display.min_luminance, display.max_luminance]
        span = " to ".join(f"{float(end):.6g}" for end in ends if end is not None)
        words.append(f"mastering {span} cd/m2")
    if light.max_cll is not None:
        words.append(f"MaxCLL {light.max_cll}")
    if light.max_fall is not None:
        words.append(f"MaxFALL {light.max_fall}")
    return words


def _light(light: Light | None) -> LightReport | None:
    if light is None:
        return None
    display = light.mastering
    least = display.min_luminance if display else None
    most = display.max_luminance if display else None
    return LightReport(
        min_luminance=None if least is None else float(least),
        max_luminance=None if most is None else float(most),
        max_cll=light.max_cll,
        max_fall=light.max_fall,
    )


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
        mirrored=info.mirrored,
        interlaced=info.interlaced,
        alpha=info.layout.alpha,
        hdr=_hdr_words(info),
        light=_light(info.light),
        carries=_carried_words(info),
        streams=list(info.streams),
        chapters=list(info.chapters),
        metadata=dict(info.metadata),
    )
