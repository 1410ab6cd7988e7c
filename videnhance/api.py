"""What other programs call: conversions of files and folders, and pictures as arrays.

The same options make the same job as on the command line. No signal handler is
installed here, and two conversions may run in two threads.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import fields, replace
from fractions import Fraction
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from videnhance.batch.batch_options import batch_options_of
from videnhance.batch.outcome import Finished, Outcome
from videnhance.batch.pool import WorkerPool
from videnhance.batch.records import Records
from videnhance.batch.run import Batch
from videnhance.batch.timing import Watch
from videnhance.cluster.executor import executor_for
from videnhance.conversion.executor import Watcher
from videnhance.conversion.job import box_from, choice_of, job_of, settings_of
from videnhance.conversion.preflight import Preflight
from videnhance.conversion.preflight import preflight as looked_ahead
from videnhance.conversion.run import convert as converted
from videnhance.conversion.workdir import kept_is_told
from videnhance.errors import Cancelled, UsageError
from videnhance.frame import ColourTags, Frame, Pixels, VideoInfo
from videnhance.frame.geometry import Box
from videnhance.media.encoder.rescale import Rescaler
from videnhance.media.layout import delivered_layout
from videnhance.models.imported import with_card
from videnhance.models.runtime import load
from videnhance.options import ConvertOptions, FolderOptions
from videnhance.options.bounds import check_names, option_name
from videnhance.pipeline.enhance import Settings, enhanced
from videnhance.pipeline.output_size import planned_size
from videnhance.pipeline.report import Progress, Report
from videnhance.pipeline.upscaler import Bicubic, Upscaler

if TYPE_CHECKING:
    from videnhance.quality.comparison import Comparison

__all__ = ["Flag", "compare", "convert", "convert_folder", "enhance", "preflight"]

Options = TypeVar("Options", bound=ConvertOptions)
Name = str | PathLike[str]

logger = logging.getLogger(__name__)

_FULL_RANGE = 2
_OF_PICTURES = frozenset(
    (
        *("scale", "size", "fit", "skip", "fuse", "strength", "grain", "look", "reuse"),
        *("model", "clean", "trust_model", "precision", "device", "workers", "tile"),
    )
)
"""Options that `enhance` knows."""


class Flag(Protocol):
    """What tells that work is to end: a `threading.Event`, set from any thread."""

    def is_set(self) -> bool:
        """Whether it is to end."""
        ...


def convert(
    source: Name,
    target: Name,
    options: ConvertOptions | None = None,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: Flag | None = None,
    **changes: Any,
) -> Report:
    """Converts one file; the target appears whole at the end or not at all.

    `changes` are fields of ConvertOptions and win over `options`. `on_progress` is
    called on this thread before the first frame and after each. Setting `cancel`, from
    any thread, ends the work at the next frame and raises Cancelled. After that, an
    error or a crash the same call goes on after what is finished. Raises a
    VidenhanceError, whose message names the file or value and what to do.
    """
    chosen = _changed(options or ConvertOptions(), changes)
    job = job_of(Path(source), Path(target), options=chosen)
    with kept_is_told(job.target):
        _check(cancel)
        return converted(job, _Follower(on_progress, cancel).watcher, executor_for)


def compare(
    original: Name,
    *others: Name,
    metrics: Iterable[str] | None = None,
    every: int = 1,
    on_progress: Callable[[Progress], None] | None = None,
    cancel: Flag | None = None,
) -> "Comparison":
    """How near other videos are to an original: one, or several beside each other.

    Frames are paired by their times and brought to the size of the original.
    `metrics` are names of docs/compare.md, or `all`; None: the quick ones that this
    machine can measure. Every `every`th frame is measured. Raises UsageError for videos
    that cannot be compared as they are, InputError, MissingLibraryError and, if
    `cancel` is set, Cancelled.
    """
    # Here, for they need OpenCV, and a conversion does not.
    from videnhance.quality.compare import Order, compared
    from videnhance.quality.pairs import Video

    if not others:
        raise UsageError("compare needs two files or more: the original comes first")
    order = Order(None if metrics is None else tuple(metrics), every)
    began = time.monotonic()

    def advanced(done: int, total: int | None) -> None:
        _check(cancel)
        if on_progress is not None:
            on_progress(Progress(done, 0, total, time.monotonic() - began))

    _check(cancel)
    videos = [Video(Path(name)) for name in others]
    return compared(Video(Path(original)), videos, order=order, advanced=advanced)


def preflight(
    source: Name, target: Name, options: ConvertOptions | None = None, **changes: Any
) -> Preflight:
    """What `convert` would do, keep, lose and take, found in seconds; writes nothing.

    Raises what the conversion would raise at its start, UsageError for a target that is
    no video file, and OutputError if it does not fit on the disk.
    """
    chosen = _changed(options or ConvertOptions(), changes)
    return looked_ahead(job_of(Path(source), Path(target), options=chosen))


def convert_folder(
    source: Name,
    target: Name,
    options: FolderOptions | None = None,
    *,
    on_outcome: Callable[[Outcome], None] | None = None,
    cancel: Flag | None = None,
    **changes: Any,
) -> list[Outcome]:
    """Converts what is in a folder to another, as far as it is not done; one outcome
    for each input, by name.

    A file that fails stops no other: its outcome says why. `on_outcome` is called on
    this thread as each is known. Setting `cancel` ends the work within seconds and
    raises Cancelled; the same call goes on. With `watch`, only that ends it. Each file
    is converted in another process. Raises a VidenhanceError for what holds for all
    inputs.
    """
    chosen = _changed(options or FolderOptions(), changes)
    order = batch_options_of(Path(source), Path(target), options=chosen)
    outcomes: dict[str, Outcome] = {}
    _check(cancel)
    with ExitStack() as stack:
        records = stack.enter_context(Records(order.target))
        pool = stack.enter_context(WorkerPool(order.jobs))
        watch = None
        if chosen.watch:
            watch = stack.enter_context(Watch(order.source, order.target))
        events = Batch(order, records, pool, watch).events()
        for event in stack.enter_context(closing(events)):
            if isinstance(event, Finished):
                outcomes[event.outcome.source] = event.outcome
                if on_outcome is not None:
                    on_outcome(event.outcome)
            _check(cancel)
    return [outcomes[name] for name in sorted(outcomes)]


def enhance(
    frames: Iterable[Pixels], options: ConvertOptions | None = None, **changes: Any
) -> Iterator[Pixels]:
    """Enlarged pictures for pictures, one for one, in order, as they come.

    Pictures are uint8, H x W x 3 (RGB) or H x W (gray), all of one size and kind; so
    are the results, which are the caller's. `frames` is read ahead, on another thread
    unless `workers` is 0, and each picture is copied, so a buffer may be used again.
    The model is loaded at once, the first picture is asked for by the first `next`, and
    closing the iterator ends its threads. Only options of pictures are taken: scale,
    size, fit, skip, fuse, strength, grain, reuse, look, model, clean, trust_model,
    precision, device, workers, tile. Raises UsageError, ModelError or
    MissingLibraryError at once, and UsageError for a picture that does not fit when its
    turn comes.
    """
    chosen = _changed(options or ConvertOptions(), changes)
    _check_for_pictures(chosen)
    settings = settings_of(chosen)
    upscaler = load(with_card(choice_of(chosen))) if settings.strength else Bicubic()
    return _enhanced(iter(frames), upscaler, settings=settings, box=box_from(chosen))


def _enhanced(
    pictures: Iterator[Pixels],
    upscaler: Upscaler,
    *,
    settings: Settings,
    box: Box | None,
) -> Iterator[Pixels]:
    frames = _framed(pictures)
    first = next(frames, None)
    if first is None:
        return
    if box is not None:
        target = planned_size(first.size, None, rotation_degrees=0, box=box)
        finish = Rescaler(target) if target.resizes else None
        settings = replace(settings, scale=target.scale, finish=finish)
    line = enhanced(chain([first], frames), upscaler, settings, Report())
    with closing(line):
        for frame in line:
            yield _picture_of(frame)


def _framed(pictures: Iterator[Pixels]) -> Iterator[Frame]:
    shape: tuple[int, ...] = ()
    for index, picture in enumerate(pictures):
        found = _checked(picture, index)
        if found.shape != (shape or found.shape):
            raise UsageError(
                f"picture {index} is {found.shape}, those before it {shape}: give one "
                "size and kind to one call"
            )
        shape = found.shape
        layout = delivered_layout("gbrp" if found.ndim == 3 else "gray")
        colours = [found[..., n] for n in range(3)] if found.ndim == 3 else [found]
        # Copies: who gives the pictures may write the next one into the same buffer.
        planes = tuple(np.array(colour, order="C") for colour in colours)
        tags = ColourTags(range=_FULL_RANGE)
        yield Frame(index, index, Fraction(1), layout, tags, planes)


def _checked(picture: Pixels, index: int) -> Pixels:
    found = np.asarray(picture)
    is_colour = found.ndim == 3 and found.shape[2] == 3
    if found.dtype != np.uint8 or not (is_colour or found.ndim == 2) or not found.size:
        raise UsageError(
            f"picture {index} is {found.shape} {found.dtype}: give uint8 arrays, "
            "H x W x 3 (RGB) or H x W (gray)"
        )
    return found


def _picture_of(frame: Frame) -> Pixels:
    planes = frame.planes
    picture = planes[0] if len(planes) == 1 else np.stack(planes, axis=-1)
    # A resized plane may be a view of a longer row, and is nobody else's by now.
    return np.ascontiguousarray(picture, dtype=np.uint8)


def _check_for_pictures(options: ConvertOptions) -> None:
    plain = ConvertOptions()
    for name in (field.name for field in fields(ConvertOptions)):
        if name not in _OF_PICTURES and getattr(options, name) != getattr(plain, name):
            raise UsageError(
                f"{option_name(name)} is for files: enhance knows "
                f"{', '.join(sorted(_OF_PICTURES))}"
            )


def _changed(options: Options, changes: dict[str, Any]) -> Options:
    check_names(type(options), changes)
    return replace(options, **changes)


def _check(cancel: Flag | None) -> None:
    if cancel is not None and cancel.is_set():
        raise Cancelled("the work was cancelled")


class _Follower:
    """Tells how far a conversion is, and ends it when it is to end."""

    def __init__(
        self, tell: Callable[[Progress], None] | None, cancel: Flag | None
    ) -> None:
        self.watcher = Watcher(self._started, self._advanced)
        self._tell, self._cancel = tell, cancel
        self._total: int | None = None
        self._began = 0.0

    def _started(self, info: VideoInfo, report: Report) -> None:
        self._total, self._began = info.frames, time.monotonic()
        self._advanced(report)

    def _advanced(self, report: Report) -> None:
        _check(self._cancel)
        if self._tell is not None:
            self._tell(
                Progress(
                    frames=report.frames_written,
                    kept=report.frames_kept,
                    total=self._total,
                    seconds=time.monotonic() - self._began,
                    notices=(*report.notices, *report.later_notices),
                )
            )
