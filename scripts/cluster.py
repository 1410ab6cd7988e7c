"""Converts on a cluster of this machine, and compares with the local run.

A scheduler and workers of one thread each are started as processes. Each result must
equal the local one in every frame, time and sound packet, as the program ffmpeg decodes
it: undisturbed, with a worker killed in mid-run, and as several files at once.

    scripts/cluster.py IN [--seconds 60] [--workers 2] [--runs 2] [-- OPTIONS]
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from crash import frames_of

ADDRESS = "tcp://127.0.0.1:18790"
DASK = str(Path(sys.executable).with_name("dask"))
OPTIONS = ["-q", "--precision", "int8", "--device", "cpu"]
FILES = 4
KILLED_AT = 0.4
"""Of an undisturbed run."""


def looped(source: Path, target: Path, seconds: float) -> Path:
    """The clip, again and again, for so long."""
    words = ["ffmpeg", "-v", "error", "-stream_loop", "-1", "-i", f"file:{source}"]
    words += ["-t", str(seconds), "-c", "copy", f"file:{target}"]
    subprocess.run(words, check=True)
    return target


@contextlib.contextmanager
def dask(folder: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of Dask; killed at the end, if it is still there."""
    with (folder / f"{words[0]}.log").open("ab") as log:
        program = subprocess.Popen(
            [DASK, *words, "--no-dashboard"], stdout=log, stderr=log, cwd=folder
        )
    try:
        yield program
    finally:
        program.kill()
        program.wait()


@contextlib.contextmanager
def cluster(folder: Path, workers: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """A scheduler and workers of one thread, ready; gives the workers."""
    place = ADDRESS.partition("//")[2].split(":")
    words = ["scheduler", "--host", place[0], "--port", place[1]]
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask(folder, *words))
        words = ["worker", ADDRESS, "--nthreads", "1", "--no-nanny"]
        programs = [
            stack.enter_context(dask(folder, *words, "--name", f"w{n}"))
            for n in range(workers)
        ]
        time.sleep(5)
        yield programs


def started(source: Path, target: Path, *extra: str) -> subprocess.Popen[str]:
    """The program as a user starts it."""
    words = [sys.executable, "-m", "videnhance", "convert", str(source), str(target)]
    words += [*OPTIONS, *EXTRA, *extra, "--report", f"{target}.json"]
    return subprocess.Popen(words, stderr=subprocess.PIPE, text=True)


def finished(program: subprocess.Popen[str], target: Path) -> dict[str, object]:
    """Waits, and gives its report; fails loudly if it failed."""
    _, words = program.communicate()
    if program.returncode:
        raise SystemExit(f"exit {program.returncode}: {words}")
    report: dict[str, object] = json.loads(Path(f"{target}.json").read_text())
    return report


def timed(source: Path, target: Path, *extra: str) -> tuple[float, dict[str, object]]:
    """Seconds of a whole run, from its start to its end, and its report."""
    target.unlink(missing_ok=True)
    start = time.perf_counter()
    report = finished(started(source, target, *extra), target)
    return time.perf_counter() - start, report


def share(report: dict[str, object]) -> str:
    """Who made how many segments."""
    workers = report["workers"]
    assert isinstance(workers, dict)
    done = (f"{name} {what['segments']}" for name, what in sorted(workers.items()))
    return f"segments {', '.join(done)}; {report['retries']} begun anew"


def compare_speed(film: Path, folder: Path, workers: int, runs: int) -> float:
    """Runs here and there in turns; gives the seconds of a run."""
    here, there = folder / "here.mp4", folder / "there.mp4"
    ratios = []
    for n in range(runs + 1):
        local, _ = timed(film, here, "--workers", str(workers))
        spread, report = timed(film, there, "--cluster", ADDRESS)
        same = frames_of(here) == frames_of(there)
        warm = "workers just started" if n == 0 else "workers warm"
        print(
            f"{warm}: here {local:.1f} s, cluster {spread:.1f} s, ratio "
            f"{spread / local:.3f}; {share(report)}; {'same' if same else 'BAD'}",
            flush=True,
        )
        ratios += [spread / local]
    print(f"mean ratio of the warm runs {sum(ratios[1:]) / runs:.3f}", flush=True)
    return spread


def lose_a_worker(
    film: Path, folder: Path, after: float, workers: list[subprocess.Popen[bytes]]
) -> bool:
    """Kills a worker after so many seconds; what it had is made by the others."""
    target, here = folder / "killed.mp4", folder / "here.mp4"
    start = time.perf_counter()
    program = started(film, target, "--cluster", ADDRESS)
    time.sleep(after)
    workers[-1].kill()
    report = finished(program, target)
    same = frames_of(target) == frames_of(here)
    print(
        f"a worker killed after {after:.0f} s: {time.perf_counter() - start:.1f} s; "
        f"{share(report)}; {'same' if same else 'BAD'}",
        flush=True,
    )
    return same and bool(report["retries"])


def convert_many(film: Path, folder: Path, seconds: float) -> bool:
    """Several runs at once on the same workers, each of a part of the film."""
    length = seconds / FILES / 2
    parts = [f"--start={2 * n * length}" for n in range(FILES)]
    ends = [f"--end={(2 * n + 1) * length}" for n in range(FILES)]
    names = [folder / f"many{n}.mkv" for n in range(FILES)]
    start = time.perf_counter()
    programs = [
        started(film, name, part, ends[n], "--cluster", ADDRESS)
        for n, (name, part) in enumerate(zip(names, parts, strict=True))
    ]
    for program, name in zip(programs, names, strict=True):
        finished(program, name)
    spread = time.perf_counter() - start
    same = []
    for n, (name, part) in enumerate(zip(names, parts, strict=True)):
        alone = folder / f"alone{n}.mkv"
        timed(film, alone, part, ends[n])
        same.append(frames_of(alone) == frames_of(name))
    print(f"{FILES} files at once: {spread:.1f} s; {sum(same)} same", flush=True)
    return all(same)


def main() -> None:
    """Runs the trials and prints a line for each."""
    global EXTRA
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("extra", nargs="*")
    given = parser.parse_args()
    EXTRA = given.extra
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film = looped(given.source, folder / "film.mp4", given.seconds)
        with cluster(folder, given.workers) as workers:
            spread = compare_speed(film, folder, given.workers, given.runs)
            good = convert_many(film, folder, given.seconds)
            good &= lose_a_worker(film, folder, spread * KILLED_AT, workers)
            good &= frames_of(folder / "here.mp4") == frames_of(folder / "there.mp4")
    sys.exit(not good)


EXTRA: list[str] = []

if __name__ == "__main__":
    main()
