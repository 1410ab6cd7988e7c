"""Sends a source through the cluster, for workers that do not see it."""

import logging
from pathlib import Path

from videnhance.cluster.client import Call, Cluster
from videnhance.cluster.messages import Outcome, SourceMissing
from videnhance.errors import ClusterError, InputError, VidenhanceError, printable
from videnhance.media.stills.series import is_series

__all__ = ["LARGEST_SENT", "SourceUpload"]

LARGEST_SENT = 256 << 20
"""Bytes. A larger source needs storage that all machines share."""
_MOST_LOSSES = 4
"""Times that the cluster may lose a task, each with the worker that had it."""

_LOG = logging.getLogger(__name__)


class SourceUpload:
    """A source that is sent as soon as a worker turns out not to see it."""

    def __init__(self, cluster: Cluster, source: Path) -> None:
        self.sent: Call | None = None
        """What goes with each task; None as long as nobody needs it."""
        self._cluster, self._source = cluster, source

    def answer(self, outcome: Outcome | None, losses: int) -> None:
        """Makes ready for asking again, after what a task gave, or that it was lost.

        Raises what the task failed with, and ClusterError if it cannot be done here.
        """
        if isinstance(outcome, VidenhanceError):
            raise outcome
        if isinstance(outcome, SourceMissing):
            self._load(outcome.worker)
        elif losses > _MOST_LOSSES:
            raise ClusterError(
                f"{printable(self._source)}: a part of the work was lost {losses} "
                "times with the worker that had it: look into the workers' logs"
            )
        elif self.sent is not None and self.sent.status != "finished":
            self.sent = None
            self._load("that was lost")

    def _load(self, worker: str) -> None:
        """Sends the source, unless it is under way already, for this worker needs it.

        Raises ClusterError if it is too large for that, or no single file.
        """
        if self.sent is not None:
            return
        name = f"{printable(self._source)}: the worker {worker} does not see it"
        advice = "put it where all machines have it under this name"
        if is_series(self._source):
            raise ClusterError(f"{name}, and many pictures are not sent; {advice}")
        try:
            size = self._source.stat().st_size
            if size > LARGEST_SENT:
                raise ClusterError(
                    f"{name}, and of more than {LARGEST_SENT >> 20} MB nothing is sent "
                    f"({size >> 20} MB); {advice}"
                )
            self.sent = self._cluster.sent(self._source.read_bytes())
        except OSError as error:
            raise InputError(
                f"{printable(self._source)} cannot be read: {error.strerror}"
            ) from error
        _LOG.info("%s: it is sent through the cluster (%d bytes)", name, size)
