#!/usr/bin/env python3
"""Converts hours of tiny frames and watches the memory, open files and threads.

A clip is made by the program ffmpeg, converted by this one as a user starts it, and
sampled in /proc once a second. Exits 1 if resident memory grows by more than a bound
after the first minute, or if the result's frames and ends (as ffprobe reads them) are
not the source's.

    benchmarks/soak.py --hours 2 [--sound whole|late|early|none] [-- --skip 2]
"""

import argparse
import contextlib
import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from enum import Enum
from fractions import Fraction
from pathlib import Path

RATE = 25
SIZE = "64x48"
CLICKS = "aevalsrc='0.5*sin(2*PI*880*t)*lt(mod(t,1),0.02)':s=16000"
SETTLED_SECONDS = 60.0
ONE_FRAME = Fraction(1, RATE)
KIB, MIB = 1 << 10, 1 << 20


class Sound(Enum):
    """Where the sound lies in the clip."""

    WHOLE = "whole"
    LATE = "late"
    EARLY = "early"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Sample:
    """What the process and its children hold at one moment."""

    seconds: float
    resident: int
    """Bytes, of which those of files can be dropped at any time."""
    anonymous: int
    files: int
    threads: int
    joins: bool
    """Whether the segments are done and the output is being put together."""


def made_clip(path: Path, seconds: int, sound: Sound, gap: int) -> None:
    """Writes a moving pattern with a click each second; `gap` seconds lack sound."""
    words = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i"]
    words += [f"testsrc2=size={SIZE}:rate={RATE}:duration={seconds}"]
    if sound is not Sound.NONE:
        long = seconds if sound is Sound.WHOLE else seconds - gap
        words += ["-itsoffset", str(gap)] if sound is Sound.LATE else []
        words += ["-f", "lavfi", "-i", f"{CLICKS}:d={long}", "-c:a", "aac"]
    words += ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "250"]
    subprocess.run([*words, "-pix_fmt", "yuv420p", "-y", str(path)], check=True)


def family(pid: int) -> Iterator[int]:
    """A process and all that it has started."""
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from family(int(child))


def sampled(pid: int, seconds: float, joins: bool) -> Sample:
    """Sums over the family; raises OSError when the process is gone."""
    resident = anonymous = files = threads = 0
    for member in family(pid):
        lines = Path(f"/proc/{member}/status").read_text().splitlines()
        values = dict(line.split(":", 1) for line in lines if ":" in line)
        resident += int(values["VmRSS"].split()[0]) * KIB
        anonymous += int(values["RssAnon"].split()[0]) * KIB
        threads += int(values["Threads"])
        files += sum(1 for _ in Path(f"/proc/{member}/fd").iterdir())
    return Sample(seconds, resident, anonymous, files, threads, joins)


def watched(words: list[str], folder: Path, every: float) -> list[Sample]:
    """Runs the program and samples it; raises SystemExit if it fails."""
    samples, start = [], time.monotonic()
    with (folder / "messages").open("w+") as said:
        with subprocess.Popen(words, stderr=said) as program:
            while program.poll() is None:
                joins = any(folder.glob(".*.part.*"))
                with contextlib.suppress(OSError, KeyError):
                    seconds = time.monotonic() - start
                    samples.append(sampled(program.pid, seconds, joins))
                with contextlib.suppress(subprocess.TimeoutExpired):
                    program.wait(every)
        said.seek(0)
        if program.returncode:
            raise SystemExit(f"exit {program.returncode}: {said.read()}")
    return samples


def ends(path: Path) -> dict[str, tuple[int, Fraction, Fraction]]:
    """Packets, first time and end in seconds of each kind of stream, by ffprobe."""
    entries = "packet=codec_type,pts_time,duration_time"
    words = ["ffprobe", "-v", "error", "-show_entries", entries, "-of", "csv=p=0"]
    found: dict[str, tuple[int, Fraction, Fraction]] = {}
    with subprocess.Popen(
        [*words, str(path)], stdout=subprocess.PIPE, text=True
    ) as probe:
        assert probe.stdout
        # Side data makes lines of its own, empty ones.
        for kind, pts, duration, *_ in filter(None, csv.reader(probe.stdout)):
            first = Fraction(pts)
            # None stands beside pictures that are reordered in an mp4.
            end = first + (ONE_FRAME if duration == "N/A" else Fraction(duration))
            count, before, last = found.get(kind, (0, first, end))
            found[kind] = count + 1, min(before, first), max(last, end)
    return found


