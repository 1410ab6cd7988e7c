"""Kills conversions at random moments and fills their disks, then goes on with them.

Each result must equal the uninterrupted one frame by frame, times included, as the
program ffmpeg decodes it; and until it is complete nothing stands under its name.

    benchmarks/crash.py IN --kills 20 --fills 5 [--seed N] [--suffix mp4 mkv] [-- WORDS]
"""

import argparse
import contextlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

OPTIONS = ["-q", "--segment", "12", "--precision", "int8", "--device", "cpu"]


def command(source: Path, target: Path, extra: list[str]) -> list[str]:
    """The program as a user starts it."""
    words = [sys.executable, "-m", "videnhance", "convert", str(source), str(target)]
    return [*words, *OPTIONS, *extra]


def frames_of(path: Path) -> list[str]:
    """Time and hash of each decoded frame and sound packet, by another program."""
    words = ["ffmpeg", "-v", "error", "-i", f"file:{path}", "-map", "0:v:0", "-map"]
    words += ["0:a?", "-c:a", "copy", "-fps_mode", "passthrough", "-f", "framemd5", "-"]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return [line for line in done.stdout.splitlines() if not line.startswith("#so")]


def killed(words: list[str], target: Path, after: float) -> bool:
    """Starts, and kills after this many seconds; False if it was done before."""
    with subprocess.Popen(words, stderr=subprocess.PIPE) as program:
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(after)
            return False
        program.send_signal(signal.SIGKILL)
        program.wait()
    if target.exists() and not frames_of(target):
        raise SystemExit(f"{target} is not whole after a kill at {after:.2f} s")
    return True


def finished(words: list[str]) -> None:
    """Runs to the end; fails loudly otherwise."""
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"exit {done.returncode}: {done.stderr}")


@contextlib.contextmanager
def small_disk(folder: Path, kibibytes: int) -> Iterator[Path]:
    """A file system of this size, mounted; needs the right to mount."""
    size = f"size={kibibytes}k"
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True
    )
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def kill_once(
    source: Path, folder: Path, suffix: str, wanted: list[str], chance: random.Random
) -> tuple[int, bool]:
    """Kills up to three times in a row, then lets it finish; says how it went."""
    target = folder / f"killed{suffix}"
    words = command(source, target, EXTRA)
    kills = 0
    for _ in range(chance.randint(1, 3)):
        kills += killed(words, target, chance.uniform(0.5, WALL * 1.05))
        if target.exists():
            break
    if not target.exists():
        finished(words)
    same = frames_of(target) == wanted
    clean = [path.name for path in folder.iterdir()] == [target.name]
    target.unlink()
    return kills, same and clean


def fill_once(
    source: Path, folder: Path, suffix: str, wanted: list[str], kibibytes: int
) -> bool:
    """Fills a small disk, makes room on it, and goes on."""
    with small_disk(folder, kibibytes) as disk:
        target = disk / f"filled{suffix}"
        words = command(source, target, EXTRA)
        done = subprocess.run(words, check=False, capture_output=True, text=True)
        if done.returncode != 1 or "no space" not in done.stderr or target.exists():
            print(f"exit {done.returncode}, {done.stderr!r}")
            return False
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        finished(words)
        same = frames_of(target) == wanted
        return same and [path.name for path in disk.iterdir()] == [target.name]


def main() -> None:
    """Runs the trials and prints a line for each."""
    global EXTRA, WALL
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--fills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--suffix", nargs="+", default=[".mp4", ".mkv"])
    parser.add_argument("extra", nargs="*")
    given = parser.parse_args()
    EXTRA, chance, bad = given.extra, random.Random(given.seed), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = {}
        for suffix in given.suffix:
            whole = folder / f"whole{suffix}"
            start = time.perf_counter()
            finished(command(given.source, whole, EXTRA))
            WALL = time.perf_counter() - start
            wanted[suffix] = frames_of(whole)
            size = whole.stat().st_size
            whole.unlink()
            print(f"{suffix}: {len(wanted[suffix])} lines, {size} bytes, {WALL:.1f} s")
        for n in range(given.kills):
            suffix = given.suffix[n % len(given.suffix)]
            kills, good = kill_once(
                given.source, folder, suffix, wanted[suffix], chance
            )
            bad += not good
            print(f"trial {n + 1} {suffix}: {kills} kills, {'same' if good else 'BAD'}")
        for n in range(given.fills):
            suffix = given.suffix[n % len(given.suffix)]
            room = max(round(size / 1024 * (n + 0.5) / given.fills), 64)
            good = fill_once(given.source, folder, suffix, wanted[suffix], room)
            bad += not good
            print(f"disk of {room} KiB {suffix}: {'same' if good else 'BAD'}")
    print(f"{bad} bad")
    sys.exit(bool(bad))


EXTRA: list[str] = []
WALL = 1.0

if __name__ == "__main__":
    main()
