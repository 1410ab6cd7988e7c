"""Measures what comes before a conversion's rate is steady, of one or two programs.

    python benchmarks/start.py CLIP [--against PROGRAM] [--times 5]

The clock and the processors' seconds (those of children among them) for one frame, and
the processors' seconds that no number of frames explains: those for --few frames less
what so many cost by the difference to --many. Two programs run in turns.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median


def taken(program: str, clip: Path, frames: int) -> tuple[float, float]:
    """Seconds on the clock, and of all processors."""
    with tempfile.TemporaryDirectory() as folder:
        words = [program, str(clip), f"{folder}/out.mp4", "-q"]
        start, before = time.perf_counter(), _processors()
        subprocess.run([*words, "--max-frames", str(frames)], check=True)
        return time.perf_counter() - start, _processors() - before


def _processors() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Prints a row of a table for each program."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--against", help="another videnhance")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--few", type=int, default=30)
    parser.add_argument("--many", type=int, default=90)
    options = parser.parse_args()
    here = str(Path(sys.executable).with_name("videnhance"))
    programs = {"here": here}
    if options.against:
        programs["against"] = options.against
    found: dict[str, list[tuple[float, float, float]]] = {n: [] for n in programs}
    for _ in range(options.times):
        for name, program in programs.items():
            clock, first = taken(program, options.clip, 1)
            few = taken(program, options.clip, options.few)[1]
            many = taken(program, options.clip, options.many)[1]
            frame = (many - few) / (options.many - options.few)
            found[name].append((clock, first, few - options.few * frame))
    print("| program | first frame, s | its CPU-s | CPU-s before the rate is steady |")
    print("|---|---:|---:|---:|")
    for name, rows in found.items():
        cells = [f"{median(column):.2f}" for column in zip(*rows, strict=True)]
        print(f"| {name} | {' | '.join(cells)} |")
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
