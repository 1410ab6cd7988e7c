"""What each container tells of what it holds."""

from enum import Enum, auto
from fractions import Fraction

from videnhance.errors import OutputError, printable

__all__ = ["Fact", "check_length", "facts_of"]


class Fact(Enum):
    """What a container tells of what it holds."""

    ASPECT = auto()
    """The shape of a pixel, whatever the codec: PyAV gives it to no other muxer."""
    CHAPTERS = auto()
    COLOUR = auto()
    """Range, matrix, primaries and transfer, for codecs that have none themselves."""
    DEFAULT = auto()
    """Which streams are played unless others are chosen."""
    END = auto()
    """How long the last frame is shown."""
    FRAMES = auto()
    """A packet for each that is written."""
    LANGUAGE = auto()
    """By three letters, as they were given."""
    START = auto()
    """The time of the first frame; elsewhere only differences of times count."""
    TIMES = auto()
    """A time for each frame."""
    TURN = auto()


_TRACKS = frozenset((Fact.FRAMES, Fact.TIMES))
_FULL = _TRACKS | {Fact.CHAPTERS, Fact.DEFAULT, Fact.START, Fact.TURN}
_FACTS = {
    "avi": frozenset((Fact.FRAMES,)),
    "flv": _TRACKS,
    "matroska": _FULL | {Fact.COLOUR, Fact.LANGUAGE},
    "mov": _FULL | {Fact.ASPECT, Fact.END},
    "mp4": _FULL | {Fact.ASPECT, Fact.END, Fact.LANGUAGE},
    "mpegts": _TRACKS,
    "nut": _TRACKS | {Fact.CHAPTERS},
    "webm": _FULL | {Fact.COLOUR, Fact.LANGUAGE},
}

_LONGEST_SECONDS = {"mpegts": Fraction(1 << 33, 90000) - 120}
"""Times are counted in 33 bits; demuxers need a minute of it to tell what is before."""


def check_length(name: object, container: str, seconds: Fraction) -> None:
    """Raises OutputError, which names the file, if a container (FFmpeg's name) cannot
    count from the first to the last of its times."""
    longest = _LONGEST_SECONDS.get(container)
    if longest is not None and seconds > longest:
        raise OutputError(
            f"{printable(name)}: {container} holds {float(longest) / 3600:.0f} hours, "
            f"and the source's times reach over {float(seconds) / 3600:.0f}: name an "
            "output .mkv",
            cause_stays=True,
        )


def facts_of(container: str) -> frozenset[Fact]:
    """What a container (FFmpeg's name) tells; of an unknown one nothing is asked."""
    return _FACTS.get(container, frozenset())
