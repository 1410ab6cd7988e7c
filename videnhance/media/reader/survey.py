"""A film looked at, at places all over it: which of its pictures are made of fields.

What a file says of fields is often wrong: most discs of films mark whole pictures as
interlaced, and what was converted once has lost its marks.
"""

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from itertools import chain, islice, takewhile
from pathlib import Path

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from videnhance.errors import VidenhanceError
from videnhance.frame import Pixels
from videnhance.media.layout import delivered_layout
from videnhance.media.planes import first_plane, native_picture
from videnhance.media.reader.combing import (
    FIELDS,
    Combing,
    FieldOrder,
    Shot,
    combing_of,
)
from videnhance.media.reader.decoder import frame_step, keeps_times, time_base_of
from videnhance.media.source import DECODE_ERRORS, Reading, open_source, packets_of
from videnhance.media.stream_choice import chosen_video, rate_of

__all__ = [
    "FieldAction",
    "FieldSurvey",
    "luma_runs",
    "survey_file",
    "survey_pictures",
]

_KNOWN = 8
"""Films that were looked at last, as each command opens its source several times."""
_ORDER = (3, 6, 1, 4, 0, 7, 2, 5)
_PLACES = len(_ORDER)
"""Of a film that are looked at, evenly spread."""
_GLANCES, _GLANCE = 2, 6
"""Places, and pictures in a row, that are enough to see that pictures are whole."""
_STILL = 4
"""Places that are enough to see that nothing combs, where nothing moves."""
_RUN = 12
"""Pictures in a row at each: two periods of a telecined film, and their neighbours."""
_DECODED = 400
"""Pictures that are decoded for some of them where seeking may lead to few places."""
_ENOUGH, _SURE = 4, 20
"""Pictures that tell something, to believe them against or without a mark."""
_FEW, _SOME, _MOST = 0.15, 0.25, 0.8
"""Shares of those that comb among those that tell something."""
_PERIOD, _APART = 5, 0.25
"""In a film of 24 pictures as 30, two of five are of two pictures each (3:2)."""
_ODD = (VidenhanceError, OverflowError, *DECODE_ERRORS)
_VIDEO_RATES = (Fraction(30000, 1001), Fraction(30))


class FieldAction(Enum):
    """Which pictures are made from their fields."""

    NONE = "none"
    COMBED = "those that comb"
    NOT_WHOLE = "all but those that are seen to be whole"
    MARKED = "those that are marked"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class FieldSurvey:
    """What was seen in some pictures of a film."""

    kinds: Counter[FieldOrder]
    marked: bool = False
    """Whether some of them are marked as interlaced."""
    telecined: bool = False
    """Whether it is a film of 24 pictures a second as video of 30."""

    @property
    def order(self) -> FieldOrder | None:
        """Which field is first, where the pictures agree on it."""
        combed = sum(self.kinds[kind] for kind in FIELDS)
        kind = max(FIELDS, key=lambda kind: self.kinds[kind])
        sure = self.kinds[kind] >= max(_ENOUGH, _MOST * combed)
        return kind if sure else None

    @property
    def action(self) -> FieldAction:
        """What to do. Where too little moves, marks are followed."""
        told, share = self._told, self.share
        if self.telecined:
            return FieldAction.COMBED
        if not self.marked:
            sure = self.some_comb and share >= _MOST and self.order is not None
            return FieldAction.ALL if sure else FieldAction.NONE
        if told < _ENOUGH or share >= _MOST:
            return FieldAction.MARKED
        return FieldAction.COMBED if share <= _FEW else FieldAction.NOT_WHOLE

    @property
    def share(self) -> float:
        """Of those that comb among the pictures that tell something.

        Fields have one order all along: where both are seen, as in patterns of single
        lines, neither is believed.
        """
        top, bottom = (self.kinds[kind] for kind in FIELDS)
        return abs(top - bottom) / max(self._told, 1)

    @property
    def some_comb(self) -> bool:
        """Whether enough of them comb to speak of, marked or not."""
        return self._told >= _SURE and self.share >= _SOME

    @property
    def _told(self) -> int:
        return sum(self.kinds[kind] for kind in (*FIELDS, FieldOrder.WHOLE))

    def kind_of(self, combing: Combing) -> FieldOrder:
        """What a picture of this film is."""
        if min(self.kinds[kind] for kind in FIELDS) > _FEW * self._told:
            return FieldOrder.WHOLE  # what speaks for both orders speaks for none
        if not self.telecined:
            few = self.action is FieldAction.COMBED
            return combing.kind_among_whole if few else combing.kind
        # A whole picture of such a film shares a field with the one beside it.
        ratio = combing.ratio
        return FieldOrder.WHOLE if ratio is None or ratio >= 0 else combing.kind


def survey_file(path: Path, reading: Reading, *, marked: bool) -> FieldSurvey:
    """Looks at some pictures of a film, at places all over it.

    `marked` says that the film is marked as interlaced, whatever its pictures say. A
    film that was looked at, and has not changed, is not decoded again.
    """
    try:
        status = path.stat()
    except OSError:
        return FieldSurvey(Counter(), marked)  # the reader itself tells what is wrong
    version = status.st_ino, status.st_size, status.st_mtime_ns
    return _surveyed(path.absolute(), version, reading, marked)


