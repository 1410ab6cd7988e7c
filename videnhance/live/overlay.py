"""Draws the window: the picture in its view, and panels of words on it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from videnhance.frame import Pixels
from videnhance.frame.geometry import Region, Size
from videnhance.live.stats import Measured
from videnhance.live.text import ACCENT, DIM, WARNING, WHITE, Cell, label, stamped
from videnhance.live.views import (
    Pair,
    View,
    ViewState,
    blank,
    difference_gain,
    draw_loupe,
    drawn,
)

__all__ = ["Facts", "Overlay", "Words", "painted", "timeline_place"]

_MARGIN = 12
_TIMELINE_HEIGHT = 38
_BAR_HEIGHT = 6
_SMALL_WINDOW = 480
"""Pixels of height below which type is smaller."""
_LONGEST_WORDS = 110
_MADE_BY = {
    "network": "network",
    "reused": "unchanged",
    "moved": "moved along",
    "base": "plain",
}
"""Where a part of the picture comes from, by the names of the shares: the network sees
it now or has seen it before, or it is plainly enlarged."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Static facts shown in the statistics overlay."""

    source: str
    size: Size
    """Of the source's frames as they are worked on."""
    native: Size
    """As they come."""
    output: Size
    output_words: str
    """Which size that is and why."""
    model: str
    planner: str
    settings: str
    work_ms: float = 0.0
    rate: float = 0.0
    """Frames a second that the source says it has, where its pictures wait for us."""
    in_order: bool = False
    """Whether every frame counts, and none is late."""
    recording: str = ""


def _points(canvas: Pixels) -> int:
    return 13 if canvas.shape[0] < _SMALL_WINDOW else 15


