#!/usr/bin/env python3
"""Converts a tree of 300 inputs of many kinds, some broken, some of hard names.

Then again, with nothing to do; after outputs are cut off, an input and an option are
changed; and once more into a new folder, killed twice. Prints a table for each step.

benchmarks/batch.py [--inputs 300] [--seed 1] [-- OPTIONS]

Exits with 1 if a step did not come out as it must.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.seeds import write_seeds

BROKEN = {
    "empty.mp4": b"",
    "text.mp4": b"These are only words.\n" * 40,
    "noise.mkv": bytes(random.Random(3).randbytes(5000)),
    "list.mp4": b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n",
    "join.mov": b"ffconcat version 1.0\nfile 'plain.mp4'\n",
    "empty.png": b"",
    "page.jpg": b"<html><body>404</body></html>",
    "head.gif": b"GIF89a\x10\x00\x10\x00",
}
"""With a video without its index and a picture without its end: ten."""
HARD = (
    "two words.mp4",
    'it\'s "so".mkv',
    "😀 映画 ñ.mp4",
    "-y.mp4",
    "a\nline.mkv",
    "\x1b[31mred.mp4",
    "gpj.\u202e4pm.mp4",
    "50%d off*.png",
    "100%06d.mp4",
    "http:x.mp4",
    "concat:a|b.mp4",
    "x" * 240 + ".mp4",
    "é" * 120 + ".asf",
    "dots...mp4",
    "b\udcffytes.mkv",
)


def grown(folder: Path, count: int, seed: int) -> dict[str, int]:
    """Fills the folder; gives how many inputs there are of each kind."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        seeds = [s for s in write_seeds(Path(place)) if s.suffix != ".ogg"]
        kinds: Counter[str] = Counter()
        number = 0
        for name in HARD:
            like = next(s for s in seeds if s.suffix == Path(name).suffix)
            put(folder / "hard" / name, like.read_bytes())
            kinds["hard name"] += 1
        for name, data in BROKEN.items():
            put(folder / "broken" / name, data)
        put(folder / "broken/cut.mp4", (Path(place) / "plain.mp4").read_bytes()[:2000])
        put(folder / "broken/cut.apng", (Path(place) / "plain.apng").read_bytes()[:40])
        for frame in range(12):
            part = folder / f"shots/f{frame:04d}.png"
            put(part, (Path(place) / "plain.png").read_bytes())
        kinds |= Counter({"broken": len(BROKEN) + 2, "numbered pictures": 1})
        while kinds.total() < count:
            source = seeds[number % len(seeds)]
            depth = "/".join(chance.choice("abc") for _ in range(chance.randint(0, 3)))
            put(folder / depth / f"{number:03d} {source.name}", source.read_bytes())
            kinds[source.name] += 1
            number += 1
    put(folder / "notes.txt", b"not an input")
    for path in folder.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return dict(kinds)


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def command(source: Path, target: Path, *extra: str) -> list[str]:
    words = [sys.executable, "-m", "videnhance", "batch", str(source), str(target)]
    return [*words, "-q", "--device", "cpu", "--precision", "int8", *EXTRA, *extra]


def run(source: Path, target: Path, *extra: str) -> tuple[dict[str, Any], int, float]:
    """Runs to the end; gives the report, the exit code and the seconds."""
    report = target.parent / "report.json"
    begun = time.perf_counter()
    words = command(source, target, "--report", str(report), *extra)
    done = subprocess.run(words, check=False)
    seconds = time.perf_counter() - begun
    return json.loads(report.read_text()), done.returncode, seconds


def sources(report: dict[str, Any], status: str) -> set[str]:
    return {f["source"] for f in report["files"] if f["status"] == status}


def content(path: Path) -> str:
    """What is in an output: Matroska has a random number in it, so its packets."""
    if path.suffix.lower() not in (".mkv", ".webm"):
        return str(hash(path.read_bytes()))
    words = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        f"file:{path}",
        "-map",
        "0:v",
        "-map",
        "0:a?",
    ]
    words += ["-c", "copy", "-f", "framemd5", "-"]
    done = subprocess.run(words, check=True, capture_output=True)
    return done.stdout.decode()


