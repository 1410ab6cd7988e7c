"""What a container says of a video stream where PyAV has no name for it.

FFmpeg prints a stream's side data when it describes a file; that description is read.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av.logging
from av.container import InputContainer
from av.video.stream import VideoStream

from videnhance.errors import printable
from videnhance.media.reader.decoding import ffmpeg_log_level
from videnhance.media.reader.geometry import Crop

__all__ = [
    "Declared",
    "chapter_words",
    "declared",
    "declared_fields",
    "declared_services",
    "description_of",
]

_STREAM = re.compile(r"^  Stream #0:(\d+)")
_CROP = re.compile(r"^      Frame Cropping: (\d+)/(\d+)/(\d+)/(\d+)$")
_ROTATION = re.compile(r"^      Display Matrix: rotation of (-?[\d.]+) degrees")
_DOLBY = re.compile(
    r"^      DOVI configuration record: .*profile: (\d+),.* compatibility id: (\d+)"
)
_WITHOUT_BASE = ((5, None), (10, 0), (20, 0))
"""Profiles, and their compatibility, whose pictures are no video of another kind."""
_BASES = {1: "HDR10", 2: "SDR", 4: "HLG", 6: "HDR10"}
_NAME = re.compile(r"^      (\S[^:]*)")
_KNOWN = (
    "ambient viewing environment",
    "content light level metadata",
    "cpb properties",
    "display matrix",
    "dovi configuration record",
    "exif metadata",
    "frame cropping",
    "icc profile",
    "mastering display metadata",
    "spherical mapping",
    "stereo 3d",
    "3d reference displays info",
)
"""Side data that is read here, or comes with the first picture."""
_MUXER = "FFmpeg"
"""Provider of services that nobody gave a name: the muxer's own."""
_SERVICE = re.compile(r"^      (service_name|service_provider) *: (.*)$")
_SIDE_DATA = "    Side data:"
_FIELDS = {
    "progressive": 1,
    "top first": 2,
    "bottom first": 3,
    "top coded first ": 4,
    "bottom coded first ": 5,
}
"""FFmpeg's numbers of the order of fields, by its words."""
_LISTED_LAST = re.compile(r"[(,] ?([a-z ]+)(?:\(swapped\))?\)")
"""They end the list in brackets behind the pixel format."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What the container adds to a video stream."""

    crop: Crop | None = None
    rotation: float | None = None
    """Degrees counter-clockwise; None if there is no display matrix."""
    dolby: tuple[int, int] | None = None
    """Profile of Dolby Vision, and its number of compatibility."""
    unknown: tuple[str, ...] = ()
    """What else it says, in FFmpeg's words."""

    @property
    def dolby_notice(self) -> str | None:
        """What becomes of Dolby Vision, in words; None if there is none."""
        if self.dolby is None:
            return None
        profile, base = self.dolby
        if (profile, base) in _WITHOUT_BASE or (profile, None) in _WITHOUT_BASE:
            return (
                f"the video is Dolby Vision of profile {profile}, whose colours only "
                "Dolby Vision makes right, and it is not applied: the result looks "
                "green and purple; convert it first with a program that applies it, "
                "such as ffmpeg's libplacebo filter"
            )
        kind = f", as {_BASES[base]}" if base in _BASES else ""
        return (
            f"Dolby Vision (profile {profile}) is left out: its base picture is kept"
            f"{kind}"
        )


def declared(container: InputContainer, stream: VideoStream) -> Declared:
    """What the container says of the stream's aperture, rotation and Dolby Vision."""
    crop, rotation, dolby = None, None, None
    unknown = []
    for line in _side_data(description_of(container), stream.index):
        if found := _CROP.match(line):
            crop = Crop(*(int(edge) for edge in found.groups()))
        elif found := _ROTATION.match(line):
            rotation = float(found[1])
        elif found := _DOLBY.match(line):
            dolby = int(found[1]), int(found[2])
        elif (found := _NAME.match(line)) and found[1].lower() not in _KNOWN:
            unknown.append(printable(found[1]))
    return Declared(crop, rotation, dolby, tuple(unknown))


def declared_services(container: InputContainer) -> dict[str, str]:
    """Name and provider of the one programme of a transport stream, as tags."""
    lines = description_of(container).splitlines()
    if sum(line.startswith("  Program ") for line in lines) != 1:
        return {}
    told = {found[1]: found[2] for line in lines if (found := _SERVICE.match(line))}
    return {} if told.get("service_provider") == _MUXER else told


def chapter_words(container: InputContainer) -> tuple[str, ...]:
    """When each chapter begins and ends, and its title."""
    words = []
    for chapter in container.chapters():
        base = Fraction(chapter["time_base"] or 1)
        start, end = (float(chapter[edge] * base) for edge in ("start", "end"))
        title = printable(chapter["metadata"].get("title", ""))
        words.append(f"{start:.3f} s to {end:.3f} s {title}".rstrip())
    return tuple(words)


def declared_fields(container: InputContainer, stream: VideoStream) -> int:
    """The order of fields that the container tells, in FFmpeg's numbers; 0: none."""
    # PyAV 17 has no name for it.
    for line in description_of(container).splitlines():
        found = _STREAM.match(line)
        if found and int(found[1]) == stream.index:
            words = _LISTED_LAST.findall(line)
            return next((_FIELDS[word] for word in words if word in _FIELDS), 0)
    return 0


def description_of(container: InputContainer) -> str:
    """FFmpeg's description of a file, line by line, with what came up on the way."""
    described: Any = container  # the stubs do not know the method
    with ffmpeg_log_level(av.logging.INFO):
        return str(described.dumps_format())


def _side_data(description: str, index: int) -> list[str]:
    """The lines below the stream's "Side data": tags stand above, whatever they say."""
    lines: list[str] = []
    stream, inside = -1, False
    for line in description.splitlines():
        if found := _STREAM.match(line):
            stream, inside = int(found[1]), False
        elif stream == index and line == _SIDE_DATA:
            lines, inside = [], True
        elif inside:
            lines.append(line)
    return lines
