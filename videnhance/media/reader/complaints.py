"""What FFmpeg complains of while it works: for some damage its log is the only sign.

A slice of FFV1 whose checksum is wrong is shown as if it were right, with no flag.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from logging import NullHandler, getLogger

import av.logging

from videnhance.system.threads import serialized

__all__ = ["complaints", "logged"]

_HARMLESS = re.compile(
    # What refers to pictures before the first: the flag of the picture tells that.
    r"mmco:|reference|ref pic|\bPOC\b|\bRPS\b|frame num gap|illegal short term"
    r"|co located|recovery|keyframe"
    # What is beside the picture, and odd in good files of some cameras and tools.
    r"|\bSEI\b|\bVUI\b|\bHRD\b|\bAPP|\bEXIF\b|\bICC\b|user data|comment|extradata"
    r"|unsupported|not implemented|not supported",
    re.IGNORECASE,
)
"""FFmpeg says these as errors of files whose pictures are whole."""

_listening: dict[object, int] = {}
"""Who wants to hear FFmpeg, and up to which level."""

# What nobody listens to must not be printed: Python does that without a handler.
getLogger("libav").addHandler(NullHandler())
# The same words again may be of another file.
av.logging.set_skip_repeated(False)


@contextmanager
def complaints() -> Iterator[list[str]]:
    """A list that holds, at the end, what FFmpeg told as errors in this thread.

    Only what says that data is damaged. Other threads of FFmpeg than the caller's are
    not heard, and must not be many: those that log wait for Python's lock, which a
    thread that closes a decoder holds while it waits for them.
    """
    heard: list[str] = []
    with logged(av.logging.ERROR), av.logging.Capture() as lines:
        yield heard
    for level, _, words in lines:
        if level <= av.logging.ERROR and not _HARMLESS.search(words):
            heard.append(words.strip())


@contextmanager
def logged(level: int) -> Iterator[None]:
    """FFmpeg logs up to this level within.

    The level is the whole process's: where several listen, the highest holds.
    """
    listener = object()
    _listening[listener] = level
    _set_level()
    try:
        yield
    finally:
        del _listening[listener]
        _set_level()


@serialized
def _set_level() -> None:
    av.logging.set_level(max([*_listening.values()], default=None))
