"""Interlaced pictures made whole: two fields of different moments become one frame.

By FFmpeg's bwdif ("Bob Weaver Deinterlacing Filter": Weston's three-field method of BBC
R&D, with yadif's motion checks), a frame for a frame, so that counts and times stay.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import chain, islice

import av
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from videnhance.geometry import Size

__all__ = [
    "Shot",
    "deinterlaced",
    "first_shown",
    "is_large_enough",
    "is_taken",
    "marked",
    "untold_field",
    "woven",
]

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


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture as it was decoded, and the image that is made of it."""

    source: VideoFrame
    image: VideoFrame


def untold_field(codec: str, field_order: int, first: VideoFrame) -> str | None:
    """The first field, `tff` or `bff`, where only the container says there are two.

    `field_order` is the container's, in FFmpeg's numbers; `first` a decoded picture.
    """
    if first.interlaced_frame or codec not in _SAY_NOTHING:
        return None
    return _FIRST_SHOWN.get(field_order)


def first_shown(field_order: int) -> str | None:
    """The first field, `tff` or `bff`, by FFmpeg's number of the order, if any."""
    return _FIRST_SHOWN.get(field_order)


_LEAST_COLUMNS, _LEAST_LINES = 3, 4
"""That bwdif asks of every plane."""


def is_large_enough(name: str, size: Size) -> bool:
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
    return next(deinterlaced(shots)).image.format.name == name


def deinterlaced(shots: Iterable[Shot], setfield: str | None = None) -> Iterator[Shot]:
    """All shots as whole frames, a frame for a frame.

    Which field is first, the shots say, or `setfield` (`tff` or `bff`).
    """
    return _filtered(iter(shots), "all", setfield)


def marked(shots: Iterable[tuple[Shot, str | None]]) -> Iterator[Shot]:
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


def woven(shots: Iterable[Shot]) -> Iterator[Shot]:
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
        frames = _filtered(chain(primer, [shot], rest), "interlaced", None)
        yield from islice(frames, len(primer), None)
        return


def _filtered(
    shots: Iterator[Shot], which: str, setfield: str | None
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
            width=image.width,
            height=image.height,
            format=image.format,
            time_base=_ANY,
        ),
        *(graph.add(*step) for step in steps),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    return graph
