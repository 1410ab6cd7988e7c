"""What a conversion is told, and how it is made of what a user chooses."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

from videnhance.errors import UsageError
from videnhance.frame.geometry import Box, Fit, box_of, size_of
from videnhance.media.containers import CONTAINERS, container_named
from videnhance.media.encoder.encoding import Encoding
from videnhance.media.open_any import PIPE
from videnhance.media.pipes.raw import RawShape
from videnhance.media.pipes.writer import PipeForm
from videnhance.media.source import Deinterlace, Reading, Source, Span
from videnhance.models.choice import Choice
from videnhance.models.looks import clean_model, model_of_look
from videnhance.options import DEFAULT_LOOK, ConvertOptions
from videnhance.options.times import deadline_of, rate_of
from videnhance.pipeline.enhance import Settings
from videnhance.pipeline.motion import load_opencv
from videnhance.system.threads import available_cores

__all__ = [
    "Job",
    "TimeBudget",
    "box_from",
    "budget_of",
    "choice_of",
    "default_workers",
    "encoding_of",
    "job_of",
    "settings_of",
]


@dataclass(frozen=True, slots=True)
class TimeBudget:
    """When frames are to be done; one of the four says it."""

    words: str
    """As the user gave it."""
    rate: float | None = None
    """Frames a second."""
    realtime: bool = False
    """The source's own rate."""
    seconds: float | None = None
    """For all, those among them that earlier runs have worked."""
    until: float | None = None
    """When all is to be done, in seconds since 1970."""
    picks_model: bool = False
    """Whether a faster model may be taken: the user has named none."""

    @property
    def is_deadline(self) -> bool:
        """Whether all frames are due at one time."""
        return self.seconds is not None or self.until is not None


@dataclass(frozen=True, slots=True)
class Job:
    """One conversion: what a user chose, and what follows before the source is open."""

    source: Path
    target: Path
    choice: Choice
    settings: Settings
    encoding: Encoding
    options: ConvertOptions = field(default_factory=ConvertOptions)
    """What the user chose; model, pipeline and encoder stand in the fields above."""
    notices: tuple[str, ...] = ()
    """What the user must hear before the work starts, beside what this finds."""
    budget: TimeBudget | None = None
    """None: every frame gets what the settings say, however long that takes."""

    @property
    def span(self) -> Span:
        """The part of the source that is wanted."""
        options = self.options
        return Span(options.start, options.end, options.max_frames)

    @property
    def reading(self) -> Reading:
        """How the source is read."""
        options = self.options
        limit = options.limit_pixels or Reading().limit_pixels
        return Reading(Deinterlace(options.deinterlace), limit, options.video_track)

    @property
    def part(self) -> Source:
        """The source as a file with other streams than the video that is worked on."""
        return Source(self.source, self.span, self.options.video_track)

    @property
    def box(self) -> Box | None:
        """The size that is wanted; None: what the scale makes of the source's."""
        return box_from(self.options)

    @property
    def rate(self) -> Fraction | None:
        """Frames a second of a sequence of pictures."""
        return None if self.options.raw_size else rate_of(self.options.rate)

    @property
    def raw(self) -> RawShape | None:
        """What comes through a pipe without a header."""
        options = self.options
        if options.raw_size is None:
            return None
        form, rate = options.raw_format or "yuv420p", rate_of(options.rate)
        return RawShape(size_of(options.raw_size), form, rate or Fraction(25))

    @property
    def pipe(self) -> PipeForm:
        """What goes into a pipe."""
        return PipeForm(self.options.pipe_format)


def job_of(source: Path, target: Path, *, options: ConvertOptions) -> Job:
    """The conversion that is asked for: what a user leaves open is decided here.

    Raises UsageError, and MissingLibraryError if `skip` needs OpenCV.
    """
    if options.compare and PIPE in (source, target):
        raise UsageError(
            "--compare reads both files again, and a pipe cannot be: name both"
        )
    return Job(
        source=source,
        target=target,
        choice=choice_of(options),
        settings=settings_of(options),
        encoding=encoding_of(options, target),
        options=options,
        budget=budget_of(options),
    )


def budget_of(
    options: ConvertOptions, clock: Callable[[], float] = time.time
) -> TimeBudget | None:
    """The time budget that is asked for, a time of day as the next such moment."""
    if not has_budget(options):
        return None
    named = options.model is not None or options.clean is not None
    free = not named and options.look == DEFAULT_LOOK
    if options.deadline is None:
        option = "--realtime" if options.realtime else "--target-fps"
        rate = options.target_fps
        words = option if rate is None else f"{option} {rate:g}"
        return TimeBudget(words, rate, options.realtime, picks_model=free)
    words, due = f"--deadline {options.deadline}", deadline_of(options.deadline)
    if isinstance(due, timedelta):
        return TimeBudget(words, seconds=due.total_seconds(), picks_model=free)
    now = datetime.fromtimestamp(clock())
    moment = datetime.combine(now.date(), due)
    if moment <= now:
        moment += timedelta(days=1)
    return TimeBudget(words, until=moment.timestamp(), picks_model=free)


def has_budget(options: ConvertOptions) -> bool:
    """Whether any time budget is asked for."""
    given = options.target_fps, options.deadline
    return options.realtime or given != (None, None)


def choice_of(options: ConvertOptions) -> Choice:
    """The model that is asked for, and how it may run. Raises UsageError."""
    if options.clean is not None:
        model = clean_model(options.clean)
    else:
        model = str(options.model or model_of_look(options.look))
    return Choice(model, options.precision, options.device, options.trust_model)


def settings_of(options: ConvertOptions) -> Settings:
    """What is asked of the pipeline.

    Raises MissingLibraryError if residuals are moved and OpenCV does not load.
    """
    workers = default_workers() if options.workers is None else options.workers
    settings = Settings(
        scale=2 if options.scale is None else options.scale,
        strength=options.strength,
        grain=options.grain,
        skip=options.skip,
        reuse=options.reuse == "exact",
        workers=workers,
        patch_area=options.tile**2,
        fuse=options.fuse,
        segment_frames=options.segment or 0,
    )
    # A budget moves residuals as skipping does, whatever it will come to.
    if settings.moves or (has_budget(options) and settings.strength):
        load_opencv()
    return settings


def default_workers() -> int:
    """A worker a core: encoder and decoder threads fill in where a worker waits."""
    return max(available_cores(), 1)


def encoding_of(options: ConvertOptions, target: Path) -> Encoding:
    """How the video of `target` is encoded."""
    container = CONTAINERS.get(target.suffix.lower(), "")
    return Encoding(
        codec=options.codec or container_named(container).default_codec,
        crf=options.crf,
        preset=options.preset,
        pix_fmt=options.pix_fmt,
        options=options.encoder_options,
        audio=options.audio,
        by_default=not options.codec,
    )


def box_from(options: ConvertOptions) -> Box | None:
    """The size that is asked for, if it is no scale."""
    return None if options.size is None else box_of(options.size, Fit(options.fit))
