"""Simulates the conversion of an archive by a cluster: where more workers stop helping.

Films wait for coordinators; a coordinator reads its film ahead, asks for segments, and
joins them; segments wait for a core; all share the storage and the scheduler. The stage
times are measured; `--measure IN` does that on this machine, and prints them.

    benchmarks/scale.py [--hours 10000] [--measure IN]
"""

import argparse
import heapq
import itertools
import tempfile
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

SEGMENT_FRAMES = 250
RATE = 25
WORKERS = (2, 8, 32, 128, 512, 2048)
FILMS = 60
"""Simulated; an archive has more, and takes so many times as long."""


@dataclass(frozen=True)
class Stages:
    """Measured seconds of one core a frame, and bytes a frame."""

    name: str
    reading: float
    """Of the coordinator, ahead of the workers."""
    making: float
    """Of a worker: decode, network, encode."""
    seeking: float
    """Of a worker, before each segment."""
    source_bytes: float
    output_bytes: float
    joining: float
    """Seconds of a core for each byte joined and read back."""
    scheduling: float
    """Of the scheduler, a segment."""
    pulse: float
    """Of the scheduler, for what a worker tells each second."""


@dataclass(frozen=True)
class Machines:
    """What there is to work with."""

    workers: int
    """Cores that make segments."""
    coordinators: int = 8
    """Films that are under way at once, a core each."""
    film_seconds: int = 3600
    storage_bytes: float = 1e9
    """A second, of reading and writing together."""


class Resource:
    """So many places, taken in order of asking."""

    def __init__(self, places: int) -> None:
        self.free, self.places = places, places
        self.waiting: deque[Process] = deque()
        self.busy = 0.0
        """Seconds that its places were taken, together."""


@dataclass(frozen=True)
class Use:
    """Takes a place for so many seconds."""

    resource: Resource
    seconds: float


@dataclass(frozen=True)
class Take:
    """Takes a place, and keeps it."""

    resource: Resource


@dataclass(frozen=True)
class Give:
    """Gives it back."""

    resource: Resource


Process = Generator[Use | Take | Give, None, None]


