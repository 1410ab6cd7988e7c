"""What a container says of a video stream where PyAV has no name for it.

FFmpeg prints a stream's side data when it describes a file; that description is read.
"""

import re
from dataclasses import dataclass
from typing import Any

import av.logging
from av.container import InputContainer
from av.video.stream import VideoStream

from videnhance.video.reading.aperture import Crop

__all__ = ["Declared", "declared", "declared_fields"]

_STREAM = re.compile(r"^  Stream #0:(\d+)")
_CROP = re.compile(r"^      Frame Cropping: (\d+)/(\d+)/(\d+)/(\d+)$")
_TURN = re.compile(r"^      Display Matrix: rotation of (-?[\d.]+) degrees")
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
    turn: float | None = None
    """Degrees counter-clockwise; None if there is no display matrix."""


def declared(container: InputContainer, stream: VideoStream) -> Declared:
    """What the container says of the stream's aperture and turn."""
    crop, turn = None, None
    for line in _side_data(_description(container), stream.index):
        if found := _CROP.match(line):
            crop = Crop(*(int(edge) for edge in found.groups()))
        elif found := _TURN.match(line):
            turn = float(found[1])
    return Declared(crop, turn)


def declared_fields(container: InputContainer, stream: VideoStream) -> int:
    """The order of fields that the container tells, in FFmpeg's numbers; 0: none."""
    # PyAV 17 has no name for it.
    for line in _description(container).splitlines():
        found = _STREAM.match(line)
        if found and int(found[1]) == stream.index:
            words = _LISTED_LAST.findall(line)
            return next((_FIELDS[word] for word in words if word in _FIELDS), 0)
    return 0


def _description(container: InputContainer) -> str:
    described: Any = container  # the stubs do not know the method
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        return str(described.dumps_format())
    finally:
        av.logging.set_level(level)


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
