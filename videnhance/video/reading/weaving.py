"""Which pictures of a film are made from their fields: decided by looking at it.

What a file says of fields is often wrong: most discs of films mark whole pictures as
interlaced, and what was converted once has lost its marks.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from av.container import InputContainer
from av.format import Flags
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from videnhance.errors import VidenhanceError
from videnhance.frame import VideoInfo
from videnhance.video.layout import delivered_layout
from videnhance.video.planes import native_picture
from videnhance.video.reading.combing import FIELDS, Kind, Seen, seen
from videnhance.video.reading.decoder import frame_step, time_base_of
from videnhance.video.reading.fields import (
    Shot,
    deinterlaced,
    first_shown,
    is_taken,
    marked,
    untold_field,
    woven,
)
from videnhance.video.source import (
    DECODE_ERRORS,
    Deinterlace,
    Reading,
    open_source,
    packets_of,
)
from videnhance.video.stream_choice import chosen_video

__all__ = ["Look", "Weave", "Weaving", "looked_at", "weaving_of"]

_ORDER = (3, 6, 1, 4, 0, 7, 2, 5)
_PLACES = len(_ORDER)
"""Of a film that are looked at, evenly spread."""
_GLANCES, _GLANCE = 2, 6
"""Places, and pictures in a row, that are enough to see that pictures are whole."""
_STILL = 4
"""Places that are enough to see that nothing combs, where nothing moves."""
_RUN = 12
"""Pictures in a row at each: two periods of a telecined film, and their neighbours."""
_ENOUGH, _SURE = 4, 8
"""Pictures that tell something, to believe them against or without a mark."""
_FEW, _SOME, _MOST = 0.15, 0.25, 0.8
"""Shares of those that comb among those that tell something."""
_PERIOD, _APART = 5, 0.25
"""In a film of 24 pictures as 30, two of five are of two pictures each (3:2)."""
_VIDEO_RATES = (Fraction(30000, 1001), Fraction(30))


class Weave(Enum):
    """Which pictures are made from their fields."""

    NONE = "none"
    COMBED = "those that comb"
    NOT_WHOLE = "all but those that are seen to be whole"
    MARKED = "those that are marked"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen in some pictures of a film."""

    kinds: Counter[Kind]
    marked: bool = False
    """Whether some of them are marked as interlaced."""
    telecined: bool = False
    """Whether it is a film of 24 pictures a second as video of 30."""

    @property
    def order(self) -> Kind | None:
        """Which field is first, where the pictures agree on it."""
        combed = sum(self.kinds[kind] for kind in FIELDS)
        kind = max(FIELDS, key=lambda kind: self.kinds[kind])
        sure = self.kinds[kind] >= max(_ENOUGH, _MOST * combed)
        return kind if sure else None

    @property
    def weave(self) -> Weave:
        """What to do. Where too little moves, marks are followed."""
        told, share = self._told, self.share
        if self.telecined:
            return Weave.COMBED
        if not self.marked:
            sure = told >= _SURE and share >= _MOST and self.order is not None
            return Weave.ALL if sure else Weave.NONE
        if told < _ENOUGH or share >= _MOST:
            return Weave.MARKED
        return Weave.COMBED if share <= _FEW else Weave.NOT_WHOLE

    @property
    def share(self) -> float:
        """Of those that comb among the pictures that tell something.

        Fields have one order all along: where both are seen, as in patterns of single
        lines, neither is believed.
        """
        top, bottom = (self.kinds[kind] for kind in FIELDS)
        return abs(top - bottom) / max(self._told, 1)

    @property
    def _told(self) -> int:
        return sum(self.kinds[kind] for kind in (*FIELDS, Kind.WHOLE))

    def kind_of(self, seen: Seen) -> Kind:
        """What a picture of this film is."""
        if not self.telecined:
            few = self.weave is Weave.COMBED
            return seen.kind_among_whole if few else seen.kind
        # A whole picture of such a film shares a field with the one beside it.
        ratio = seen.ratio
        return Kind.WHOLE if ratio is None or ratio >= 0 else seen.kind


