"""Limits of a conversion: pixels of a picture, memory, and a child's patience.

Checked before anything is allocated; the figures of the estimate are measured.
"""

from dataclasses import dataclass, replace

from videnhance.errors import InputError, UsageError, printable
from videnhance.frame import Layout
from videnhance.frame.geometry import Size

__all__ = [
    "LIMIT_PIXELS",
    "Demand",
    "Limits",
    "check_pixels",
    "estimated_memory_mb",
    "queue_bytes_for",
]

LIMIT_PIXELS = 8192 * 8192
"""The largest picture that is read unless the user says otherwise."""

_MB = 1 << 20
_FRAMES_HELD = 48
"""References, and pictures in the decoder's threads."""

# Fitted to the peaks of conversions of 360p, 720p, 1080p and 4K, 8 and 10 bits, by one
# to four workers on two cores, with libx264: the most is its own, for frames in flight.
_PROGRAM_MB = 330.0
_MODEL_MB = 60.0
_KEPT_MB = 256.0
"""What `memory.keep_freed_memory` lets the allocator keep at most."""
_KEPT_FRAMES = 15
_CODER_FRAMES, _CODER_FRAMES_A_THREAD = 14.0, 11.0
_STAGE_FRAMES, _STAGE_FRAMES_A_WORKER = 5.0, 1.0
_DECODER_FRAMES = 12
_MOVING_BYTES, _STILL_BYTES = 150, 30
"""A source pixel: changes, motion, patches and residuals in flight."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child that decodes may take."""

    memory_bytes: int = 2048 * _MB
    """Address space until the size of the picture is known."""
    open_seconds: float = 20.0
    """To open the file and decode its first frame."""
    stall_seconds: float = 60.0
    """Without a frame, while it is waited for."""

    def memory_for(self, frame_bytes: int, slots: int) -> int:
        """Address space of a child once the size of its frames is known."""
        return self.memory_bytes + (_FRAMES_HELD + slots) * frame_bytes


def check_pixels(path: object, size: Size, *, limit: int) -> None:
    """Raises InputError if a picture of `size` has more pixels than `limit`."""
    if size.area > limit:
        raise InputError(
            f"{printable(path)}: a picture of {size} has {size.area} pixels, more than "
            f"the {limit} that are let in; allow it with --limit-pixels {size.area}"
        )


@dataclass(frozen=True, slots=True)
class Demand:
    """What the memory of a conversion depends on."""

    source: Size
    target: Size
    layout: Layout
    """Of the frames, in and out."""
    network: bool = True
    """False with a strength of 0."""
    moves: bool = True
    """Whether residuals are moved: fusion or skipping."""
    workers: int = 2
    coder_threads: int = 3
    """Threads of the encoder; x264 takes three for two cores."""
    queue_bytes: int = 32 * _MB

    def frame_mb(self, size: Size) -> float:
        """Megabytes of one frame of this size."""
        samples = sum(plane.area for plane in self.layout.plane_sizes(size))
        return samples * (1 if self.layout.depth == 8 else 2) / _MB


def estimated_memory_mb(demand: Demand) -> float:
    """The most memory that a conversion will take, as resident size, in megabytes.

    Within a quarter of what was measured with libx264; other encoders take less (ffv1)
    or were not measured.
    """
    source, target = (demand.frame_mb(s) for s in (demand.source, demand.target))
    queue = demand.queue_bytes / _MB
    coder = _CODER_FRAMES + _CODER_FRAMES_A_THREAD * demand.coder_threads
    stages = _STAGE_FRAMES + _STAGE_FRAMES_A_WORKER * demand.workers
    total = _PROGRAM_MB + min(_KEPT_MB, _KEPT_FRAMES * target)
    total += max(queue, source) + max(queue, target)
    total += (coder + stages) * target + _DECODER_FRAMES * source
    if demand.network:
        a_pixel = _MOVING_BYTES if demand.moves else _STILL_BYTES
        total += _MODEL_MB + a_pixel * demand.source.area / _MB
    return total


def queue_bytes_for(demand: Demand, max_memory_mb: float) -> int:
    """How long each queue may be, in bytes, for the whole to stay within the limit.

    Raises UsageError if it cannot even with queues of one frame.
    """
    least = estimated_memory_mb(replace(demand, queue_bytes=0))
    if least > max_memory_mb:
        raise UsageError(
            f"--max-memory {max_memory_mb:g} is too little: enlarging {demand.source} "
            f"to {demand.target} takes about {least:.0f} MB; allow that, or use fewer "
            "threads (--workers 1, -e threads=1) or a smaller --scale or --size"
        )
    if estimated_memory_mb(demand) <= max_memory_mb:
        return demand.queue_bytes
    spare = int((max_memory_mb - least) / 2 * _MB)
    return min(demand.queue_bytes, spare)
