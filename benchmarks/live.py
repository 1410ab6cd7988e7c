#!/usr/bin/env python3
"""Watches the live window for minutes: rate, delay, memory; idle, or on a busy machine.

A clip is made to play at 30 frames a second, shown in a real window (on the screen of
DISPLAY, or on a virtual one of Xvfb's) and measured by the program itself; its memory
is read from /proc once a second. `live_detail.py` compares the detail of what is shown
with the source's. Exits 1 if the output's rate, the delay, the memory or the detail is
not as promised.

    benchmarks/live.py --seconds 300 [--busy N] [--clip samples/animation.mp4]
    benchmarks/live.py --seconds 20 --clip A.mp4 --clip B.mkv --size 1280x720
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import av

from videnhance.system.processor import processor_name

RATE, MINUTE = 30, 60
MEDIAN_MS, LATE_MS = 80, 150
LEAST_SHARE = 0.98
"""Of the source's rate, that the output must have."""
SETTLED_SECONDS = 90.0
"""By then the planner has tried all its ways, and kernels are compiled for each."""
MOST_GROWTH_MB = 24
LEAST_DETAIL = 0.995
"""Of the source's; a network that takes noise away may take some of it."""
PROGRAM = Path(__file__).with_name("live_detail.py")


def resized(clip: Path, size: str, path: Path) -> Path:
    """The clip's first 20 seconds in another size, by FFmpeg."""
    filters = f"scale={size.replace('x', ':')}:flags=lanczos,setsar=1,format=yuv420p"
    words = ["ffmpeg", "-v", "error", "-i", str(clip), "-t", "20", "-an"]
    words += ["-vf", filters, "-crf", "16", "-preset", "veryfast", "-g", "30"]
    subprocess.run([*words, str(path)], check=True)
    return path


