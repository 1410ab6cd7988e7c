"""Looks at files in a process of its own: what they are and become, and pictures.

They are made for many rows in turn, and hurry nobody.
"""

import io
from collections import deque
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from videnhance.conversion.job import job_of
from videnhance.conversion.open_source import opened_source
from videnhance.conversion.preflight import preflight
from videnhance.conversion.resolve import resolve
from videnhance.errors import InputError, UsageError, printable
from videnhance.frame import Frame, VideoInfo
from videnhance.media.display import Displayer
from videnhance.media.open_any import SinkKind, opened, sink_kind
from videnhance.media.probe import probe
from videnhance.media.source import Reading, Span
from videnhance.options import ConvertOptions
from videnhance.system.throttle import be_nice
from videnhance.web.app.answers import Answers, serve

__all__ = ["answer_kindly", "frame_at", "small_jpeg"]

_BACK_SECONDS = 2.0
"""Before the end of a film, where its last frame is looked for."""


def answer_kindly(connection: Connection) -> None:
    """What a process runs that looks at files while others have more need to work."""
    be_nice()
    answers: dict[str, Answers] = {"look": _look, "plan": _plan, "thumbnail": _small}
    serve(connection, answers)


def _look(source: str, track: int | None) -> dict[str, Any]:
    """What is known of a file."""
    path = Path(source)
    info, aspect = probe(path, track), None
    if info.sample_aspect_ratio is not None:
        aspect = float(info.sample_aspect_ratio)
    return {
        "width": info.size.width,
        "height": info.size.height,
        "frames": info.frames,
        "rate": float(info.rate),
        "seconds": info.duration_seconds,
        "bytes": path.stat().st_size,
        "codec": info.codec,
        "pixel_aspect": aspect,
        "turn": info.rotation_degrees,
    }


def _plan(source: str, target: str, options: ConvertOptions) -> dict[str, Any]:
    """What becomes of a file, in how long, and how large."""
    job = job_of(Path(source), Path(target), options=options)
    if sink_kind(job.target) is not SinkKind.VIDEO:
        with opened_source(job) as reader:
            work = resolve(job, reader.info)
        size, none = work.size, list[str]()
        plain = {"kept": none, "changed": [*work.job.notices], "lost": none}
        sizes = {"width": size.width, "height": size.height}
        return {**sizes, **plain, "seconds": None, "bytes": None, "notices": none}
    found = preflight(job)
    plan = found.as_json()
    fates: dict[str, list[str]] = {"kept": plan["kept"], "converted": [], "lost": []}
    for stream in found.plan.streams:
        fates[stream.action.value].append(str(stream))
    streams = {str(stream) for stream in found.plan.streams}
    return {
        "width": plan["width"],
        "height": plan["height"],
        "kept": fates["kept"],
        "changed": fates["converted"]
        + [words for words in plan["changed"] if words not in streams],
        "lost": fates["lost"],
        "seconds": found.estimate.seconds,
        "bytes": found.estimate.bytes,
        "notices": plan["notices"],
    }


def _small(source: str, track: int | None, at: float, width: int) -> bytes:
    """A small JPEG of a moment, upright."""
    frame, info = frame_at(Path(source), at, Reading(video_track=track))
    return small_jpeg(frame, info, width)


def small_jpeg(frame: Frame, info: VideoInfo, width: int) -> bytes:
    """A frame of a video as a JPEG of at most this width, upright."""
    pixels = Displayer(info.rotation_degrees, info.mirrored)(frame)[..., ::-1]
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((width, width * 4))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return file.getvalue()


def frame_at(source: Path, at: float, reading: Reading) -> tuple[Frame, VideoInfo]:
    """The frame of a moment, in seconds from the first, or the last one before it.

    Raises InputError.
    """
    # Behind the end a reader finds no first frame.
    with suppress(UsageError), opened(source, Span(at, None, 1), reading) as reader:
        for frame in reader:
            return frame, reader.info
    with opened(source, Span(0.0, None, 1), reading) as reader:
        info, first = reader.info, [*reader]
    end = probe(source, reading.video_track).duration_seconds or 0.0
    start = max(end - _BACK_SECONDS, 0.0)
    with suppress(UsageError), opened(source, Span(start), reading) as reader:
        first = [*deque(reader, maxlen=1)] or first
    if not first:
        raise InputError(f"{printable(source)}: there is no frame")
    return first[0], info
