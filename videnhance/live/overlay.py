"""One look of the window: the picture in its view, and the words on it."""

from dataclasses import dataclass, field

from videnhance.frame import Pixels
from videnhance.geometry import Size
from videnhance.live.panels import (
    Facts,
    draw_figures,
    draw_help,
    draw_message,
    draw_names,
    draw_timeline,
)
from videnhance.live.stats import Reading
from videnhance.live.views import (
    Pair,
    View,
    ViewState,
    blank,
    difference_gain,
    draw_loupe,
    drawn,
)

__all__ = ["Face", "Words", "painted"]


@dataclass(slots=True)
class Face:
    """What the user has chosen to see."""

    state: ViewState = field(default_factory=ViewState)
    overlay: bool = True
    help: bool = False

    @property
    def needs_base(self) -> bool:
        """Whether the plain enlargement is seen."""
        return self.state.view is not View.AFTER or self.state.loupe


@dataclass(frozen=True, slots=True)
class Words:
    """What is said on the picture."""

    figures: tuple[Reading, Facts] | None = None
    message: str = ""
    warns: bool = False
    """Whether the message is of something wrong: then the picture is dimmed."""
    timeline: tuple[float, float] | None = None
    """Place and length of a file in seconds."""


def painted(
    pair: Pair | None, face: Face, words: Words, window: Size, preview: bool
) -> Pixels:
    """The window's pixels, H x W x 3, B G R."""
    canvas = blank(window) if pair is None else drawn(pair, face.state, window)
    if words.warns and pair is not None:
        # What is not live must not look as if it were.
        canvas //= 2
    bottom = 0
    if words.timeline is not None:
        bottom = draw_timeline(canvas, *words.timeline)
    if pair is not None:
        view, gain = face.state.view, 1
        if view is View.DIFFERENCE:
            gain = difference_gain(pair)
        draw_names(canvas, face.state, bottom, gain)
    if words.message:
        draw_message(canvas, words.message, words.warns, bottom)
    if face.help:
        draw_help(canvas, preview)
    elif face.overlay and words.figures is not None:
        draw_figures(canvas, *words.figures, flat=face.state.view is View.BESIDE)
    if face.state.loupe and pair is not None:
        draw_loupe(canvas, pair, face.state)
    return canvas