def looked_at(path: Path, reading: Reading, *, marked: bool) -> Look:
    """Looks at some pictures of a film, at places all over it.

    `marked` says that the film is marked as interlaced, whatever its pictures say.
    """
    kinds: Counter[Kind] = Counter()
    runs = telecined = 0
    converter = VideoReformatter()
    odd = (VidenhanceError, OverflowError, *DECODE_ERRORS)
    with suppress(*odd), open_source(path) as container:
        stream = chosen_video(container, path, reading.video_track)
        context = stream.codec_context
        # Threads that take a picture each decode many more than are asked for.
        context.thread_count = 1
        if reading.limit_pixels is not None:
            context.options = {"max_pixels": str(reading.limit_pixels)}
        for number, run in enumerate(_runs(container, stream, marked)):
            marked = marked or any(picture.interlaced_frame for picture in run)
            found = _seen_in(run, converter)
            kinds.update(picture.kind for picture in found)
            moving = any(picture.ratio is not None for picture in found)
            runs += moving and len(found) >= _PERIOD
            telecined += _is_telecined([picture.ratio for picture in found])
            if not marked and _is_plain(kinds, number + 1):
                break
        rate = stream.average_rate
        return Look(kinds, marked, rate in _VIDEO_RATES and 2 * telecined > runs)
    return Look(kinds, marked)  # the reader itself tells what is wrong


def _seen_in(run: list[VideoFrame], converter: VideoReformatter) -> list[Seen]:
    """What is seen in the pictures that have neighbours on both sides."""
    layout = delivered_layout(run[0].format.name)
    images = (native_picture(picture, layout, converter) for picture in run)
    return [found for _, found in seen(Shot(image, image) for image in images)][1:-1]


def _is_plain(kinds: Counter[Kind], runs: int) -> bool:
    """Whether nothing speaks for fields after a few glances: what most files are."""
    if any(kinds[kind] for kind in FIELDS):
        return False
    return runs >= _STILL or (runs >= _GLANCES and kinds[Kind.WHOLE] >= _ENOUGH)


def _runs(
    container: InputContainer, stream: VideoStream, marked: bool
) -> Iterator[list[VideoFrame]]:
    """Pictures in a row at each place; a short film is looked at all along.

    Where nothing is marked, the first ones are glances.
    """
    lengths = [_RUN if marked or n >= _GLANCES else _GLANCE for n in range(_PLACES)]
    step, base = frame_step(stream), time_base_of(stream)
    seconds = Fraction(container.duration or 0, 1_000_000)
    duration = stream.duration or round(seconds / base)
    start = stream.start_time or 0
    flags: Any = container.format.flags  # a number, whatever the stubs say
    placed = not flags & Flags.no_timestamps.value
    if duration <= step * _RUN * _PLACES or not placed:
        pictures = _decoded(container, stream)
        for length in lengths:
            yield from _alike(islice(pictures, length))
        return
    for place, length in zip(_ORDER, lengths, strict=True):
        time = start + duration * (2 * place + 1) // (2 * _PLACES)
        container.seek(time, stream=stream)
        yield from _alike(islice(_decoded(container, stream), length))


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """The pictures from here on; what is damaged is passed over."""
    for packet in packets_of(container, [stream], lambda _: None):
        with suppress(*DECODE_ERRORS):
            yield from stream.codec_context.decode(packet)
    with suppress(*DECODE_ERRORS):
        yield from stream.codec_context.decode(None)


def _alike(pictures: Iterator[VideoFrame]) -> Iterator[list[VideoFrame]]:
    """Those in a row that have the size and the format of the first."""
    first = next(pictures, None)
    if first is not None:
        look = first.width, first.height, first.format.name
        same = takewhile(lambda p: (p.width, p.height, p.format.name) == look, pictures)
        yield [first, *same]


def _is_telecined(ratios: list[float | None]) -> bool:
    """Whether in each five of a row the same two neighbours comb, and three do not."""
    told = [1.0 if ratio is None else ratio for ratio in ratios]
    periods = [told[n : n + _PERIOD] for n in range(0, len(told), _PERIOD)]
    periods = [period for period in periods if len(period) == _PERIOD]
    return bool(periods) and any(
        all(_combs_at(period, place) for period in periods) for place in range(_PERIOD)
    )


def _combs_at(period: list[float], place: int) -> bool:
    turned = period[place:] + period[:place]
    return max(turned[:2]) < 0 and max(turned[:2]) + _APART < min(turned[2:])