def at_rate(clip: Path, path: Path) -> Path:
    """The clip, repeated for a minute, its frames 1/30 s apart: the same packets."""
    with av.open(str(clip)) as source, av.open(str(path), "w") as out:
        video = source.streams.video[0]
        stream = out.add_stream_from_template(video)
        factor = Fraction(video.average_rate or RATE) / RATE
        packets = [p for p in source.demux(video) if p.dts is not None]
        step = Fraction(1, RATE) / (video.time_base or 1)
        for turn in range(-(-MINUTE * RATE // len(packets))):
            late = turn * len(packets) * step
            for packet in packets:
                copy = av.Packet(bytes(packet))
                copy.pts = round((packet.pts or 0) * factor + late)
                copy.dts = round((packet.dts or 0) * factor + late)
                copy.duration = round(step)
                copy.time_base, copy.is_keyframe = video.time_base, packet.is_keyframe
                copy.stream = stream
                out.mux(copy)
    return path


@contextmanager
def screen() -> Iterator[dict[str, str]]:
    """An environment with a screen."""
    if os.environ.get("DISPLAY"):
        yield dict(os.environ)
        return
    reading, writing = os.pipe()
    words = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1400x900x24"]
    words += ["-nolisten", "tcp", "-s", "0", "-noreset"]
    with subprocess.Popen(words, pass_fds=[writing]) as server:
        os.close(writing)
        with os.fdopen(reading) as told:
            yield os.environ | {"DISPLAY": f":{told.readline().strip()}"}
        server.terminate()


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Other programs, each of which would take a whole core."""
    words = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(words) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def resident_mb(pid: int) -> float:
    """Memory of the process, files apart."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"RssAnon:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


def watched(words: list[str], env: dict[str, str]) -> list[float]:
    """Runs the program; its memory, once a second. Raises if it fails."""
    with subprocess.Popen(words, env=env) as process:
        samples = []
        while process.poll() is None:
            try:
                samples.append(resident_mb(process.pid))
            except OSError:
                break
            time.sleep(1)
    if process.wait():
        raise SystemExit(f"the program ended with {process.returncode}")
    return [sample for sample in samples if sample]  # none once it ends


def run(options: argparse.Namespace, clip: Path) -> tuple[dict[str, Any], list[float]]:
    """What the program measured of itself, with its detail, and its memory."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if options.size:
            clip = resized(clip, options.size, folder / "resized.mp4")
        clip = at_rate(clip, folder / "clip.mp4")
        env = stack.enter_context(screen())
        stack.enter_context(busy(options.busy))
        report, detail = folder / "report.json", folder / "detail.json"
        words = [sys.executable, str(PROGRAM), str(detail), "live", str(clip), "--loop"]
        words += ["--seconds", str(options.seconds), "--report", str(report)]
        samples = watched([*words, *options.more], env)
        measured = json.loads(report.read_text())
        return measured | {"detail": json.loads(detail.read_text())}, samples


def table(measured: dict[str, Any], samples: list[float]) -> Iterator[str]:
    """What was measured, minute by minute and in all."""
    yield "| at | fps | delay ms | p95 ms | dropped | network | moved | base | MB |"
    yield "|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    for entry in measured["every_ten_seconds"][2::6]:
        cells, at = entry["cells"], int(entry["at"])
        memory = median(samples[max(at - 15, 0) : at + 15] or [0])
        yield (
            f"| {entry['at']:.0f} s | {entry['output_fps']} | {entry['delay_ms']} | "
            f"{entry['delay_p95_ms']} | {entry['dropped']} | {cells['network']:.0%} | "
            f"{cells['moved']:.0%} | {cells['base']:.0%} | {memory:.0f} |"
        )
    yield (
        f"| all | {measured['output_fps']} | {measured['delay_ms']} | "
        f"{measured['delay_p95_ms']} | {measured['dropped']} | | | | |"
    )
    settled = samples[int(SETTLED_SECONDS) :] or samples
    yield ""
    yield from detail_table(measured)
    yield (
        f"{measured['shown']} frames in {measured['seconds']:.0f} s; longest delay "
        f"{measured['delay_max_ms']} ms; memory without files after "
        f"{SETTLED_SECONDS:.0f} s {settled[0]:.0f} MB, at the end {settled[-1]:.0f} "
        f"MB, at most {max(settled):.0f} MB"
    )


def detail_table(measured: dict[str, Any]) -> Iterator[str]:
    """The size of what was shown, and its detail as a multiple of the source's."""
    cells = measured["cells"]
    share = cells["network"] / sum(cells.values())
    yield (
        f"{measured['source_size']} to {measured['output_size']}, "
        f"{measured['output_size_because']}; {share:.0%} of the cells by the network, "
        f"{measured['model']}"
    )
    yield "detail of the source: " + ", ".join(
        f"{name} {of['mean']:.3f} (least {of['least']:.3f})"
        for name, of in measured["detail"].items()
    )
    yield ""


def faults(measured: dict[str, Any], samples: list[float]) -> Iterator[str]:
    """What is not as promised."""
    if measured["output_fps"] < LEAST_SHARE * RATE:
        yield f"{measured['output_fps']} frames a second, not {RATE}"
    if measured["delay_ms"] > MEDIAN_MS or measured["delay_p95_ms"] > LATE_MS:
        yield f"a delay of {measured['delay_ms']} ms, p95 {measured['delay_p95_ms']} ms"
    for name in ("gradient", "laplace"):
        least = measured["detail"].get(name, {}).get("least", 0.0)
        if least < LEAST_DETAIL:
            yield f"a {name} of {least} of the source's"
    history = [entry["delay_ms"] for entry in measured["every_ten_seconds"]]
    half = len(history) // 2
    if half > 2 and sum(history[half:]) / sum(history[:half]) > 1.5 * (
        (len(history) - half) / half
    ):
        yield "a delay that grows"
    # It goes up and down with the cells that the network sees: what counts is where it
    # stands in the mean of a while.
    settled = samples[int(SETTLED_SECONDS) :]
    part = len(settled) // 3
    growth = median(settled[-part:]) - median(settled[:part]) if part else 0.0
    if growth > MOST_GROWTH_MB:
        yield f"memory that grows by {growth:.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--busy", type=int, default=0, help="Other programs at work.")
    parser.add_argument("--clip", type=Path, action="append", help="May be repeated.")
    parser.add_argument("--size", help="WxH that the clips are brought to first.")
    parser.add_argument("more", nargs="*", help="Options of `videnhance live`.")
    options = parser.parse_args()
    found = []
    for clip in options.clip or [Path("samples/animation.mp4")]:
        load = os.getloadavg()[0]
        measured, samples = run(options, clip)
        print(
            f"\n{clip.name}: {processor_name()}, {options.busy} other programs, "
            f"load before {load:.2f}\n"
        )
        print("\n".join(table(measured, samples)))
        here = list(faults(measured, samples))
        for fault in here:
            print(f"not as promised: {fault}")
        found += here
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
