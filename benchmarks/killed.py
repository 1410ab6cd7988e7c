#!/usr/bin/env python3
"""Kills a training run again and again, and compares it with one that was left alone.

    benchmarks/killed.py STILLS [--steps 60] [--kills 3]

Both runs are `videnhance model train`; the first is ended by SIGKILL at random moments
and goes on by --resume. Prints the last lines of both logs and the hashes of both
networks; exits with 1 if they differ in a digit.
"""

import argparse
import csv
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def begun(stills: Path, work: Path, steps: int) -> "subprocess.Popen[bytes]":
    """Starts, or goes on with, a run in a process group of its own."""
    command = [sys.executable, "-m", "videnhance", "model", "train", str(stills)]
    command += ["--to", str(work), "--preset", "fast", "--mix", "fidelity"]
    command += ["--steps", str(steps), "--every", "5", "--threads", "1"]
    if (work / "checkpoint.pt").exists():
        command.append("--resume")
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True)


def last_step(work: Path) -> int:
    """Up to where the log of a run goes."""
    log = work / "log.csv"
    if not log.exists():
        return 0
    with log.open(encoding="utf-8") as file:
        return int(list(csv.DictReader(file))[-1]["step"])


def end_of(work: Path) -> tuple[str, str]:
    """The numbers of the last point, to the last digit, and the hash of the network."""
    with (work / "log.csv").open(encoding="utf-8") as file:
        last = list(csv.DictReader(file))[-1]
    # The archive's own member names hold the file's name only, so it can be compared.
    digest = hashlib.sha256((work / "network.pth").read_bytes()).hexdigest()
    return f"step {last['step']}, loss {last['loss']}, PSNR {last['psnr']}", digest


def killed(stills: Path, work: Path, steps: int, kills: int) -> None:
    """Runs to the end, with so many kills on the way."""
    for number in range(kills):
        aim = last_step(work) + steps // (kills + 1)
        process = begun(stills, work, steps)
        while process.poll() is None and last_step(work) < aim:
            time.sleep(0.02)
        time.sleep(random.uniform(0, 0.3))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        print(f"kill {number + 1} after step {last_step(work)} was logged")
    if begun(stills, work, steps).wait() != 0:
        sys.exit("the run could not go on")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stills", type=Path)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--kills", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        alone, often = Path(folder) / "alone", Path(folder) / "killed"
        if begun(options.stills, alone, options.steps).wait() != 0:
            sys.exit("the run that is left alone failed; try `videnhance model train`")
        killed(options.stills, often, options.steps, options.kills)
        ends = [end_of(alone), end_of(often)]
    for name, (words, digest) in zip(("left alone", "killed"), ends, strict=True):
        print(f"{name:>10}: {words}, network {digest[:16]}")
    if ends[0] != ends[1]:
        sys.exit("they differ")
    print("the same to the last digit")


if __name__ == "__main__":
    main()
