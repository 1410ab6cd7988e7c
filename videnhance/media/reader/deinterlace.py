"""Interlaced pictures made whole: which of a film's are, and how that is done.

The user's wish decides, and what is seen in the film. Two fields of different moments
become one frame by FFmpeg's bwdif ("Bob Weaver Deinterlacing Filter": Weston's
three-field method of BBC R&D, with yadif's motion checks), a frame for a frame, so that
counts and times stay.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import chain, islice

import av
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from videnhance.frame import VideoInfo
from videnhance.frame.geometry import Size
from videnhance.media.reader.combing import FIELDS, FieldOrder, Shot, combing_of
from videnhance.media.reader.survey import FieldAction, FieldSurvey
from videnhance.media.source import Deinterlace

__all__ = ["Deinterlacer", "deinterlacer_of", "is_taken", "untold_field"]

_DRY = (av.BlockingIOError, av.EOFError)
"""What the filter raises when it has nothing to give."""
_FIRST_SHOWN = {2: "tff", 3: "bff", 4: "bff", 5: "tff"}
"""By FFmpeg's numbers of field orders: TT, BB, TB, BT, the second letter is shown."""
_SAY_NOTHING = frozenset(
    ("ffv1", "ffvhuff", "huffyuv", "jpeg2000", "mjpeg", "png", "qtrle", "utvideo")
)
"""Codecs whose pictures do not say that they are interlaced: the container does."""
_ANY = Fraction(1, 1000)
"""Times are taken from the shots that went in: the filter's own are not looked at."""
_LEAST_COLUMNS, _LEAST_LINES = 3, 4
"""That bwdif asks of every plane."""
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
    FieldAction.COMBED: (
        "the video is marked as interlaced, but its pictures are whole: only those "
        "that comb are made from their fields (bwdif); --deinterlace on takes all"
    ),
    FieldAction.NOT_WHOLE: (
        "the video is marked as interlaced, but some of its pictures are whole: the "
        "others are made from their fields (bwdif); --deinterlace on takes all"
    ),
}
_SOME_COMB = (
    "some pictures comb as if they were made of two fields: they stay as they are; "
    "--deinterlace on makes all frames from their fields"
)


@dataclass(frozen=True, slots=True)
class Deinterlacer:
    """What becomes of fields: every frame is delivered, some made from one field."""

    mode: Deinterlace
    survey: FieldSurvey
    untold: str | None
    """The first field, `tff` or `bff`, where only the container says there are two."""
    told: str | None = None
    """The first field by the container, where it says so."""
    unable: str = ""
    """The pixel format or the size, if it is asked for what cannot be done with it."""

    def shots(self, shots: Iterable[Shot]) -> Iterator[Shot]:
        """The shots, whole."""
        action = self.survey.action
        order = self.survey.order.value if self.survey.order else self.untold
        if self.mode is Deinterlace.OFF:
            return iter(shots)
        whole = self.mode is Deinterlace.AUTO
        if whole and action in (FieldAction.COMBED, FieldAction.NOT_WHOLE):
            return _woven(_marked(self._judged(shots, order)))
        if not whole or action is FieldAction.ALL or self.untold:
            return _deinterlaced(shots, order)
        if order is None or action is FieldAction.NONE:
            return _woven(shots)
        right = ((s, order if s.source.interlaced_frame else None) for s in shots)
        return _woven(_marked(right))

    def _judged(
        self, shots: Iterable[Shot], order: str | None
    ) -> Iterator[tuple[Shot, str | None]]:
        """Shots, and how to mark them by what is seen in each."""
        every = self.survey.telecined or self.untold is not None
        for shot, combing in combing_of(shots):
            kind = self.survey.kind_of(combing)
            if not every and not shot.source.interlaced_frame:
                yield shot, None
            elif kind in FIELDS:
                yield shot, order or kind.value
            elif (
                kind is FieldOrder.UNSURE
                and self.survey.action is FieldAction.NOT_WHOLE
            ):
                yield shot, order
            else:
                yield shot, FieldOrder.WHOLE.value

    def notices(self) -> Iterator[str]:
        """What is to be said of the whole film."""
        survey = self.survey
        if self.unable:
            yield f"{self.unable} cannot be deinterlaced: fields stay as they are"
        if self.mode is Deinterlace.ON:
            yield _ASSUMED
        if self.mode is not Deinterlace.AUTO:
            return
        if survey.telecined:
            yield _TELECINED
        elif not survey.marked and survey.action is FieldAction.ALL:
            yield _UNMARKED
        elif not survey.marked and survey.some_comb:
            yield _SOME_COMB
        seen_first = survey.order.value if survey.order else None
        if survey.marked and self.told and seen_first and seen_first != self.told:
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
            return (
                None if self.survey.telecined else _SEEN.get(self.survey.action, _WOVEN)
            )
        return _KEPT if self.mode is Deinterlace.OFF else None


