"""Converts on a cluster of this machine, and compares with the local run.

A scheduler and workers of one thread each are started as processes. Each result must
equal the local one in every frame, time and sound packet, as the program ffmpeg decodes
it: undisturbed, as a folder by `batch`, and with a worker killed in mid-run.

    benchmarks/cluster.py IN [--seconds 60] [--workers 2] [--runs 2] [-- OPTIONS]
"""

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from crash import frames_of

ADDRESS = "tcp://127.0.0.1:18790"
DASK = str(Path(sys.executable).with_name("dask"))
OPTIONS = ["-q", "--precision", "int8", "--device", "cpu"]
FILES = 6
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
    """A scheduler and workers of one thread, ready; gives all, the scheduler first."""
    place = ADDRESS.partition("//")[2].split(":")
    words = ["scheduler", "--host", place[0], "--port", place[1]]
    with contextlib.ExitStack() as stack:
        programs = [stack.enter_context(dask(folder, *words))]
        words = ["worker", ADDRESS, "--nthreads", "1", "--no-nanny"]
        programs += [
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


def timed(
    source: Path, target: Path, *extra: str, others: Sequence[int] = ()
) -> tuple[float, float, dict[str, object]]:
    """Seconds of a run from its start to its end, by the clock and of the processors,
    those of the other processes among them; and its report.
    """
    target.unlink(missing_ok=True)
    start = time.perf_counter(), processor_seconds(others)
    report = finished(started(source, target, *extra), target)
    clock = time.perf_counter() - start[0]
    return clock, processor_seconds(others) - start[1], report


def processor_seconds(others: Sequence[int]) -> float:
    """Of all children that have ended, and of these processes."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = used.ru_utime + used.ru_stime
    for process in others:
        stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
    return total


def share(report: dict[str, object]) -> str:
    """Who made how many segments."""
    workers = report["workers"]
    assert isinstance(workers, dict)
    done = (f"{name} {what['segments']}" for name, what in sorted(workers.items()))
    return f"segments {', '.join(done)}; {report['retries']} begun anew"


def compare_speed(
    film: Path, folder: Path, programs: list[subprocess.Popen[bytes]], runs: int
) -> float:
    """Runs here and there in turns; gives the seconds of a run."""
    here, there = folder / "here.mp4", folder / "there.mp4"
    pids, count = [program.pid for program in programs], len(programs) - 1
    for n in range(runs + 1):
        clock, used, _ = timed(film, here, "--workers", str(count))
        spread, all_used, report = timed(film, there, "--cluster", ADDRESS, others=pids)
        same = frames_of(here) == frames_of(there)
        print(
            f"workers {'warm' if n else 'just started'}: here {clock:.1f} s, cluster "
            f"{spread:.1f} s, ratio {spread / clock:.3f}; of the processors "
            f"{used:.1f} s and {all_used:.1f} s, ratio {all_used / used:.3f}; "
            f"{share(report)}; {'same' if same else 'BAD'}",
            flush=True,
        )
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


def convert_folder(source: Path, folder: Path, workers: int) -> bool:
    """A folder by `batch`, here and by the cluster."""
    inputs = folder / "in"
    inputs.mkdir()
    for n in range(FILES):
        looped(source, inputs / f"film{n}.mp4", 4 + n)
    taken = []
    ways: dict[str, list[str]] = {"here": [], "there": ["--cluster", ADDRESS]}
    for name, words in ways.items():
        outputs = folder / name
        start = time.perf_counter()
        command = [sys.executable, "-m", "videnhance", "batch", str(inputs)]
        command += [str(outputs), *OPTIONS, *EXTRA, *words, "--jobs", str(workers)]
        subprocess.run(command, check=True)
        taken.append(time.perf_counter() - start)
    names = sorted(path.name for path in inputs.iterdir())
    same = [
        frames_of(folder / "here" / name) == frames_of(folder / "there" / name)
        for name in names
    ]
    print(
        f"batch of {FILES} files: here {taken[0]:.1f} s, cluster {taken[1]:.1f} s, "
        f"ratio {taken[1] / taken[0]:.3f}; {sum(same)} same",
        flush=True,
    )
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
            spread = compare_speed(film, folder, workers, given.runs)
            good = convert_folder(given.source, folder, given.workers)
            good &= lose_a_worker(film, folder, spread * KILLED_AT, workers)
            good &= frames_of(folder / "here.mp4") == frames_of(folder / "there.mp4")
    sys.exit(not good)


EXTRA: list[str] = []

if __name__ == "__main__":
    main()
