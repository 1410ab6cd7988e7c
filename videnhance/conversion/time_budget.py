"""Resolves a time budget: measures the machine, chooses the model and the first ration.

A few frames at the start go through all that a frame must have, once with motion and
once without, beside a network that gives nothing; what networks take was measured when
they were loaded. Seconds of processor are counted, not of the clock: encoders hold
frames back.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from videnhance.conversion.job import Job, TimeBudget
from videnhance.conversion.resolve import LoadedModel, ResolvedJob, resolve
from videnhance.errors import UsageError
from videnhance.frame import Frame, VideoInfo
from videnhance.media.open_any import PIPE, SinkKind, sink_kind
from videnhance.media.output.header import OutputPlan
from videnhance.media.output.trial_encode import trial_run
from videnhance.pipeline.enhance import Settings, enhanced, network_of, passes_of
from videnhance.pipeline.pace import AtRate, Pacer, Schedule, UntilDone
from videnhance.pipeline.plan import CELL, grid
from videnhance.pipeline.ration import Budget, Mode, Prices, is_too_dear
from videnhance.pipeline.report import Report
from videnhance.pipeline.upscaler import Bicubic, Upscaler
from videnhance.system.threads import available_cores

__all__ = ["Paced", "concluded", "measured", "paced", "with_budget"]

_LIGHT = "fast"
"""The model for who has no time and has named none."""
_MODEL_SHARE = 1.25
"""Of the time of all workers that whole frames by the network must fit in: then an
eighth of them or more fits beside the rest, which looks better than more by a lighter
one: what a network has seen moves along well."""
_FRAMES, _FEWEST = 8, 3
"""That are measured: as many of the first size, fewer of larger ones."""
_AREA = 640 * 360
_MARGIN = 1.3
"""Pixels that a network computes for each that is kept: cells have a halo."""
_BUSY = 0.95
"""Of all cores, how much is busy where threads wait for each other."""
_CLOSING_SECONDS, _CLOSING_SHARE = 0.5, 0.004
"""For joining segments and reading the result back."""
_SURE = 0.9
"""Of what was measured for the base alone: not less is said to be too much."""
_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class Paced:
    """Frames that are to be made in time, and what was chosen for them."""

    frames: Iterator[Frame]
    pacer: Pacer
    words: dict[str, str]
    """What was `asked`, and what is `chosen`."""
    notices: tuple[str, ...]


def with_budget(job: Job, info: VideoInfo) -> tuple[ResolvedJob, LoadedModel]:
    """The resolved job without a budget that has no meaning for it, and its model: a
    lighter one if the budget leaves no time for the first, or if the work was begun
    with it.

    Raises UsageError if a deadline cannot be planned for, and what `resolve` and `load`
    raise.
    """
    from videnhance.conversion.load_model import loaded_model  # brings torch

    work = resolve(job, info)
    job = work.job
    if job.budget is not None and sink_kind(job.target, info) is SinkKind.STILL:
        job = _without(job, "is for videos: a single picture gets all it needs")
        work = replace(work, job=job)
    if job.budget is not None and not job.settings.strength:
        job = _without(job, "has nothing to choose at --strength 0")
        work = replace(work, job=job)
    budget = job.budget
    if budget is None or not budget.picks_model:
        return work, loaded_model(work)
    light = replace(work, job=replace(job, choice=replace(job.choice, model=_LIGHT)))
    if work.recorded.get("model") == _LIGHT:
        return light, loaded_model(light)
    model = loaded_model(work)
    if "model" not in work.recorded and _is_too_dear(model.upscaler, work):
        return light, loaded_model(light)
    return work, model


def _without(job: Job, why: str) -> Job:
    assert job.budget is not None
    words = f"{job.budget.words} {why}"
    return replace(job, budget=None, notices=(*job.notices, words))


def _is_too_dear(upscaler: Upscaler, work: ResolvedJob) -> bool:
    job, info = work.job, work.info
    assert job.budget is not None
    if not _speed(upscaler):
        return False
    interval = _schedule(job.budget, info, 0.0).interval(0, 0.0)
    pixels = info.size.area * _passed(upscaler, job.settings)
    speed = _speed(upscaler) * _threads(job)
    return is_too_dear(speed, pixels, max(interval, 1e-9), share=_MODEL_SHARE)


def paced(
    work: ResolvedJob,
    upscaler: Upscaler,
    frames: Iterator[Frame],
    *,
    plan: OutputPlan | None,
    times: tuple[float, float],
) -> Paced:
    """Measures some of the frames, and decides what is affordable for all of them.

    `plan` is that of a video file. `times` are the seconds that earlier runs have
    worked, and when this one began, by `time.perf_counter`.
    """
    job, info = work.job, work.info
    assert job.budget is not None
    count = min(max(_FRAMES * _AREA // info.size.area, _FEWEST), _FRAMES)
    count = min(count, job.settings.segment_frames or count)
    began = time.process_time()
    first = list(islice(frames, count))
    reading = (time.process_time() - began) / max(len(first), 1)
    prices, base = measured(job, upscaler, first, plan=plan, reading=reading)
    worked = times[0] + time.perf_counter() - times[1]
    schedule = _schedule(job.budget, info, worked)
    done = first[0].index if first else 0
    interval = schedule.interval(done, 0.0)
    fuses = job.settings.fuse > 0
    rows, columns = grid(info.size)
    cells = rows * columns * _passed(upscaler, job.settings)
    budget = Budget.planned(prices, cells, interval, fuses=fuses)
    pacer = Pacer(schedule, budget, waits=PIPE in (job.source, job.target), done=done)
    asked = _asked(job.budget, schedule, done)
    notices: tuple[str, ...] = ()
    if base * _SURE > interval:
        notices = (
            f"{asked} is more than this machine can do: even without the network "
            f"it makes about {1 / base:.3g} frames a second; all is done as fast as it "
            "goes, enlarged without the network where there is no time",
        )
    words = {"asked": asked, "chosen": _chosen(budget, cells)}
    return Paced(chain(first, frames), pacer, words, notices)


def _schedule(budget: TimeBudget, info: VideoInfo, worked: float) -> Schedule:
    """When frames are due. Raises UsageError if nobody knows how many there are."""
    if not budget.is_deadline:
        rate = budget.rate or float(info.rate)
        if not rate:
            raise UsageError(
                "--realtime: the source does not say its rate; use --target-fps 30"
            )
        return AtRate(rate)
    if not info.frames:
        raise UsageError(
            f"{budget.words} needs to know how many frames there are, which the source "
            "does not say; use --target-fps"
        )
    if budget.until is not None:
        left = budget.until - time.time()
    else:
        left = (budget.seconds or 0.0) - worked
    closing = _CLOSING_SECONDS + _CLOSING_SHARE * left
    return UntilDone(info.frames, left - closing, closing)


def measured(
    job: Job,
    upscaler: Upscaler,
    frames: Sequence[Frame],
    *,
    plan: OutputPlan | None,
    reading: float,
) -> tuple[Prices, float]:
    """The prices of a frame here, and what the base alone takes.

    `reading` is what decoding a frame takes, in seconds of processor.
    """
    settings = replace(job.settings, workers=0, skip=1, segment_frames=0)
    plain = replace(settings, strength=0.0, fuse=0.0)
    made: list[Frame] = []
    base = _each(lambda: made.extend(_run(frames, plain)), frames)
    coding = 0.0
    if plan is not None and made:
        coding = _each(
            lambda: trial_run(plan, (f for f in made), most=len(made)), frames
        )
    adding = moving = base
    if settings.strength:
        still = replace(settings, fuse=0.0)
        adding = _each(lambda: list(_run(frames, still)), frames)
        moves = replace(settings, fuse=settings.fuse or 0.5)
        moving = _each(lambda: list(_run(frames, moves)), frames)
    cores = available_cores() * _BUSY
    cores *= (job.options.max_cpu or 100) / 100
    alone = 1.0 if not job.settings.workers else cores
    threads = min(_threads(job), cores)
    return Prices(
        rest=(reading + coding) / cores + max(adding, base) / alone,
        # The first frame has nothing to move.
        moving=max(moving - adding, 0.0)
        / alone
        * len(frames)
        / max(len(frames) - 1, 1),
        cell=_cell_seconds(upscaler) / threads,
    ), (reading + coding) / cores + base / alone


def _run(frames: Sequence[Frame], settings: Settings) -> Iterator[Frame]:
    return enhanced(iter(frames), Bicubic(), settings, Report())


def _each(work: Callable[[], object], frames: Sequence[Frame]) -> float:
    """Seconds of processor for each frame."""
    began = time.process_time()
    work()
    return (time.process_time() - began) / max(len(frames), 1)


def _speed(upscaler: Upscaler) -> float:
    """Million pixels a second on a thread; 0 if nobody has measured it."""
    return float(getattr(upscaler, "megapixels_per_second", 0.0))


def _cell_seconds(upscaler: Upscaler) -> float:
    if speed := _speed(upscaler):
        return _MARGIN * CELL**2 / speed / 1e6
    return 1e-4  # a GPU, or none at all: what is left over will tell


def _passed(upscaler: Upscaler, settings: Settings) -> int:
    """How many times its pixels a frame shows to the network, in all passes."""
    return 1 + 4 * (passes_of(network_of(upscaler, settings), settings) - 1)


def _threads(job: Job) -> int:
    return min(max(job.settings.workers, 1), available_cores())


def _asked(budget: TimeBudget, schedule: Schedule, done: int) -> str:
    if isinstance(schedule, AtRate):
        return f"{budget.words}, {schedule.rate:.4g} frames a second"
    rate = 1 / max(schedule.interval(done, 0.0), 1e-6)
    return f"{budget.words}, so {rate:.3g} frames a second"


def _chosen(budget: Budget, cells: int) -> str:
    share = min(budget.cells / cells, 1.0)
    if share >= 1:
        return "the network on all parts of every frame"
    if budget.cells < 1:
        return "no time for the network: plain enlargement, or what motion carries on"
    moves = "motion carries on" if budget.mode is Mode.MIXED else "plain enlargement on"
    return (
        f"the network on about {share:.0%} of each frame, as every "
        f"{1 / share:.2g} frames; {moves} the rest"
    )


def concluded(report: Report, pacer: Pacer) -> None:
    """Enters in the report what became of a budget."""
    cells = sum(report.cells.values()) or 1
    rated = isinstance(pacer.schedule, AtRate)
    seconds = max(pacer.worked if rated else pacer.seconds, 1e-9)
    late = pacer.schedule.late(pacer.done, seconds)
    report.budget |= {
        "network": round(report.cells.get("network", 0) / cells, 4),
        "seconds": round(seconds, 3),
        "frames_per_second": round(report.frames_out / seconds, 3),
        "kept": late <= _TOLERANCE * seconds,
    }
