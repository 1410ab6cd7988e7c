"""Chapters moved with the span that is converted."""

from fractions import Fraction
from typing import TYPE_CHECKING

from videnhance.media.source import Span

if TYPE_CHECKING:
    from av.container.core import Chapter

__all__ = ["as_texts", "moved_chapters"]

_UNTITLED = " "
"""A chapter without any title gets no text, and the next one its place."""


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


def as_texts(chapters: "list[Chapter]") -> "list[Chapter]":
    """The chapters for an mp4, which has them as a track of texts without gaps.

    Each has a title, if only a blank, and one of these stands before a late first one.
    """
    for chapter in chapters:
        chapter["metadata"] = {"title": _UNTITLED, **chapter["metadata"]}
    first = min(chapters, key=lambda c: c["start"] * Fraction(c["time_base"] or 1))
    if first["start"] <= 0:
        return chapters
    used = {chapter["id"] for chapter in chapters}
    number = next(n for n in range(len(used) + 1) if n not in used)
    blank: Chapter = {**first, "id": number, "start": 0, "end": first["start"]}
    blank["metadata"] = {"title": _UNTITLED}
    return [blank, *chapters]