@lru_cache(maxsize=_KNOWN)
def _surveyed(
    path: Path, version: tuple[int, int, int], reading: Reading, marked: bool
) -> FieldSurvey:
    del version  # of the file's content: another one is another film
    with suppress(*_ODD), open_source(path) as container:
        stream = chosen_video(container, path, track=reading.video_track)
        context = stream.codec_context
        # Threads that take a picture each decode many more than are asked for.
        context.thread_count = 1
        if reading.limit_pixels is not None:
            context.options = {"max_pixels": str(reading.limit_pixels)}
        runs = _placed_runs(container, stream, marked=marked)
        return _looked(_as_far(runs), rate_of(stream), marked)
    return FieldSurvey(Counter(), marked)  # the reader itself tells what is wrong


def luma_runs(path: Path, reading: Reading) -> Iterator[list[Pixels]]:
    """First planes in 8 bits, H x W, of pictures in a row, at eight places of a film.

    They end before what cannot be read.
    """
    with suppress(*_ODD), open_source(path) as container:
        stream = chosen_video(container, path, track=reading.video_track)
        if reading.limit_pixels is not None:
            limit = {"max_pixels": str(reading.limit_pixels)}
            stream.codec_context.options = limit
        converter = VideoReformatter()
        for run in _as_far(_placed_runs(container, stream, marked=True)):
            yield [_luma8(picture, converter) for picture in run]


def survey_pictures(
    pictures: Iterator[VideoFrame], rate: Fraction | None, *, marked: bool
) -> FieldSurvey:
    """Looks at the pictures of a film from its front on: at most 96.

    `rate` is the film's, in pictures a second; `marked` as for `survey_file`.
    """
    return _looked(_runs(pictures, marked), rate, marked)


def _looked(
    runs: Iterator[list[VideoFrame]], rate: Fraction | None, marked: bool
) -> FieldSurvey:
    kinds: Counter[FieldOrder] = Counter()
    moving = telecined = 0
    begun: set[int] = set()
    converter = VideoReformatter()
    for number, run in enumerate(runs):
        if run[0].pts in begun:
            continue  # the clock of the file leads nowhere else
        if run[0].pts is not None:
            begun.add(run[0].pts)
        marked = marked or any(picture.interlaced_frame for picture in run)
        found = _seen_in(run, converter)
        kinds.update(p.kind if marked else p.kind_unmarked for p in found)
        moves = any(picture.ratio is not None for picture in found)
        moving += moves and len(found) >= _PERIOD
        telecined += _is_telecined([picture.ratio for picture in found])
        if not marked and _is_plain(kinds, number + 1):
            break
    return FieldSurvey(kinds, marked, rate in _VIDEO_RATES and 2 * telecined > moving)


def _as_far(runs: Iterator[list[VideoFrame]]) -> Iterator[list[VideoFrame]]:
    """The runs before something is wrong with the file."""
    with suppress(*_ODD):
        yield from runs


def _seen_in(run: list[VideoFrame], converter: VideoReformatter) -> list[Combing]:
    """What is seen in the pictures that have neighbours on both sides."""
    layout = delivered_layout(run[0].format.name)
    images = (native_picture(picture, layout, converter=converter) for picture in run)
    return [found for _, found in combing_of(Shot(image, image) for image in images)][
        1:-1
    ]


def _is_plain(kinds: Counter[FieldOrder], runs: int) -> bool:
    """Whether nothing speaks for fields after a few glances: what most files are."""
    if any(kinds[kind] for kind in FIELDS):
        return False
    return runs >= _STILL or (runs >= _GLANCES and kinds[FieldOrder.WHOLE] >= _ENOUGH)


def _luma8(picture: VideoFrame, converter: VideoReformatter) -> Pixels:
    layout = delivered_layout(picture.format.name)
    plane = first_plane(native_picture(picture, layout, converter=converter), layout)
    return (plane >> (layout.depth - 8)).astype("u1")


def _lengths(marked: bool) -> list[int]:
    """Of the runs: where nothing is marked, the first ones are glances."""
    return [_RUN if marked or n >= _GLANCES else _GLANCE for n in range(_PLACES)]


def _runs(
    pictures: Iterator[VideoFrame], marked: bool, *, apart: int = 0
) -> Iterator[list[VideoFrame]]:
    """Runs of what is decoded from end to end; one begins `apart` pictures on."""
    for length in _lengths(marked):
        yield from _alike(islice(pictures, length))
        _pass_over(pictures, apart - length)


def _placed_runs(
    container: InputContainer, stream: VideoStream, *, marked: bool
) -> Iterator[list[VideoFrame]]:
    """Pictures in a row at each place; a film of seconds is decoded all along."""
    step, base = frame_step(stream), time_base_of(stream)
    seconds = Fraction(container.duration or 0, 1_000_000)
    duration = stream.duration or round(seconds / base)
    start = stream.start_time or 0
    apart = int(duration / step) // _PLACES if keeps_times(container) else 0
    if apart <= _DECODED // _PLACES:
        yield from _runs(_decoded(container, stream), marked, apart=apart)
        return
    begun: Counter[int | None] = Counter()
    for place, length in zip(_ORDER, _lengths(marked), strict=True):
        time = start + duration * (2 * place + 1) // (2 * _PLACES)
        container.seek(time, stream=stream)
        pictures = _decoded(container, stream)
        first = next(pictures, None)
        if first is None:
            continue
        # A film with few key frames leads back to where it was looked at.
        _pass_over(pictures, begun[first.pts] * _DECODED // _PLACES)
        row = pictures if begun[first.pts] else chain([first], pictures)
        begun[first.pts] += 1
        yield from _alike(islice(row, length))


def _pass_over(pictures: Iterator[VideoFrame], count: int) -> None:
    deque(islice(pictures, max(count, 0)), maxlen=0)


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """The pictures from here on; what is damaged is passed over."""
    for packet in packets_of(container, [stream], damaged=lambda _: None):
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
