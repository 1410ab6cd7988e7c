"""Carries the tags of a file, and finds by trial which of them a muxer writes."""

import io
import re
from collections.abc import Iterable, Mapping
from functools import cache

import av
from av.packet import Packet

from videnhance.errors import printable
from videnhance.media.containers import container_named
from videnhance.media.output.provenance import TAG
from videnhance.media.reader.headers import declared_services
from videnhance.media.source import DECODE_ERRORS

__all__ = ["carried_tags", "lost_notice", "missing_tags", "untaken"]

_MADE_ANEW = (
    *("major_brand", "minor_version", "compatible_brands", "encoder", "duration"),
    TAG,
)
_APPLE = "com.apple.quicktime."
_BY_PLACE = "location.ISO6709"
_NUMBER = re.compile(r"[+-]\d+(?:\.\d+)?")
_MOST_NAMED = 8


def carried_tags(metadata: Mapping[str, str], container: str) -> dict[str, str]:
    """The tags of a source that stay true, for a container of this (FFmpeg's) name."""
    carried, boxes = {}, container_named(container).boxes
    for key, value in metadata.items():
        plain, _, language = key.rpartition("-")
        again = len(language) == 3 and metadata.get(plain) == value
        # mov's demuxer gives a tag with its language, and once more without.
        if key.lower() in _MADE_ANEW or again:
            continue
        carried[_as_apple(key) if boxes else key] = value
    return carried


def _as_apple(key: str) -> str:
    """Matroska's muxer writes names in capitals, which Apple's players do not know."""
    if not key.lower().startswith(_APPLE):
        return key
    name = key[len(_APPLE) :].lower()
    return _APPLE + (_BY_PLACE if name == _BY_PLACE.lower() else name)


def untaken(tags: Mapping[str, str], container: str) -> dict[str, str]:
    """Those of the tags that a file of this container does not give back."""
    return missing_tags(tags, _read_back(tuple(tags.items()), container))


def missing_tags(tags: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """Those of the tags that are not among the ones found."""
    read = {key.lower(): value for key, value in found.items()}
    return {k: v for k, v in tags.items() if not _is_same(v, read.get(k.lower()))}


def _is_same(value: str, found: str | None) -> bool:
    if found is None or value == found:
        return found is not None
    # A place on the earth is read as numbers, and written with other digits.
    place = [float(number) for number in _NUMBER.findall(value)]
    return bool(place) and place == [float(n) for n in _NUMBER.findall(found)]


@cache
def _read_back(tags: tuple[tuple[str, str], ...], container: str) -> dict[str, str]:
    """The tags that a small file in memory gives back; none if it cannot be made."""
    place = io.BytesIO()
    try:
        with av.open(place, "w", format=container) as out:
            codec = container_named(container).smallest_codec
            stream = out.add_mux_stream(codec, rate=25, width=16, height=16)
            out.metadata.update(tags)
            packet = Packet(bytes(16))
            packet.stream, packet.pts, packet.dts = stream, 0, 0
            packet.is_keyframe = True
            out.mux(packet)
        place.seek(0)
        with av.open(place, "r", metadata_errors="replace") as made:
            return {**declared_services(made), **made.metadata}
    except DECODE_ERRORS:
        return {}


def lost_notice(names: Iterable[str], container: str) -> str | None:
    """What to say of tags that a container does not hold; None if there are none."""
    every = [printable(name) for name in names]
    if not every:
        return None
    more = len(every) - _MOST_NAMED
    words = ", ".join(every[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"{container} does not hold these tags of the file: {words}"
