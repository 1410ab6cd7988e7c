"""Measures a finished output beside its source."""

import time
from collections.abc import Callable

from videnhance.conversion.job import Job
from videnhance.errors import VidenhanceError
from videnhance.media.stills.series import is_series
from videnhance.pipeline.report import Report

__all__ = ["compare"]


def compare(job: Job, report: Report, *, says: Callable[[str], None]) -> None:
    """Enters into the report, if the job asks, how near the output is to its source.

    What cannot be measured is said there: the output is whole all the same.
    """
    if not job.options.compare:
        return
    # Here, for they need OpenCV, and a conversion that measures nothing does not.
    from videnhance.quality.compare import Order, compared
    from videnhance.quality.pairs import Video

    says("compares the output with its source")
    source = Video(job.source, job.span, job.reading, job.rate)
    target = Video(job.target, rate=job.rate if is_series(job.target) else None)
    begun = time.perf_counter()
    try:
        found = compared(source, [target], order=Order())
    except (KeyboardInterrupt, SystemExit):
        says("the output is whole; it is not measured")
        raise
    except VidenhanceError as error:
        report.later_notices.append(f"not compared with the source: {error}")
        return
    report.add("comparing", time.perf_counter() - begun)
    report.comparison = found.as_json()
    report.later_notices.append(f"beside the source, {found.summary()}")
