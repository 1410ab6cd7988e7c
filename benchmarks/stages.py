"""Measures what one frame, one byte and one segment cost on this machine.

Processor seconds, so that what else runs here counts little; for `scale.py`.
"""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from cluster import ADDRESS, dask

from videnhance.conversion import segments
from videnhance.conversion.executor import Watcher
from videnhance.conversion.job import Job
from videnhance.conversion.run import convert
from videnhance.conversion.segments import ResumePoints
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.reader.video_reader import VideoReader
from videnhance.media.source import ResumePoint
from videnhance.models.choice import Choice
from videnhance.pipeline.enhance import Settings

__all__ = ["Making", "making", "reading", "scheduling", "seeking"]

TASKS = 2000
TICKS = os.sysconf("SC_CLK_TCK")


def reading(clip: Path) -> tuple[int, float]:
    """Frames, and what the coordinator needs for each: decoding, checksums."""
    tails = ResumePoints(250, dict)
    with VideoReader(clip) as reader:
        start = time.process_time()
        frames = sum(1 for _ in tails.noted(iter(reader)))
        return frames, (time.process_time() - start) / frames


def seeking(clip: Path) -> float:
    """What a worker needs to find its place, in the middle of the clip."""
    with VideoReader(clip) as reader:
        half = (reader.info.frames or 0) // 2
        tails = ResumePoints(half, dict)
        for frame in tails.noted(iter(reader)):
            if frame.index == half - 1:
                break
        mark = ResumePoint(half, tails.until(half - 1, half))
    start = time.process_time()
    with VideoReader(clip) as reader:
        reader.resume_after(mark)
    return time.process_time() - start


@dataclass
class Making:
    """What a conversion with one thread took."""

    frames: int = 0
    seconds: float = 0.0
    """Of a processor, but for joining."""
    bytes: int = 0
    joining: list[float] = field(default_factory=list)


def making(clip: Path, target: Path) -> Making:
    """Converts with one thread, as a worker does."""
    found = Making()
    join = segments.SegmentedWriter._join

    def timed(writer: segments.SegmentedWriter) -> None:
        start = time.process_time()
        join(writer)
        found.joining.append(time.process_time() - start)

    segments.SegmentedWriter._join = timed  # type: ignore[method-assign]
    choice = Choice(precision="int8", device="cpu")
    job = Job(clip, target, choice, Settings(workers=1), Encoding(threads=3))
    report = convert(job, Watcher(lambda _, __: None, lambda _: None))
    found.frames, found.seconds = report.frames_out, report.seconds["processor"]
    found.bytes = target.stat().st_size
    return found


def scheduling(folder: Path) -> tuple[float, float]:
    """What the scheduler needs for a task, and for a word that a worker tells."""
    from distributed import Client

    def tell_much() -> None:  # in here, for workers do not know this file
        from distributed import get_worker

        for n in range(TASKS):
            get_worker().log_event("words", {"run": "0", "number": n, "frames": n})
            time.sleep(0.002)

    place = ADDRESS.partition("//")[2].split(":")
    with (
        dask(folder, "scheduler", "--host", place[0], "--port", place[1]) as program,
        dask(folder, "worker", ADDRESS, "--nthreads", "2", "--no-nanny"),
        Client(ADDRESS, timeout=20) as client,
    ):
        client.wait_for_workers(1, timeout=30)
        client.subscribe_topic("words", lambda _: None)
        before = _processor(program.pid)
        order = bytes(8000)
        calls = [
            client.submit(len, order, key=f"task-{n}", pure=False) for n in range(TASKS)
        ]
        client.gather(calls)
        between = _processor(program.pid)
        client.submit(tell_much, key="tell").result()
        time.sleep(1)
        after = _processor(program.pid)
        return (between - before) / TASKS, (after - between) / TASKS


def _processor(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
