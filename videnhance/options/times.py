"""Times and rates from the words that a user writes."""

import re
from datetime import time as clock_time
from datetime import timedelta
from fractions import Fraction

from videnhance.errors import UsageError, printable

__all__ = ["deadline_of", "rate_of"]


def deadline_of(words: str | float) -> timedelta | clock_time:
    """A duration from `2h`, `1h30m` or seconds; a time of day. Raises UsageError."""
    text = str(words).replace(" ", "")
    # 2h30 could be two and a half hours, or half a minute more than two.
    found = re.fullmatch(r"(?:([\d.]+)h)?(?:([\d.]+)m(?:in)?)?(?:([\d.]+)s)?", text)
    parts = found.groups() if found and text else (None, None, text)
    try:
        if ":" in text:
            return clock_time.fromisoformat(text.rjust(5, "0"))
        pairs = zip(parts, (3600, 60, 1), strict=True)
        seconds = sum(float(part) * unit for part, unit in pairs if part is not None)
        if seconds > 0:
            return timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        pass
    raise UsageError(
        f"--deadline {printable(words)} is no time; write 2h, 1h30m, 90min or 45s, or "
        "18:30 for a time of day"
    )


def rate_of(words: str | float | Fraction | None) -> Fraction | None:
    """Frames a second from `25`, `23.976` or `30000/1001`. Raises UsageError."""
    if words is None:
        return None
    try:
        rate = Fraction(words).limit_denominator(1001)
    except (ValueError, OverflowError, TypeError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1000:
        raise UsageError(
            f"--rate {printable(words)} is no rate; write 25 or 30000/1001"
        )
    return rate