def slope(samples: list[Sample]) -> float:
    """Bytes an hour, by least squares."""
    middle = sum(s.seconds for s in samples) / len(samples)
    spread = sum((s.seconds - middle) ** 2 for s in samples)
    tilt = sum((s.seconds - middle) * s.resident for s in samples)
    return tilt / spread * 3600 if spread else 0.0


def settled(samples: list[Sample]) -> list[Sample]:
    """Those after the first minute, or after the first third of a short run."""
    start = min(SETTLED_SECONDS, samples[-1].seconds / 3)
    return [s for s in samples if s.seconds >= start]


def memory_problems(samples: list[Sample], bound: int) -> Iterator[str]:
    """Prints the table of memory; gives what is out of bounds."""
    late = settled(samples)
    print(f"{'second':>8} {'MB':>7} {'of it anon':>10} {'files':>6} {'threads':>8}")
    for n in range(11):
        s = late[(len(late) - 1) * n // 10]
        mb, anon = s.resident / MIB, s.anonymous / MIB
        phase = "  joining" if s.joins else ""
        print(
            f"{s.seconds:8.0f} {mb:7.1f} {anon:10.1f} {s.files:6} {s.threads:8}{phase}"
        )
    for name, part in (
        ("converting", [s for s in late if not s.joins]),
        ("joining", [s for s in samples if s.joins]),
    ):
        if part:
            top = max(s.resident for s in part) - late[0].resident
            files = f"{min(s.files for s in part)} to {max(s.files for s in part)}"
            print(
                f"{name}: {part[-1].seconds - part[0].seconds:.0f} s, growth "
                f"{top / MIB:+.1f} MB, slope {slope(part) / MIB:+.1f} MB an hour, "
                f"{files} files, up to {max(s.threads for s in part)} threads"
            )
    growth = max(s.resident for s in late) - late[0].resident
    if growth > bound:
        yield f"memory grew by {growth / MIB:.1f} MB, more than {bound / MIB:.0f}"
    if max(s.files for s in late) > late[0].files + 8:
        yield "open files grow"


def end_problems(source: Path, result: Path) -> Iterator[str]:
    """Prints the ends of both files; gives what is out of bounds."""
    was, now = ends(source), ends(result)
    for kind in sorted(was.keys() | now.keys()):
        if kind not in was or kind not in now:
            yield f"{kind} is in one of the files only"
            continue
        (count, first, end), (made, start, stop) = was[kind], now[kind]
        print(
            f"{kind}: {count} -> {made} packets, {float(first):.3f} -> "
            f"{float(start):.3f} s, ends {float(end):.3f} -> {float(stop):.3f} s"
        )
        if abs(start - first) > ONE_FRAME or abs(stop - end) > ONE_FRAME:
            yield f"{kind} starts or ends more than a frame from where it did"
        if count != made:
            yield f"{kind}: {made} packets, not {count}"


def soaked(options: argparse.Namespace, folder: Path) -> list[str]:
    """Makes, converts and checks; gives what is out of bounds."""
    source, result = folder / "source.mp4", folder / f"result{options.suffix}"
    seconds = round(options.hours * 3600)
    sound, gap = Sound(options.sound), round(options.gap * 60)
    made_clip(source, seconds, sound, gap)
    words = [sys.executable, "-m", "videnhance", "convert", str(source), str(result)]
    start = time.monotonic()
    samples = watched([*words, "-q", "-y", *options.extra], folder, options.every)
    took = time.monotonic() - start
    print(f"{seconds * RATE} frames in {took:.0f} s: {seconds * RATE / took:.0f} a s")
    if options.csv:
        with options.csv.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(field.name for field in fields(Sample))
            rows.writerows(map(astuple, samples))
    bad = list(memory_problems(samples, round(options.bound * MIB)))
    return [*bad, *end_problems(source, result)]


def main() -> None:
    """Prints a table, and what is out of bounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--sound", default="whole", choices=[s.value for s in Sound])
    parser.add_argument("--gap", type=float, default=30.0, help="Minutes without.")
    parser.add_argument("--suffix", default=".mp4")
    parser.add_argument("--bound", type=float, default=20.0, help="MB of growth.")
    parser.add_argument("--every", type=float, default=1.0, help="Seconds.")
    parser.add_argument("--csv", type=Path, help="Where each sample goes.")
    parser.add_argument("extra", nargs="*", help="Options of the program, after --.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bad = soaked(options, Path(name))
    print("\n".join(bad) if bad else "all within bounds")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