def tree(folder: Path) -> dict[str, str]:
    """Every file of a finished tree but the record."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): content(path)
        for path in files
        if ".videnhance" not in path.relative_to(folder).parts
    }


def killed(source: Path, target: Path, after: float, *extra: str) -> int:
    """Starts, kills after some seconds, and gives how many outputs there are."""
    with subprocess.Popen(command(source, target, *REPEATABLE, *extra)) as program:
        time.sleep(after)
        program.send_signal(signal.SIGKILL)
    return len(tree(target)) if target.exists() else 0


def row(
    step: str, report: dict[str, Any], code: int, seconds: float, good: bool
) -> bool:
    counts = report["counts"]
    print(
        f"| {step} | {counts['done']} | {counts['skipped']} | {counts['failed']} | "
        f"{code} | {seconds:.1f} | {'yes' if good else 'NO'} |",
        flush=True,
    )
    return good


def changed(source: Path, target: Path, made: list[str]) -> set[str]:
    """Cuts three outputs off and changes an input; gives the inputs to be redone."""
    chance = random.Random(5)
    by_output = {file["target"]: file["source"] for file in REPORT["files"]}
    cut = chance.sample([name for name in made if name.endswith(".mp4")], 3)
    for name in cut:
        path = target / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    changed_input = by_output[next(name for name in made if name.endswith(".mov"))]
    with (source / changed_input).open("ab") as file:
        file.write(b"\0\0\0\x08free")  # a box that says nothing
    return {by_output[name] for name in cut} | {changed_input}


def main() -> int:
    """All steps; a row for each."""
    global EXTRA, REPORT
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("extra", nargs="*")
    given = parser.parse_args()
    EXTRA = given.extra
    with tempfile.TemporaryDirectory() as place:
        source, target = Path(place) / "in", Path(place) / "out"
        kinds = grown(source, given.inputs, given.seed)
        print(f"{sum(kinds.values())} inputs of {len(kinds)} kinds\n")
        print("| step | done | skipped | failed | exit | seconds | as it must |")
        print("|---|---:|---:|---:|---:|---:|---|")
        REPORT, code, seconds = run(source, target)
        failed = sources(REPORT, "failed")
        good = [row("first run", REPORT, code, seconds, broken_alone(failed, code))]
        whole = tree(target)
        again, code, seconds = run(source, target)
        nothing = again["counts"]["done"] == 0 and sources(again, "failed") == failed
        good.append(row("second run", again, code, seconds, nothing and seconds < 30))
        wanted = changed(source, target, sorted(whole))
        again, code, seconds = run(source, target)
        exact = sources(again, "done") == wanted
        good.append(row("3 outputs cut, 1 input changed", again, code, seconds, exact))
        again, code, seconds = run(source, target, "--picture-quality", "77")
        lossy = {
            f["source"]
            for f in again["files"]
            if f["status"] != "failed"
            and Path(f["target"]).suffix in (".jpg", ".webp", ".avif")
        }
        exact = sources(again, "done") == lossy
        good.append(row("1 option changed", again, code, seconds, exact))
        good.append(kill_twice(Path(place), source))
        good.append(kill_twice(Path(place), source, "--scale", "1"))
        for file in sorted(REPORT["files"], key=lambda f: f["source"]):
            if file["status"] == "failed":
                print(f"\nfailed {file['source']!r}: {file['reason']}")
    return not all(good)


def broken_alone(failed: set[str], code: int) -> bool:
    return code == 3 and all(name.startswith("broken/") for name in failed)


def kill_twice(place: Path, source: Path, *extra: str) -> bool:
    """Two kills on the way to a second tree, which must equal an uninterrupted one.

    Where the trees are there already, `extra` options make all of them anew.
    """
    first, second = place / "whole", place / "killed"
    report, code, seconds = run(source, first, *REPEATABLE, *extra)
    for share in (0.3, 0.4):
        killed(source, second, seconds * share, *extra)
    report, code, _ = run(source, second, *REPEATABLE, *extra)
    one, two = tree(first), tree(second)
    unlike = sorted(n for n in one.keys() | two.keys() if one.get(n) != two.get(n))
    left = [*second.rglob(".*.part*"), *second.rglob(".*.videnhance")]
    if unlike or left:
        print(f"differ: {unlike}, left: {left}")
    step = f"killed twice{' while all is made anew' if extra else ''}"
    return row(step, report, code, seconds, not unlike and not left)


REPEATABLE = ("-c", "mpeg4", "--to", "mp4")
"""Of such small pictures libx264 does not always make the same packets (README)."""
EXTRA: list[str] = []
REPORT: dict[str, Any] = {}

if __name__ == "__main__":
    sys.exit(main())