def draw_figures(
    canvas: Pixels, reading: Measured, facts: Facts, *, flat: bool = False
) -> None:
    """The panel of figures, in the upper left corner; if `flat`, in half as many rows.

    Above two pictures side by side there is nothing to cover, but not much of it.
    """
    reduced = f", from {facts.native}" if facts.native != facts.size else ""
    shares = ", ".join(
        f"{_MADE_BY[name]} {share:.0%}"
        for name, share in reading.shares.items()
        if share
    )
    late = 1000 * reading.delay, 1000 * reading.delay_95
    source = _rate(facts.rate or reading.source_rate)
    output = f"{facts.output}, {facts.output_words}"
    figures = (
        ("source", f"{source}  {facts.size}{reduced}"),
        ("output", f"{_rate(reading.output_rate)}  {output}"),
        ("work", f"{_rate(reading.source_rate)}, {facts.work_ms:.0f} ms a frame"),
        ("delay", f"{late[0]:.0f} ms, 95 % of frames below {late[1]:.0f} ms"),
        ("dropped", f"{reading.dropped} of {reading.shown + reading.dropped}"),
        ("parts", shares),
        ("network", facts.planner),
        ("model", facts.model),
        ("set", facts.settings),
    )
    # At its own pace a preview is never late, and drops nothing.
    hidden = ("delay", "dropped") if facts.in_order else ("work",)
    rows: list[tuple[Cell, ...]] = [(Cell(facts.source[:60], ACCENT),)]
    rows += [
        (Cell(name, DIM), Cell(words[:_LONGEST_WORDS]))
        for name, words in figures
        if name not in hidden
    ]
    if facts.recording:
        rows.append((Cell("record", WARNING), Cell(facts.recording[:_LONGEST_WORDS])))
    if flat:
        half = -(-len(rows) // 2)
        rest = [*rows[half:], ()]
        rows[0] += (Cell(""),)
        rows = [(*a, *b) for a, b in zip(rows[:half], rest, strict=False)]
    stamped(canvas, label(tuple(rows), _points(canvas)), _MARGIN, _MARGIN)


def _rate(rate: float) -> str:
    return f"{rate:.1f} fps" if rate else "- fps"


def draw_help(canvas: Pixels, keys: Sequence[tuple[str, str]], tail: str) -> None:
    """Keys and what they do, in two columns in the middle; `tail` is the last line."""
    half = -(-len(keys) // 2)
    cells = [(Cell(name, key=True), Cell(words)) for name, words in keys]
    pairs = zip_longest(cells[:half], cells[half:], fillvalue=())
    rows: list[tuple[Cell, ...]] = [(*left, *right) for left, right in pairs]
    panel = label((*rows, (Cell(tail, DIM),)), _points(canvas))
    height, width = canvas.shape[:2]
    stamped(
        canvas,
        panel,
        (width - panel.size.width) // 2,
        (height - panel.size.height) // 2,
    )


def draw_message(
    canvas: Pixels, words: str, *, is_warning: bool, bottom: int = 0
) -> None:
    """A line near the lower edge; `bottom` pixels there are taken."""
    points = _points(canvas)
    rows = tuple(
        (Cell(line, WARNING if is_warning else WHITE),)
        for line in _lines(words, canvas.shape[1] // (points // 2 + 1))
    )
    panel = label(rows, points)
    x = (canvas.shape[1] - panel.size.width) // 2
    y = canvas.shape[0] - panel.size.height - _MARGIN - bottom
    stamped(canvas, panel, max(x, 0), max(y, 0))


def _lines(words: str, length: int) -> list[str]:
    """The words in lines of about this many letters."""
    lines = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + len(word) >= max(length, 20):
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def draw_names(
    canvas: Pixels, state: ViewState, *, bottom: int = 0, gain: int = 1
) -> None:
    """Which side is which, in the lower corners; `gain` is of the difference."""
    names = ("enhanced", "before") if state.swapped else ("before", "enhanced")
    left, right = {
        View.AFTER: ("", names[1]),
        View.BEFORE: (names[0], ""),
        View.DIFFERENCE: (f"{state.view.value} x{gain}", ""),
    }.get(state.view, names)
    points = _points(canvas) - 2
    for words, on_right in ((left, False), (right, True)):
        if words:
            panel = label(((Cell(words),),), points)
            x = canvas.shape[1] - panel.size.width - _MARGIN if on_right else _MARGIN
            y = canvas.shape[0] - panel.size.height - _MARGIN - bottom
            stamped(canvas, panel, x, y)


def draw_timeline(canvas: Pixels, seconds: float, duration: float) -> int:
    """The bar with the place in the file; gives the height that it takes."""
    bar = _bar(Size(canvas.shape[1], canvas.shape[0]))
    place = min(max(seconds / duration, 0.0), 1.0) if duration else 0.0
    ground = canvas[max(canvas.shape[0] - _TIMELINE_HEIGHT, 0) :]
    ground[:] = ground // 3
    canvas[bar.slices] = 110
    done = round(place * bar.width)
    canvas[bar.y : bar.bottom, bar.x : bar.x + done] = ACCENT
    knob = slice(max(bar.x + done - 3, 0), bar.x + done + 3)
    canvas[max(bar.y - 5, 0) : bar.bottom + 5, knob] = 245
    words = f"{_clock(seconds)} / {_clock(duration)}"
    panel = label(((Cell(words),),), 12)
    x = canvas.shape[1] - panel.size.width - 4
    stamped(
        canvas, panel, x, canvas.shape[0] - (_TIMELINE_HEIGHT + panel.size.height) // 2
    )
    return _TIMELINE_HEIGHT


def timeline_place(window: Size, x: int, *, y: int) -> float | None:
    """The share of the file that a place on the bar stands for; None outside of it."""
    if y < window.height - _TIMELINE_HEIGHT:
        return None
    bar = _bar(window)
    return min(max((x - bar.x) / bar.width, 0.0), 1.0)


_CLOCK_WIDTH = 150
"""Pixels at the right end of the timeline for the time in words."""


def _bar(window: Size) -> Region:
    width = max(window.width - _MARGIN - _CLOCK_WIDTH, 1)
    y = max(window.height - (_TIMELINE_HEIGHT + _BAR_HEIGHT) // 2, 0)
    return Region(_MARGIN, y, width, _BAR_HEIGHT)


def _clock(seconds: float) -> str:
    whole = int(seconds)
    tail = f"{whole // 60 % 60:02}:{whole % 60:02}.{int(seconds * 10) % 10}"
    return f"{whole // 3600}:{tail}" if whole >= 3600 else tail


@dataclass(slots=True)
class Overlay:
    """What the user has chosen to see."""

    state: ViewState = field(default_factory=ViewState)
    figures: bool = True
    help: bool = False

    @property
    def needs_base(self) -> bool:
        """Whether the plain enlargement is seen."""
        return self.state.view is not View.AFTER or self.state.loupe


@dataclass(frozen=True, slots=True)
class Words:
    """What is said on the picture."""

    figures: tuple[Measured, Facts] | None = None
    message: str = ""
    warns: bool = False
    """Whether the message is of something wrong: then the picture is dimmed."""
    timeline: tuple[float, float] | None = None
    """Place and length of a file in seconds."""
    help: tuple[Sequence[tuple[str, str]], str] | None = None
    """Keys with what they do, and a last line, where they are asked for."""


def painted(
    pair: Pair | None, overlay: Overlay, *, words: Words, window: Size
) -> Pixels:
    """The window's pixels, H x W x 3, B G R."""
    canvas = blank(window) if pair is None else drawn(pair, overlay.state, window)
    if words.warns and pair is not None:
        # What is not live must not look as if it were.
        canvas //= 2
    bottom = 0
    if words.timeline is not None:
        bottom = draw_timeline(canvas, *words.timeline)
    if pair is not None:
        differs = overlay.state.view is View.DIFFERENCE
        gain = difference_gain(pair) if differs else 1
        draw_names(canvas, overlay.state, bottom=bottom, gain=gain)
    if words.message:
        draw_message(canvas, words.message, is_warning=words.warns, bottom=bottom)
    if words.help is not None:
        draw_help(canvas, *words.help)
    elif overlay.figures and words.figures is not None:
        draw_figures(canvas, *words.figures, flat=overlay.state.view is View.BESIDE)
    if overlay.state.loupe and pair is not None:
        draw_loupe(canvas, pair, state=overlay.state)
    return canvas