_OFF = "--deinterlace off keeps the fields"
_KEPT = "the video is interlaced: its fields are enlarged as one picture"
_WOVEN = f"the video is interlaced: each frame is made from its fields (bwdif); {_OFF}"
_ASSUMED = "every frame is taken for interlaced and made from its fields (bwdif)"
_UNMARKED = (
    "the video is not marked as interlaced, but its pictures are made of two fields: "
    f"each frame is made from them (bwdif); {_OFF}"
)
_TELECINED = (
    "a film of 24 pictures a second is stored as 30 (telecine, 3:2): those that comb "
    "are made from one field (bwdif); ffmpeg -vf fieldmatch,decimate gives back the 24"
)
_SEEN = {
    Weave.COMBED: "the video is marked as interlaced, but its pictures are whole: only "
    "those that comb are made from their fields (bwdif); --deinterlace on takes all",
    Weave.NOT_WHOLE: "the video is marked as interlaced, but some of its pictures are "
    "whole: the others are made from their fields (bwdif); --deinterlace on takes all",
}
_SOME_COMB = (
    "some pictures comb as if they were made of two fields: they stay as they are; "
    "--deinterlace on makes all frames from their fields"
)


@dataclass(frozen=True, slots=True)
class Weaving:
    """What becomes of fields: every frame is delivered, some made from one field."""

    mode: Deinterlace
    look: Look
    untold: str | None
    """The first field, `tff` or `bff`, where only the container says there are two."""
    told: str | None = None
    """The first field by the container, where it says so."""
    unable: str = ""
    """The pixel format, if it is asked for what cannot be done with it."""

    def shots(self, shots: Iterable[Shot]) -> Iterator[Shot]:
        """The shots, whole."""
        weave = self.look.weave
        order = self.look.order.value if self.look.order else self.untold
        if self.mode is Deinterlace.OFF:
            return iter(shots)
        whole = self.mode is Deinterlace.AUTO
        if whole and weave in (Weave.COMBED, Weave.NOT_WHOLE):
            return woven(marked(self._judged(shots, order)))
        if not whole or weave is Weave.ALL or self.untold:
            return deinterlaced(shots, order)
        if order is None or weave is Weave.NONE:
            return woven(shots)
        right = ((s, order if s.source.interlaced_frame else None) for s in shots)
        return woven(marked(right))

    def _judged(
        self, shots: Iterable[Shot], order: str | None
    ) -> Iterator[tuple[Shot, str | None]]:
        """Shots, and how to mark them by what is seen in each."""
        every = self.look.telecined or self.untold is not None
        for shot, sight in seen(shots):
            kind = self.look.kind_of(sight)
            if not every and not shot.source.interlaced_frame:
                yield shot, None
            elif kind in FIELDS:
                yield shot, order or kind.value
            elif kind is Kind.UNSURE and self.look.weave is Weave.NOT_WHOLE:
                yield shot, order
            else:
                yield shot, Kind.WHOLE.value

    def notices(self) -> Iterator[str]:
        """What is to be said of the whole film."""
        look = self.look
        if self.unable:
            yield f"{self.unable} cannot be deinterlaced: fields stay as they are"
        if self.mode is Deinterlace.ON:
            yield _ASSUMED
        if self.mode is not Deinterlace.AUTO:
            return
        if look.telecined:
            yield _TELECINED
        elif not look.marked and look.weave is Weave.ALL:
            yield _UNMARKED
        elif not look.marked and look.share >= _SOME:
            yield _SOME_COMB
        seen_first = look.order.value if look.order else None
        if look.marked and self.told and seen_first and seen_first != self.told:
            first, other = (
                ("bottom", "top") if self.told == "tff" else ("top", "bottom")
            )
            yield (
                f"the file says that the {other} field is first, but its pictures show "
                f"the {first} one first: they are followed"
            )

    def notice(self, picture: VideoFrame) -> str | None:
        """What is to be said when this picture comes."""
        if not picture.interlaced_frame and self.untold is None:
            return None
        if self.mode is Deinterlace.AUTO:
            return None if self.look.telecined else _SEEN.get(self.look.weave, _WOVEN)
        return _KEPT if self.mode is Deinterlace.OFF else None


def weaving_of(
    path: Path, reading: Reading, info: VideoInfo, field_order: int, first: VideoFrame
) -> Weaving:
    """Looks at the film, if its fields are to be looked at.

    `field_order` is the container's, in FFmpeg's numbers; `first` a decoded picture.
    """
    mode, name = reading.deinterlace, info.layout.name
    untold = untold_field(info.codec, field_order, first)
    if mode is Deinterlace.OFF or not is_taken(name):
        unable = name if mode is Deinterlace.ON else ""
        return Weaving(Deinterlace.OFF, Look(Counter()), untold, unable=unable)
    told = first.interlaced_frame or untold is not None
    look = looked_at(path, reading, marked=told)
    return Weaving(mode, look, untold, first_shown(field_order))
