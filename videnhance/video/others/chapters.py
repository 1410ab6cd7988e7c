"""Chapters: which containers hold them, and what becomes of them in a span."""

from fractions import Fraction
from typing import TYPE_CHECKING

from videnhance.video.source import Span

if TYPE_CHECKING:
    from av.container.core import Chapter

__all__ = ["CHAPTERED", "moved_chapters"]

CHAPTERED = frozenset(("matroska", "mov", "mp4", "nut", "webm"))
"""Containers that FFmpeg writes chapters to."""


def moved_chapters(
    chapters: "list[Chapter]", zero: Fraction, span: Span
) -> "list[Chapter]":
    """The chapters within the span, on a clock that has 0 at `zero` seconds."""
    moved = []
    for chapter in chapters:
        base = Fraction(chapter["time_base"] or 1)
        shift = round(zero / base)
        start, end = (max(chapter[edge] - shift, 0) for edge in ("start", "end"))
        if span.end is not None:
            last = round((span.end - span.start) / base)
            start, end = min(start, last), min(end, last)
        if end > start:
            chapter["start"], chapter["end"] = start, end
            moved.append(chapter)
    return moved
