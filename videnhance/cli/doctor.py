"""`doctor`: what works on this machine, each check by itself: none stops another.

Imports stand in the checks: a library that does not load is a finding.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from textwrap import fill

import click

from videnhance import __version__
from videnhance.cli.help import Command
from videnhance.errors import printable

__all__ = ["CHECKS", "Finding", "doctor", "main", "report"]

_LIBRARIES = ("av", "torch", "numpy", "opencv-python", "pillow", "click", "tqdm")
_EXTRAS = (
    *("distributed", "executorch", "ncnn", "onnx", "onnxruntime", "onnxscript"),
    *("openvino", "pyvirtualcam", "pywebview", "spandrel", "starlette", "uvicorn"),
    "watchdog",
)
_INSTRUCTIONS = (
    *("avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8"),
    *("asimddp", "i8mm"),
)
"""What makes int8 fast, by the names of Linux."""
_ENCODER_SECONDS = 60
_FRAME_PIXELS = 640 * 360
_GIGABYTE = 1e9


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found."""

    name: str
    lines: tuple[str, ...]
    failed: str = ""
    """Why the check itself gave up; empty if it did not."""


@click.command(cls=Command)
@click.option("--json", "as_values", is_flag=True, help="Write JSON, for programs.")
def doctor(as_values: bool) -> None:
    """Says what works on this machine: a screen of words to put into a report."""
    if as_values:
        click.echo(json.dumps([asdict(found) for found in report()], indent=2))
        return
    for found in report():
        failed = [f"FAILED: {found.failed}"] if found.failed else []
        for number, line in enumerate([*found.lines, *failed]):
            head = f"{'' if number else found.name:<11}"
            click.echo(fill(line, 80, initial_indent=head, subsequent_indent=" " * 13))


def report() -> Iterator[Finding]:
    """Runs all checks; yields what each found, and raises nothing."""
    for name, check in CHECKS.items():
        lines: list[str] = []
        try:
            for line in check():
                lines.append(printable(line))
        except Exception as error:
            # Whatever is broken here, the other checks may tell what it is.
            failed = printable(f"{type(error).__name__}: {error}")
            yield Finding(name, tuple(lines), failed)
        else:
            yield Finding(name, tuple(lines))


def _versions() -> Iterator[str]:
    yield (
        f"videnhance {__version__}, Python {platform.python_version()}, "
        f"{platform.platform(terse=True)}, {platform.machine()}"
    )
    for names, word in ((_LIBRARIES, ""), (_EXTRAS, "extras: ")):
        found = {name: _version(name) for name in names}
        here = [f"{name} {version}" for name, version in found.items() if version]
        absent = [name for name, version in found.items() if not version]
        missing = f"; missing: {', '.join(absent)}" if absent else ""
        yield f"{word}{', '.join(here) or 'none'}{missing}"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _processor() -> Iterator[str]:
    from videnhance.models.torchscript import instruction_set, int8_engine
    from videnhance.system.memory import available_memory_mb
    from videnhance.system.processor import processor_name
    from videnhance.system.threads import available_cores

    flags: set[str] = set()
    if Path("/proc/cpuinfo").exists():
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    fast = [name for name in _INSTRUCTIONS if name in flags]
    memory = available_memory_mb()
    yield f"{processor_name()}, {available_cores()} cores for this program"
    yield f"int8: {' '.join(fast) or 'nothing known'}; torch uses {instruction_set()}"
    yield f"int8 engine: {int8_engine() or 'none, float32 only'}"
    yield f"memory: {'unknown' if memory is None else f'{memory:.0f} MB'} available"


def _engines() -> Iterator[str]:
    from videnhance.models.choice import Choice
    from videnhance.models.runtime import load, measured

    for precision in ("int8", "float32"):
        network = measured(load(Choice(precision=precision)))
        rate = network.megapixels_per_second * 1e6 / _FRAME_PIXELS
        yield (
            f"{network.card.name} {precision} on {network.engine}: {rate:.1f} frames "
            "of 640x360 a second on one thread"
        )


def _opencv() -> Iterator[str]:
    from videnhance.pipeline.motion import load_opencv

    yield f"OpenCV {load_opencv().__version__} loads, and so do its libraries"


