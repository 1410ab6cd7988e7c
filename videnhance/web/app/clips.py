"""Short films of a source and its conversion, which a browser plays side by side.

Made in a process of its own, so that single pictures need not wait for them.
"""

from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from videnhance.conversion.executor import Watcher
from videnhance.conversion.job import job_of
from videnhance.conversion.run import convert
from videnhance.options import ConvertOptions
from videnhance.web.app.answers import serve

__all__ = ["answer_with_clips"]


def answer_with_clips(connection: Connection) -> None:
    """What a process runs that makes short films when it is asked."""
    serve(connection, {"clip": _clip})


def _clip(
    source: str, folder: str, options: ConvertOptions, at: float, seconds: float
) -> tuple[str, str]:
    """Two short films that browsers play, plainly enlarged and converted; their names
    in the folder.
    """
    shown = replace(
        options,
        start=at,
        end=at + seconds,
        max_frames=None,
        codec="libx264",
        crf=14,
        preset="veryfast",
        pix_fmt="yuv420p",
        encoder_options={},
        audio=False,
        overwrite=True,
        discard=True,
        compare=False,
        target_fps=None,
        realtime=False,
        deadline=None,
    )
    names = "source.mp4", "result.mp4"
    nobody = Watcher(lambda info, report: None, lambda report: None)
    for name, strength in zip(names, (0.0, options.strength), strict=True):
        job = job_of(
            Path(source), Path(folder) / name, options=replace(shown, strength=strength)
        )
        convert(job, nobody)
    return names
