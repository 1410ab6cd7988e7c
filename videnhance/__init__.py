"""Enhances a video frame by frame with a tiny quantized network on the CPU.

    videnhance.convert("in.mp4", "out.mp4", skip=2)

`docs/api.md` describes each name. Nothing is loaded before a name is asked for: torch
alone takes a second.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from videnhance.api import compare, convert, convert_folder, enhance, preflight
    from videnhance.batch.outcome import Outcome
    from videnhance.conversion.preflight import Preflight
    from videnhance.errors import (
        BusyError,
        Cancelled,
        ClusterError,
        DecoderCrashError,
        InputError,
        MissingLibraryError,
        ModelError,
        OtherWorkError,
        OutputError,
        UsageError,
        VidenhanceError,
    )
    from videnhance.frame import VideoInfo
    from videnhance.media.probe import probe
    from videnhance.options import ConvertOptions, FolderOptions
    from videnhance.pipeline.report import Progress, Report
    from videnhance.quality.advice import Advice, advice_of
    from videnhance.quality.clip_traits import clip_traits
    from videnhance.quality.comparison import Comparison
    from videnhance.quality.traits import ClipTraits
    from videnhance.web.sample.run import Sample, sample

__all__ = [
    "Advice",
    "BusyError",
    "Cancelled",
    "ClipTraits",
    "ClusterError",
    "Comparison",
    "ConvertOptions",
    "DecoderCrashError",
    "FolderOptions",
    "InputError",
    "MissingLibraryError",
    "ModelError",
    "OtherWorkError",
    "Outcome",
    "OutputError",
    "Preflight",
    "Progress",
    "Report",
    "Sample",
    "UsageError",
    "VidenhanceError",
    "VideoInfo",
    "__version__",
    "advice_of",
    "clip_traits",
    "compare",
    "convert",
    "convert_folder",
    "enhance",
    "preflight",
    "probe",
    "sample",
]

__version__ = "0.1.0"

_HOMES = {
    "Advice": "quality.advice",
    "ClipTraits": "quality.traits",
    "Comparison": "quality.comparison",
    "ConvertOptions": "options",
    "FolderOptions": "options",
    "Outcome": "batch.outcome",
    "Preflight": "conversion.preflight",
    "Progress": "pipeline.report",
    "Report": "pipeline.report",
    "Sample": "web.sample.run",
    "VideoInfo": "frame",
    "advice_of": "quality.advice",
    "clip_traits": "quality.clip_traits",
    "compare": "api",
    "convert": "api",
    "convert_folder": "api",
    "enhance": "api",
    "preflight": "api",
    "probe": "media.probe",
    "sample": "web.sample.run",
}
"""The module of each public name; those that are not here are errors."""


def __getattr__(name: str) -> object:
    """Loads a public name when it is asked for (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{_HOMES.get(name, 'errors')}")
    value: object = getattr(home, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
