"""What can go wrong, as one tree.

    VidenhanceError             exit 1
    |- UsageError               exit 2   an option or a name that cannot be right
    |  `- OtherWorkError                 unfinished work there was made of other things
    |- InputError               the source cannot be read, or holds no video
    |  `- DecoderCrashError     the process that decoded it died or hung
    |- OutputError              the target cannot be written
    |  `- BusyError              another run is making it
    |- ModelError               the model is unknown, damaged or of the wrong shape
    |- MissingLibraryError      a library does not load on this machine
    |- Cancelled                the caller wanted it to end
    `- ClusterError             the other machines cannot be used, or were lost

Every message says what failed, on which file or value, and what to do next.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import ClassVar

__all__ = [
    "BusyError",
    "Cancelled",
    "ClusterError",
    "DecoderCrashError",
    "InputError",
    "MissingLibraryError",
    "ModelError",
    "OtherWorkError",
    "OutputError",
    "UsageError",
    "VidenhanceError",
    "counted",
    "nearest",
    "printable",
    "reading",
]


class VidenhanceError(Exception):
    """A failure that the user can do something about."""

    exit_code: ClassVar[int] = 1

    def __init__(self, words: str = "", *, cause_stays: bool = False) -> None:
        super().__init__(words)
        self.cause_stays = cause_stays
        """Whether the same command would fail again, with all that was done kept."""


class UsageError(VidenhanceError):
    """An option, or a pair of them, that cannot be right."""

    exit_code: ClassVar[int] = 2


class OtherWorkError(UsageError):
    """The unfinished work of the target is of another input, model or options."""


class InputError(VidenhanceError):
    """The source cannot be opened or decoded, or it holds no video."""


class DecoderCrashError(InputError):
    """The source killed or stalled the process that decoded it."""

    after_frames: int = 0
    """Whole frames that it gave before."""
    by_the_file: bool = True
    """Whether the file did it, and will again; not so a process that was killed."""


class OutputError(VidenhanceError):
    """The target cannot be written."""


class BusyError(OutputError):
    """Another run is making the target."""


class ModelError(VidenhanceError):
    """The model is unknown, damaged, or does not fit its card."""


class MissingLibraryError(VidenhanceError):
    """A library that this run needs does not load."""


class Cancelled(VidenhanceError):
    """The caller of the work wanted it to end; what is finished of it is kept."""


class ClusterError(VidenhanceError):
    """The machines that should do the work cannot be used, or were lost."""


@contextmanager
def reading(name: object, advice: str = "") -> Iterator[None]:
    """Raises InputError, which names the file, for what the system refuses within."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{printable(name)} cannot be read: {error.strerror}{advice}"
        ) from error


def printable(name: object) -> str:
    """A file name for a message: control and direction characters are escaped."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(name))


def nearest(word: str, known: Iterable[str], *, likeness: float = 0.6) -> str:
    """` (did you mean ...?)` for a word that is nearly one of `known`, else nothing.

    `likeness` is difflib's ratio, 0 to 1, from which it is near enough.
    """
    found = get_close_matches(word, known, n=1, cutoff=likeness)
    return f" (did you mean {found[0]}?)" if found else ""


def counted(number: int, one: str, many: str = "") -> str:
    """A number of things for a message: `1 frame`, `2 frames`.

    `many` is for words that do not just take an s: `picture is`, `pictures are`.
    """
    return f"{number} {one if number == 1 else many or f'{one}s'}"