class Simulation:
    """Runs processes; the clock goes from event to event."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Process, Resource | None]] = []
        self._numbers = itertools.count()
        self._uses: dict[int, Use] = {}

    def start(self, process: Process) -> None:
        """Lets a process begin now."""
        self._later(0.0, process)

    def run(self) -> float:
        """Runs until nothing happens any more; gives the seconds that it took."""
        while self._events:
            self.now, _, process, used = heapq.heappop(self._events)
            if used is not None:
                self._release(used)
            command = next(process, None)
            if isinstance(command, Give):
                self._release(command.resource)
                self._later(0.0, process)
            elif command is not None:
                if isinstance(command, Use):
                    self._uses[id(process)] = command
                self._acquire(command.resource, process)
        return self.now

    def _later(
        self, seconds: float, process: Process, used: Resource | None = None
    ) -> None:
        event = self.now + seconds, next(self._numbers), process, used
        heapq.heappush(self._events, event)

    def _acquire(self, resource: Resource, process: Process) -> None:
        if not resource.free:
            resource.waiting.append(process)
            return
        resource.free -= 1
        use = self._uses.pop(id(process), None)
        if use is None:
            resource.busy -= self.now
            self._later(0.0, process)
        else:
            resource.busy += use.seconds
            self._later(use.seconds, process, resource)

    def _release(self, resource: Resource) -> None:
        resource.free += 1
        if resource.waiting:
            self._acquire(resource, resource.waiting.popleft())


@dataclass
class Site:
    """A cluster at work."""

    simulation: Simulation
    stages: Stages
    machines: Machines
    cores: Resource
    storage: Resource
    scheduler: Resource


def converted(site: Site, films: Iterator[int], asked: Resource) -> Process:
    """A coordinator: film after film."""
    stages, machines = site.stages, site.machines
    frames = machines.film_seconds * RATE
    segments = frames // SEGMENT_FRAMES
    for _ in films:
        done = Resource(0)
        for _ in range(segments):
            seconds = SEGMENT_FRAMES * stages.source_bytes / machines.storage_bytes
            yield Use(site.storage, seconds)
            yield Use(Resource(1), SEGMENT_FRAMES * stages.reading)
            yield Take(asked)
            site.simulation.start(made(site, asked, done))
        for _ in range(segments):
            yield Take(done)
        joined = frames * stages.output_bytes
        # Segments are read, the output is written, and read back.
        yield Use(site.storage, 3 * joined / machines.storage_bytes)
        yield Use(Resource(1), joined * stages.joining)


def made(site: Site, asked: Resource, done: Resource) -> Process:
    """A segment, by whichever core is free."""
    stages, storage = site.stages, site.machines.storage_bytes
    work = stages.seeking + SEGMENT_FRAMES * stages.making
    yield Use(site.scheduler, stages.scheduling + work * stages.pulse)
    yield Take(site.cores)
    yield Use(site.storage, SEGMENT_FRAMES * stages.source_bytes / storage)
    yield Use(Resource(1), work)
    yield Use(site.storage, SEGMENT_FRAMES * stages.output_bytes / storage)
    yield Give(site.cores)
    yield Give(asked)
    yield Give(done)


@dataclass(frozen=True)
class Result:
    """What a simulation gave."""

    seconds: float
    """For the films that were simulated."""
    cores: float
    """Share of the time that they were busy."""
    storage: float
    scheduler: float


def simulated(stages: Stages, machines: Machines, films: int = FILMS) -> Result:
    """Converts so many films."""
    simulation = Simulation()
    resources = Resource(machines.workers), Resource(1), Resource(1)
    site = Site(simulation, stages, machines, *resources)
    waiting = iter(range(films))
    most = machines.workers + max(machines.workers // 2, 2)
    for _ in range(machines.coordinators):
        simulation.start(converted(site, waiting, Resource(most)))
    seconds = simulation.run()
    # A place that was kept has counted only its beginnings.
    segments = films * machines.film_seconds * RATE // SEGMENT_FRAMES
    work = segments * (stages.seeking + SEGMENT_FRAMES * stages.making)
    return Result(
        seconds=seconds,
        cores=work / seconds / machines.workers,
        storage=site.storage.busy / seconds,
        scheduler=site.scheduler.busy / seconds,
    )


MEASURED = [
    Stages("640x360", 0.00184, 0.0895, 0.25, 8690, 16400, 2.6e-8, 0.0013, 0.00058),
    Stages("1280x720", 0.00283, 0.321, 0.20, 8650, 51600, 3.9e-8, 0.0011, 0.00049),
]
"""Intel Xeon with AMX, two virtual cores, 2026-11-26, with other work beside it."""


def table(stages: Stages, hours: float) -> Iterator[str]:
    """A line for each number of cores."""
    alone = simulated(stages, Machines(2, coordinators=1, film_seconds=60), 1)
    yield f"\n{stages.name}: a film of 60 s on two cores takes {alone.seconds:.1f} s"
    yield f"\n{hours:.0f} hours, {Machines(1).coordinators} coordinators:"
    yield "\n| cores | days | to ideal | cores busy | storage busy | scheduler busy |"
    yield "|---:|---:|---:|---:|---:|---:|"
    for workers in WORKERS:
        machines = Machines(workers)
        yield f"| {workers} | {_row(stages, machines, hours)} |"
    most = WORKERS[-2]
    yield f"\nWith {most} cores, and something changed:\n"
    yield "| change | days | to ideal | cores busy | storage busy | scheduler busy |"
    yield "|---|---:|---:|---:|---:|---:|"
    for words, machines in (
        ("none", Machines(most)),
        ("2 coordinators", Machines(most, coordinators=2)),
        ("32 coordinators", Machines(most, coordinators=32)),
        ("storage of 100 MB/s", Machines(most, storage_bytes=1e8)),
        ("one film alone", Machines(most, coordinators=1)),
    ):
        yield f"| {words} | {_row(stages, machines, hours)} |"


def _row(stages: Stages, machines: Machines, hours: float) -> str:
    # As many for each, so that none waits for the others at the end.
    films = max(-(-FILMS // machines.coordinators), 3) * machines.coordinators
    films = 1 if machines.coordinators == 1 else films
    result = simulated(stages, machines, films)
    per_hour = result.seconds / (films * machines.film_seconds / 3600)
    ideal = 3600 * RATE * stages.making / machines.workers
    shares = (result.cores, result.storage, result.scheduler)
    days = per_hour * hours / 86400
    busy = " | ".join(f"{share:.0%}" for share in shares)
    return f"{days:.1f} | {per_hour / ideal:.2f} | {busy}"


def measured(clip: Path) -> Stages:
    """The stage times of this machine, with a clip of a minute or so."""
    import stages  # loads much, for this alone

    frames, read = stages.reading(clip)
    with tempfile.TemporaryDirectory() as name:
        made = stages.making(clip, Path(name) / "made.mp4")
        task, word = stages.scheduling(Path(name))
    return Stages(
        name=clip.stem,
        reading=read,
        making=made.seconds / made.frames,
        seeking=stages.seeking(clip),
        source_bytes=clip.stat().st_size / frames,
        output_bytes=made.bytes / made.frames,
        joining=made.joining[0] / made.bytes,
        scheduling=task,
        pulse=word,
    )


def main() -> None:
    """Prints the tables, of the stages written here or of new ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=10_000)
    parser.add_argument("--measure", type=Path, nargs="+")
    given = parser.parse_args()
    known = [measured(clip) for clip in given.measure] if given.measure else MEASURED
    for stages in known:
        print(f"\n{stages}")
        print("\n".join(table(stages, given.hours)), flush=True)


if __name__ == "__main__":
    main()
