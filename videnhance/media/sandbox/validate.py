"""What is checked of a child's words about a video before they are believed."""

from dataclasses import replace
from fractions import Fraction

from videnhance.frame import (
    LONGEST_USER_DATA,
    ColourTags,
    Sphere,
    UserData,
    VideoInfo,
)
from videnhance.media.layout import native_layout
from videnhance.media.sandbox.messages import Moment
from videnhance.media.sandbox.serialize import WireError

__all__ = ["check_info", "check_moment"]

_LONGEST_TIME = 1 << 62
_LARGEST_PART = 1 << 31
_LARGEST_TAG = 255
_LARGEST_PAYLOAD_TYPE = 254
"""Of what the first byte of an SEI message can tell alone."""


def check_info(info: VideoInfo) -> None:
    """Raises WireError for what no reader says of a video."""
    try:
        # Where chroma lies is the codec's, and not of the format.
        plain = replace(info.layout, centred=False)
        known = native_layout(info.layout.name) == plain
    except ValueError:
        known = False
    aspect = info.sample_aspect_ratio
    good = (
        known
        and info.time_base > 0
        and info.rate >= 0
        and (aspect is None or aspect > 0)
        and all(map(_is_small, (info.time_base, info.rate, aspect or Fraction(1))))
        and (info.frames is None or info.frames >= 0)
        and _are_tags(info.tags)
        and _are_user_data(info.user_data)
        and (info.sphere is None or _is_told(info.sphere))
    )
    if not good:
        raise WireError("a video that cannot be")


def check_moment(moment: Moment, index: int, last: int | None) -> None:
    """Raises WireError unless it is frame `index`, and after the time `last`."""
    follows = moment.index == index and (last is None or moment.pts > last)
    times = abs(moment.pts) < _LONGEST_TIME and 0 <= moment.duration < _LONGEST_TIME
    told = _are_tags(moment.tags) and _are_user_data(moment.user_data)
    if not (times and follows and told):
        raise WireError("a frame that cannot follow")


def _is_small(value: Fraction) -> bool:
    return max(value.numerator, value.denominator) < _LARGEST_PART


def _is_told(sphere: Sphere) -> bool:
    """Whether its numbers go into the fields that files have for them."""
    signed = all(-_LARGEST_PART <= angle < _LARGEST_PART for angle in sphere.pose)
    shares = (*sphere.edges, sphere.padding)
    return signed and all(0 <= share < 2 * _LARGEST_PART for share in shares)


def _are_user_data(pieces: tuple[UserData, ...]) -> bool:
    return all(
        0 <= one.payload_type <= _LARGEST_PAYLOAD_TYPE
        and len(one.payload) <= LONGEST_USER_DATA
        for one in pieces
    )


def _are_tags(tags: ColourTags) -> bool:
    values = (tags.range, tags.matrix, tags.primaries, tags.transfer)
    return all(0 <= value <= _LARGEST_TAG for value in values)
