"""What makes one conversion another, as a key: input, model, options and libraries,
and how the processor rounds.
"""

from collections.abc import Sequence
from dataclasses import fields
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from videnhance import __version__
from videnhance.conversion.job import Job
from videnhance.errors import reading
from videnhance.media.open_any import PIPE
from videnhance.media.sandbox.serialize import to_plain
from videnhance.media.stills.series import is_series, series_of
from videnhance.pipeline.upscaler import Upscaler

__all__ = [
    "arithmetic_of",
    "input_key",
    "job_key",
    "library_key",
    "option_key",
    "series_key",
    "source_key",
]

_LIBRARIES = ("av", "numpy", "opencv-python", "torch")
_SAMPLE_BYTES = 1 << 16
_SAMPLES = 64
_NOT_IN_THE_PICTURE = (
    *("workers", "patch_area", "queue_bytes", "begin", "finish", "pacer"),
)
"""Settings that change no pixel, or, the pacer, that no two runs have alike."""
_PROBE = 192, 160
"""Height and width of a picture, which is no wider than what networks see."""


def input_key(path: Path) -> dict[str, Any]:
    """Size and a hash of many places of a file. Raises InputError.

    Not its time: a copy or a touch is no reason to lose days of work.
    """
    digest = sha256()
    with reading(path), path.open("rb") as file:
        size = path.stat().st_size
        step = max((size - _SAMPLE_BYTES) // (_SAMPLES - 1), _SAMPLE_BYTES)
        for place in (*range(0, size, step), max(size - _SAMPLE_BYTES, 0)):
            file.seek(place)
            digest.update(file.read(_SAMPLE_BYTES))
    return {"input bytes": size, "input hash": digest.hexdigest()}


def series_key(files: Sequence[Path]) -> dict[str, Any]:
    """Names, sizes and times of many files. Raises InputError."""
    digest = sha256()
    for path in files:
        with reading(path):
            status = path.stat()
        line = f"{path.name!r} {status.st_size} {status.st_mtime_ns}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return {"input files": len(files), "input hash": digest.hexdigest()}


def source_key(source: Path) -> dict[str, Any]:
    """What tells this source from another; empty for a pipe. Raises InputError."""
    if source == PIPE:
        return {}
    return (
        series_key(series_of(source).files) if is_series(source) else input_key(source)
    )


def library_key() -> dict[str, str]:
    """The versions that the result depends on."""
    return {"videnhance": __version__} | {name: _version(name) for name in _LIBRARIES}


def arithmetic_of(upscaler: Upscaler) -> str:
    """Names how a network's sums are rounded here: a hash of what it makes of pictures.

    The name is of the kernels, not of the processor's brand: all that give these codes
    are the same. Black and white, three greys, noise and a coarse grid: in each network
    other kernels change the code of some.
    """
    draw, (height, width) = np.random.default_rng(0).integers, _PROBE
    coarse = draw(0, 256, (height // 4, width // 4)).repeat(4, 0).repeat(4, 1)
    size, digest = (height, width), sha256()
    for picture in (draw(0, 2, size) * 255, draw(0, 3, size) * 127, coarse):
        pixels = picture.astype(np.uint8)[None, ..., None]
        digest.update(upscaler(pixels.repeat(upscaler.channels, axis=3)).tobytes())
    return digest.hexdigest()[:16]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def job_key(job: Job, *, encoding_without: tuple[str, ...]) -> dict[str, Any]:
    """What a user chose, as far as it changes pixels, without the model."""
    return {
        **option_key(job.settings, _NOT_IN_THE_PICTURE),
        **option_key(job.encoding, encoding_without),
        **option_key(job.span),
        **option_key(job.reading, ("limit_pixels",)),
        "box": to_plain(job.box),
        "rate": to_plain(job.rate),
        # Which one does not matter: it may be changed to go on.
        **({} if job.budget is None else {"time budget": True}),
    }


def option_key(options: Any, without: tuple[str, ...] = ()) -> dict[str, Any]:  # noqa: ANN401
    """The fields of a dataclass as JSON values, but those that change no pixel."""
    names = [f.name for f in fields(options) if f.name not in without]
    return {name: to_plain(getattr(options, name)) for name in names}
