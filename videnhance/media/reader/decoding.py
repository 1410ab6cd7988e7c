"""From packets to whole pictures: one decoder, over damage, alike on every machine.

A recording that begins between two key frames begins with pictures that need others
which are not there: grey, with what moves in it. They are left out and counted.

FFmpeg's log is the only sign of some damage: a slice of FFV1 whose checksum is wrong is
shown as if it were right, with no flag.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from logging import NullHandler, getLogger

import av.logging
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

from videnhance.errors import counted
from videnhance.media.source import DECODE_ERRORS, AnyPacket, reason
from videnhance.system.threads import serialized

__all__ = [
    "LONGEST_LEAD",
    "PacketDecoder",
    "ffmpeg_errors",
    "ffmpeg_log_level",
    "lead_notice",
]

LONGEST_LEAD = 1000
"""Pictures to look through for a whole one: key frames are seldom so far apart. Streams
that are refreshed by stripes may have none at all."""

_FEW_SILENT = 2
"""Packets before the first picture that may hold headers and no picture."""

_FLAGGING = ("h264", "hevc", "vvc")
"""Decoders that flag every picture whose references are missing, but for the last ones:
one without the flag is whole, also if no key frame came before."""

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


@dataclass(frozen=True, slots=True)
class _Sent:
    """What a picture is to know of its packet; PyAV tells these by their identity."""

    number: int
    pts: int | None
    is_key: bool


class PacketDecoder:
    """A decoder that is fed with packets, in their order, and counts what is damaged.

    `damaged` hears of each packet that is, in words. Pictures before the first whole
    one are left out, at most `lead`. `lacks` tells whether a packet misses a part.
    """

    def __init__(
        self,
        context: VideoCodecContext,
        codec: str,
        damaged: Callable[[str], None],
        *,
        lead: int = LONGEST_LEAD,
        lacks: Callable[[AnyPacket], bool] = lambda packet: packet.is_corrupt,
    ) -> None:
        # With more, what is put in place of damage depends on their number, and on
        # chance; an error at the end loses the good pictures that others still hold;
        # HEVC waits for ever; and `ffmpeg_errors` hears this one alone.
        context.thread_count = 1
        context.flags |= Flags.output_corrupt | Flags.copy_opaque
        self.left_out = 0
        """Frames before the first whole picture, once that is there."""
        self.gave_up = False
        """Whether too many pictures came before a whole one, or there was none."""
        self.ends_within = self.ends_oddly = False
        """Whether the last packet lacks its end, which is left out; or the container
        complains of its own end."""
        self._context, self._codec, self._damaged = context, codec, damaged
        self.is_whole = False
        """Whether there was a picture that is shown."""
        self._sent: list[_Sent] = []
        self._dropped: set[int] = set()
        self._lead, self._lacks = lead, lacks
        self._odd_start = False

    def pictures(self, packets: Iterable[AnyPacket]) -> Iterator[VideoFrame]:
        """The pictures in the order of showing."""
        held: tuple[AnyPacket, list[str]] | None = None
        for number, (packet, heard) in enumerate(self._read(iter(packets))):
            if not self.is_whole:
                self._mark(packet, number)
            if held is not None:
                yield from self._shown(*held)
            held = packet, heard
        if held is not None and self._lacks(held[0]):
            self.ends_within = True  # what is there is no whole picture
        elif held is not None:
            yield from self._shown(*held)
        yield from self._shown(None, [])
        self.gave_up |= bool(self._dropped)

    def _read(
        self, packets: Iterator[AnyPacket]
    ) -> Iterator[tuple[AnyPacket, list[str]]]:
        """The packets, each with what its container and its parser complain of."""
        while True:
            with ffmpeg_errors() as heard:
                packet = next(packets, None)
            if packet is None:
                self.ends_oddly = bool(heard)
                return
            yield packet, heard

    def _mark(self, packet: AnyPacket, number: int) -> None:
        """Lets a picture know its packet, as long as none was whole."""
        sent = _Sent(number, packet.pts, packet.is_keyframe)
        packet.opaque = sent
        self._sent.append(sent)
        if packet.is_discard and packet.is_keyframe:
            self.is_whole = True  # an edit list hides it, not what needs it
        self._odd_start |= not number and not packet.is_keyframe

    def _shown(
        self, packet: AnyPacket | None, heard: list[str]
    ) -> Iterator[VideoFrame]:
        for picture in self._decoded(packet, heard):
            if not self.is_whole:
                sent = picture.opaque
                sent = sent if isinstance(sent, _Sent) else self._sent[-1]
                if self._lead and not self._begins(
                    picture, sent, at_end=packet is None
                ):
                    self._dropped.add(sent.number)
                    self.gave_up = len(self._dropped) > self._lead
                    if not self.gave_up:
                        continue
                self._begin(sent)
            yield picture

    def _decoded(self, packet: AnyPacket | None, heard: list[str]) -> list[VideoFrame]:
        """The pictures that come when the packet, or none any more, is given in."""
        pictures: list[VideoFrame] = []
        if packet is not None and self._lacks(packet):
            heard.append("a part of it is missing")
        with ffmpeg_errors() as more:
            try:
                pictures = self._context.decode(packet)
            except DECODE_ERRORS as error:
                heard.append(reason(error))
        heard += more
        # Before the first key frame there is nothing to be damaged.
        if heard and (self.is_whole or packet is None or packet.is_keyframe):
            self._damaged(heard[0])
        self._odd_start |= bool(heard) and not self.is_whole
        return pictures

    def _begins(self, picture: VideoFrame, sent: _Sent, *, at_end: bool) -> bool:
        """Whether the picture needs none that is not there."""
        if picture.is_corrupt:
            return False
        if picture.key_frame or picture.pict_type == PictureType.I:
            return True
        if picture.pict_type == PictureType.NONE:
            return sent.is_key
        return self._codec in _FLAGGING and not at_end

    def _begin(self, first: _Sent) -> None:
        """Takes the picture of this packet for the first one that is shown."""
        behind = [
            sent
            for sent in self._sent[first.number + 1 :]
            if sent.number in self._dropped
            # Many decoders pass over what they cannot decode without a word.
            or (first.pts is not None and sent.pts is not None and sent.pts < first.pts)
        ]
        silent = first.number > _FEW_SILENT
        if self._lead and (behind or self._odd_start or self._dropped or silent):
            self.left_out = first.number + len(behind)
        self.is_whole = True
        self._sent.clear()
        self._dropped.clear()


def lead_notice(count: int) -> str:
    """What to say of frames that are left out before the first whole picture."""
    frames = counted(count, "frame")
    verb = "is" if count == 1 else "are"
    return f"{frames} before the first whole picture {verb} left out"


@contextmanager
def ffmpeg_errors() -> Iterator[list[str]]:
    """A list that holds, at the end, what FFmpeg told as errors in this thread.

    Only what says that data is damaged. Other threads of FFmpeg than the caller's are
    not heard, and must not be many: those that log wait for Python's lock, which a
    thread that closes a decoder holds while it waits for them.
    """
    heard: list[str] = []
    with ffmpeg_log_level(av.logging.ERROR), av.logging.Capture() as lines:
        yield heard
    for level, _, words in lines:
        if level <= av.logging.ERROR and not _HARMLESS.search(words):
            heard.append(words.strip())


@contextmanager
def ffmpeg_log_level(level: int) -> Iterator[None]:
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