def _encoders() -> Iterator[str]:
    from videnhance.media.encoder.encoder_trial import ffmpeg_version
    from videnhance.media.sandbox.ipc import child_command

    yield f"FFmpeg {ffmpeg_version()}"
    # In a process of its own: drivers have ended programs that asked them.
    try:
        tried = subprocess.run(
            child_command(__name__),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_ENCODER_SECONDS,
            check=False,
        )
        told, end = tried.stdout, f"exit {tried.returncode}"
    except subprocess.TimeoutExpired as error:
        told, end = error.stdout or b"", f"no answer in {_ENCODER_SECONDS} s"
    names, *lines = [json.loads(line) for line in told.splitlines()]
    found = dict(lines)
    yield f"work: {', '.join(n for n in found if not found[n]) or 'none'}"
    reasons: dict[str, list[str]] = {}
    for name, why in found.items():
        if why:
            # What the library says stands in brackets.
            short = why.partition("(")[2].partition(")")[0] or why
            reasons.setdefault(short, []).append(name)
    for short, failing in reasons.items():
        yield f"not here: {', '.join(failing)} ({short})"
    if len(found) < len(names):
        yield (
            f"{names[len(found)]} ended the trial ({end}); not tried: "
            f"{', '.join(names[len(found) + 1 :]) or 'none'}"
        )


def _metrics() -> Iterator[str]:
    from videnhance.quality.metrics import METRICS, is_there
    from videnhance.quality.vmaf import ffmpeg_with_vmaf

    found = {metric.title: is_there(metric) for metric in METRICS.values()}
    missing = ", ".join(title for title, there in found.items() if not there)
    yield f"compare measures: {', '.join(t for t, there in found.items() if there)}"
    if missing:
        yield f"missing: {missing}"
    if program := ffmpeg_with_vmaf():
        yield f"FFmpeg with libvmaf: {program}"


def _camera() -> Iterator[str]:
    from videnhance.live.sources import cameras

    found = [str(camera) for camera in cameras()]
    yield f"cameras: {', '.join(found) or 'none is named by the system'}"


def _display() -> Iterator[str]:
    from videnhance.errors import MissingLibraryError
    from videnhance.live.window import check_screen

    try:
        check_screen("nothing else is asked")
    except MissingLibraryError as error:
        yield str(error).partition(";")[0]
    else:
        yield "a window can be opened"


def _folder() -> Iterator[str]:
    from videnhance.system.disk import sync
    from videnhance.system.locks import locked_file

    here = Path.cwd()
    yield f"current folder: {here}"
    with tempfile.TemporaryDirectory(dir=here, prefix=".videnhance-") as folder:
        with locked_file(Path(folder) / "lock", here) as file:
            locks = "no file locks, marks guard instead" if file.notices else "locks"
            syncs = "syncs" if sync(file.fileno()) else "knows no sync"
        (Path(folder) / "renamed").write_bytes(b"")
        os.replace(Path(folder) / "renamed", Path(folder) / "lock")
    yield f"can be written, {locks}, {syncs}, renames"


def _space() -> Iterator[str]:
    from videnhance.models.imported import cache_folder
    from videnhance.system.disk import free_bytes

    for word, place in (
        ("current folder", Path.cwd()),
        ("temporary folder", Path(tempfile.gettempdir())),
        ("cache of models", cache_folder()),
    ):
        existing = next(p for p in (place, *place.parents) if p.exists())
        free = free_bytes(existing)
        room = "unknown" if free is None else f"{free / _GIGABYTE:.1f} GB free"
        yield f"{word}: {room} ({place})"


CHECKS: dict[str, Callable[[], Iterator[str]]] = {
    "versions": _versions,
    "processor": _processor,
    "engines": _engines,
    "opencv": _opencv,
    "encoders": _encoders,
    "metrics": _metrics,
    "camera": _camera,
    "display": _display,
    "folder": _folder,
    "space": _space,
}
"""By the name in the report."""


def main() -> None:
    """In a child: tries each encoder, and writes a line of JSON for each, at once."""
    from videnhance.conversion.bench.scenes import moving_scene, scene_info
    from videnhance.errors import VidenhanceError
    from videnhance.frame.geometry import Size
    from videnhance.media.encoder.encoder_trial import encoder_names, try_encoder

    scene = list(moving_scene(Size(320, 240), 3))
    info, names = scene_info(scene), encoder_names()
    _tell(names)
    for name in names:
        try:
            try_encoder(name, info, frames=scene)
        except (VidenhanceError, OSError, ValueError, RuntimeError) as error:
            _tell((name, str(error)))
        else:
            _tell((name, ""))


def _tell(values: object) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()
