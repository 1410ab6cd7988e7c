"""A timecode, counted on: the time of day by which tape and film name a frame."""

import re
from fractions import Fraction

__all__ = ["is_counted", "moved_timecode"]

_PARTS = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d\d?)")
_MINUTE, _DAY = 60, 24 * 60 * 60
"""Seconds."""
_MOST_FRAMES = 120
"""Frames a second; with a few more the muxer fails over the timecode in the end."""


def is_counted(rate: Fraction) -> bool:
    """Whether FFmpeg's muxers can count frames of this rate by a timecode."""
    return 1 <= rate <= _MOST_FRAMES


def moved_timecode(timecode: str, rate: Fraction, seconds: Fraction) -> str:
    """The timecode this much later, at `rate` frames a second; if it is none, itself.

    With a semicolon it leaves out numbers, two of 30 in each minute but the tenth, so
    that it follows the clock (SMPTE ST 12-1).
    """
    found = _PARTS.fullmatch(timecode)
    base = round(rate)
    if not found or base < 1:
        return timecode
    hours, minutes, whole, frame = (int(found[n]) for n in (1, 2, 3, 5))
    left_out = base // 15 if found[4] in ";." and base % 30 == 0 else 0
    all_minutes = hours * _MINUTE + minutes
    number = (all_minutes * _MINUTE + whole) * base + frame
    number -= left_out * (all_minutes - all_minutes // 10)
    day = _DAY * base - left_out * (24 * 6 * 9)
    number = (number + round(seconds * rate)) % day
    tens, rest = divmod(number, base * _MINUTE * 10 - left_out * 9)
    number += left_out * 9 * tens
    if rest >= base * _MINUTE:
        minute = base * _MINUTE - left_out
        number += left_out * ((rest - left_out) // minute)
    whole, frame = divmod(number, base)
    clock = whole // 3600, whole // _MINUTE % _MINUTE, whole % _MINUTE
    digits = len(found[5])
    return "{:02}:{:02}:{:02}".format(*clock) + f"{found[4]}{frame:0{digits}}"