def deinterlacer_of(
    mode: Deinterlace,
    info: VideoInfo,
    *,
    field_order: int,
    first: VideoFrame,
    survey: Callable[[bool], FieldSurvey],
) -> Deinterlacer:
    """Looks at the film, if its fields are to be looked at.

    `field_order` is the container's, in FFmpeg's numbers; `first` a decoded picture;
    `survey` looks at the film, and is told whether it is marked as interlaced.
    """
    name = info.layout.name
    untold = untold_field(info.codec, field_order, first=first)
    small = not _is_large_enough(name, info.size)
    if mode is Deinterlace.OFF or small or not is_taken(name):
        what = f"a picture of {info.size}" if small else name
        unable = what if mode is Deinterlace.ON else ""
        return Deinterlacer(
            Deinterlace.OFF, FieldSurvey(Counter()), untold, unable=unable
        )
    told = first.interlaced_frame or untold is not None
    return Deinterlacer(mode, survey(told), untold, _FIRST_SHOWN.get(field_order))


def untold_field(codec: str, field_order: int, *, first: VideoFrame) -> str | None:
    """The first field, `tff` or `bff`, where only the container says there are two.

    `field_order` is the container's, in FFmpeg's numbers; `first` a decoded picture.
    """
    if first.interlaced_frame or codec not in _SAY_NOTHING:
        return None
    return _FIRST_SHOWN.get(field_order)


def _is_large_enough(name: str, size: Size) -> bool:
    """Whether bwdif works on pictures of this pixel format and size."""
    form = VideoFormat(name)
    columns, lines = form.chroma_width(size.width), form.chroma_height(size.height)
    return columns >= _LEAST_COLUMNS and lines >= _LEAST_LINES


@cache
def is_taken(name: str) -> bool:
    """Whether bwdif works on this pixel format itself, and not on a conversion."""
    side = 16
    blank = VideoFrame(side, side, name)
    blank.pts = 0
    shots = [Shot(blank, blank)] * 2
    return next(_deinterlaced(shots)).image.format.name == name


def _deinterlaced(shots: Iterable[Shot], setfield: str | None = None) -> Iterator[Shot]:
    """All shots as whole frames, a frame for a frame.

    Which field is first, the shots say, or `setfield` (`tff` or `bff`).
    """
    return _filtered(iter(shots), "all", setfield=setfield)


def _marked(shots: Iterable[tuple[Shot, str | None]]) -> Iterator[Shot]:
    """Shots whose images are marked anew: `prog`, `tff`, `bff`, or None as they are."""
    graphs: dict[str, Graph] = {}
    for shot, mark in shots:
        if mark is None:
            yield shot
            continue
        if mark not in graphs:
            graphs[mark] = _graph(shot.image, ("setfield", f"mode={mark}"))
        graphs[mark].vpush(shot.image)
        yield replace(shot, image=graphs[mark].vpull())


def _woven(shots: Iterable[Shot]) -> Iterator[Shot]:
    """Shots whose images are marked as interlaced as whole frames, others untouched.

    Without an interlaced shot no filter is made.
    """
    rest = iter(shots)
    before: Shot | None = None
    for shot in rest:
        if not shot.image.interlaced_frame:
            yield shot
            before = shot
            continue
        # The filter treats the first frame that it works on as if nothing were around
        # it. Only the video's very first may be; the others must not depend on where
        # reading began, so one is spent on it.
        primer = [] if before is None else [shot, before]
        frames = _filtered(chain(primer, [shot], rest), "interlaced", setfield=None)
        yield from islice(frames, len(primer), None)
        return


def _filtered(
    shots: Iterator[Shot], which: str, *, setfield: str | None
) -> Iterator[Shot]:
    first = next(shots, None)
    if first is None:
        return
    order = [] if setfield is None else [("setfield", f"mode={setfield}")]
    weaver = ("bwdif", f"mode=send_frame:parity=auto:deint={which}")
    graph = _graph(first.image, *order, weaver)
    waiting: deque[Shot] = deque()
    for shot in chain([first], shots):
        graph.vpush(shot.image)
        waiting.append(shot)
        yield from _given(graph, waiting)
    graph.vpush(None)
    yield from _given(graph, waiting)
    yield from waiting


def _given(graph: Graph, waiting: deque[Shot]) -> Iterator[Shot]:
    """What the filter has ready: one image for each that went in, in order."""
    while waiting:
        try:
            image = graph.vpull()
        except _DRY:
            return
        yield replace(waiting.popleft(), image=image)


def _graph(image: VideoFrame, *steps: tuple[str, str]) -> Graph:
    """A chain of filters, by name and options, for images like this one."""
    graph = Graph()
    nodes = [
        graph.add_buffer(
            width=image.width, height=image.height, format=image.format, time_base=_ANY
        ),
        *(graph.add(*step) for step in steps),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    return graph
