#!/usr/bin/env python3
"""Measures how true the estimates are: of time and size, beside the whole conversion.

Prints Markdown, a row a clip. Times are of the whole command, on an otherwise idle
machine. WORD=VALUE are options as `sample --try` takes them, such as look=natural.

    benchmarks/estimates.py FOLDER CLIP... [--try WORD=VALUE...]
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import videnhance
from videnhance.media.probe import probe


def row(clip: Path, folder: Path, words: list[str]) -> str:
    """A row of the table."""
    target = folder / f"{clip.stem}.mp4"
    target.unlink(missing_ok=True)
    options = [word for pair in words for word in f"--{pair}".split("=")]
    changes = dict(pair.split("=") for pair in words)
    guess = videnhance.preflight(clip, target, **changes).estimate
    command = [sys.executable, "-m", "videnhance", str(clip), str(target), "-q"]
    began = time.perf_counter()
    subprocess.run([*command, *options], check=True)
    passed = time.perf_counter() - began
    size, info = target.stat().st_size, probe(clip)
    seconds, count = guess.seconds or 0.0, guess.bytes or 0
    return (
        f"| {clip.stem} | {info.size} | {info.frames} "
        f"| {seconds:.1f} | {passed:.1f} | {seconds / passed:.2f} "
        f"| {count / 1e6:.1f} | {size / 1e6:.1f} | {count / size:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--try", nargs="+", default=[], metavar="WORD=VALUE")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True, parents=True)
    print(
        "| clip | input | frames | said, s | took, s | ratio | said, MB | is | ratio |"
    )
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for clip in options.clips:
        print(row(clip, options.folder, vars(options)["try"]), flush=True)


if __name__ == "__main__":
    main()
