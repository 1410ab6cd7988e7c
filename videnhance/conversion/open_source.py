"""Opens the source of a job: from outside first, and with a count of damage."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module
from logging import getLogger

from videnhance.conversion.job import Job
from videnhance.errors import DecoderCrashError
from videnhance.frame import Frame
from videnhance.media.containers import CONTAINERS
from videnhance.media.open_any import is_video_file, opened
from videnhance.media.protocols import FrameSource
from videnhance.media.sandbox.ipc import SilentError
from videnhance.media.sandbox.isolated import IsolatedReader, probed_safely
from videnhance.media.sandbox.messages import OtherStreams
from videnhance.media.source import Span

__all__ = ["DamageCounter", "opened_source", "reopened_source"]

_LOG = getLogger(__name__)
_LOADING = partial(import_module, "videnhance.conversion.load_model")
"""It brings torch, which takes a second: as long as the child looks at a source."""


def opened_source(job: Job) -> FrameSource:
    """The open source of a job.

    A video is first opened by a child process with limits, then here, and with
    `isolate` decoded by another. Raises InputError or UsageError.
    """
    if is_video_file(job.source):
        others = _others(job)
        with suppress(SilentError):  # it looks on for the first packet of a rare stream
            probed_safely(job.source, job.reading, others=others, meanwhile=_LOADING)
    return reopened_source(job)


def _others(job: Job) -> OtherStreams | None:
    """How the streams beside the video are tried; None: the output has none."""
    container = CONTAINERS.get(job.target.suffix.lower())
    return None if container is None else OtherStreams(container, job.encoding.audio)


def reopened_source(job: Job, span: Span | None = None) -> FrameSource:
    """The same of a source that was opened before: it is not looked at from outside.

    `span` is another part of it than the job's.
    """
    span = span or job.span
    if is_video_file(job.source) and job.options.isolate:
        return IsolatedReader(job.source, span, job.reading)
    return opened(job.source, span, job.reading, job.rate, job.raw)


class DamageCounter:
    """The frames of a source up to its end or its crash, and the damage on the way."""

    def __init__(self, reader: FrameSource) -> None:
        self.crash = ""
        """What a decoder in a child said when it died; empty if it did not."""
        self._reader = reader
        self._before: Mapping[str, int] = {"packets": 0, "frames": 0}

    def frames(self) -> Iterator[Frame]:
        """Every frame. Raises DecoderCrashError if there was none, or if the decoder
        was killed: then the same work can go on.
        """
        try:
            yield from self._reader
        except DecoderCrashError as error:
            if not (error.after_frames and error.by_the_file):
                raise
            self.crash = str(error)
            _LOG.info("%s", error)

    def goes_on_from(self, damage: Mapping[str, int]) -> None:
        """What is counted until now stands in `damage` already, if there is any."""
        if damage:
            now = self._now()
            self._before = {kind: damage[kind] - now[kind] for kind in now}

    def damage(self) -> dict[str, int]:
        """Damaged packets and frames, those of earlier runs among them."""
        return {kind: n + self._before[kind] for kind, n in self._now().items()}

    def _now(self) -> dict[str, int]:
        reader = self._reader
        return {"packets": reader.damaged_packets, "frames": reader.damaged_frames}
