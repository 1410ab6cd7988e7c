"""What stands where in the window: pictures, words, the timeline."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from videnhance.frame import Pixels
from videnhance.frame.geometry import Region, Size
from videnhance.live.actions import KEYS, Action, action_of, help_of, keys_of
from videnhance.live.overlay import Facts, Overlay, Words, painted, timeline_place
from videnhance.live.stats import Measured
from videnhance.live.text import Cell, label, stamped
from videnhance.live.views import (
    Pair,
    View,
    ViewState,
    blank,
    difference_gain,
    draw_loupe,
    drawn,
    fitted,
    natural,
)

pytestmark = pytest.mark.opencv
ROOM = Size(120, 80)
BEFORE, AFTER = 60, 200


def pair(size: Size = ROOM, shape: Fraction = Fraction(1)) -> Pair:
    """Dark before, light after."""
    dark = np.full((size.height, size.width, 3), BEFORE, np.uint8)
    return Pair(dark, np.full_like(dark, AFTER), shape)


def seen(view: View, **changes: object) -> Pixels:
    """The view of a picture that fills the window."""
    state = replace(ViewState(view), **changes)  # type: ignore[arg-type]  # of any kind
    return drawn(pair(), state, ROOM)


@pytest.mark.parametrize(("x", "left"), [(0.25, 30), (0.5, 60), (0.9, 108)])
def test_the_split_follows_the_mouse(x: float, left: int) -> None:
    canvas = seen(View.SPLIT, mouse=(x, 0.5))
    assert (canvas[:, : left - 2] == BEFORE).all()
    assert (canvas[:, left + 2 :] == AFTER).all()
    assert (canvas[:, left] == 255).all()
    # It is seen on white, too.
    assert (canvas[:, (left - 2, left + 1)] == 0).all()


@pytest.mark.parametrize(("x", "level"), [(-3.0, AFTER), (0.0, AFTER), (1.5, BEFORE)])
def test_beyond_the_edges_one_side_is_whole(x: float, level: int) -> None:
    assert (seen(View.SPLIT, mouse=(x, 0.5)) == level).all()


def test_swapping_changes_sides() -> None:
    canvas = seen(View.SPLIT, mouse=(0.5, 0.5), swapped=True)
    assert (canvas[:, :50] == AFTER).all()
    assert (canvas[:, 70:] == BEFORE).all()


def test_side_by_side_shows_both_whole() -> None:
    canvas = seen(View.BESIDE)
    assert canvas[40, 30, 0] == BEFORE
    assert canvas[40, 90, 0] == AFTER
    assert canvas[2, 30, 0] not in (BEFORE, AFTER)


def test_one_view_shows_one() -> None:
    assert (seen(View.AFTER) == AFTER).all()
    assert (seen(View.BEFORE) == BEFORE).all()


@pytest.mark.parametrize(
    ("difference", "gain"), [(0, 64), (1, 64), (7, 32), (63, 4), (140, 1), (195, 1)]
)
def test_the_difference_fills_the_range(difference: int, gain: int) -> None:
    before = pair().before
    changed = Pair(before, before + np.uint8(difference))
    assert difference_gain(changed) == gain
    shown = drawn(changed, ViewState(View.DIFFERENCE), ROOM)
    assert (shown == difference * gain).all()


def test_a_few_samples_do_not_darken_the_difference() -> None:
    rough = pair(LARGE).before.copy()
    rough[8, 8:100] = 255
    changed = Pair(pair(LARGE).before, rough + np.uint8(3) * (rough < 200))
    assert difference_gain(changed) == 64


def test_a_picture_keeps_its_shape() -> None:
    where = fitted(Size(100, 100), Fraction(1), room=Region(0, 0, 120, 80)).place
    assert where == Region(20, 0, 80, 80)
    wide = fitted(Size(720, 480), Fraction(32, 27), room=Region(0, 0, 1600, 900)).place
    assert wide == Region(0, 0, 1600, 900)


def test_pixel_for_pixel_follows_the_mouse() -> None:
    room = Region(0, 0, 100, 50)
    assert natural(Size(300, 150), (0.0, 1.0), room).source == Region(0, 100, 100, 50)
    assert natural(Size(300, 150), (1.0, -2.0), room).source == Region(200, 0, 100, 50)
    assert natural(Size(60, 150), (0.5, 0.5), room).place == Region(20, 0, 60, 50)


def test_the_loupe_magnifies_what_is_under_the_mouse() -> None:
    window, picture = Size(400, 300), np.zeros((300, 400, 3), np.uint8)
    picture[100, 200] = 255
    canvas = blank(window)
    state = ViewState(View.AFTER, mouse=(0.5, 1 / 3))
    draw_loupe(canvas, Pair(picture, picture), state=state)
    rows, columns = np.nonzero(canvas[..., 0] == 255)
    spots = np.zeros(canvas.shape[:2], np.bool_)
    spots[rows, columns] = True
    # The middle of each half: four by four pixels of light.
    assert spots[130:300].sum() > 0
    assert canvas[..., 0].max() == 255


@pytest.mark.parametrize("view", list(View))
@pytest.mark.parametrize("room", [Size(16, 16), Size(97, 33), Size(33, 97)], ids=str)
def test_every_view_fits_every_window(view: View, room: Size) -> None:
    message = "a message that is too long for any of these"
    words = Words((READING, FACTS), message, True, (1, 2), help_of(preview=True))
    for state in (ViewState(view), ViewState(view, True, True, True, (9.0, -1.0))):
        overlay = Overlay(state)
        for picture in (None, pair(Size(50, 40), Fraction(5, 4))):
            canvas = painted(picture, overlay, words=words, window=room)
            assert canvas.shape == (room.height, room.width, 3)


READING = Measured(29.97, 29.5, 0.041, 0.066, 1000, 3, {"network": 0.5, "base": 0.5})
WHY = "twice the size: there is time for it"
FACTS = Facts(
    "camera", Size(640, 360), Size(1280, 720), Size(1280, 720), WHY, "m", "p", "s"
)
LARGE = Size(1280, 720)


def test_figures_can_be_hidden_and_give_way_to_help() -> None:
    state, words = ViewState(View.AFTER), Words((READING, FACTS))
    plain = painted(
        pair(LARGE), Overlay(state, figures=False), words=words, window=LARGE
    )
    figures = painted(pair(LARGE), Overlay(state), words=words, window=LARGE)
    words = replace(words, help=help_of(preview=False))
    helped = painted(pair(LARGE), Overlay(state), words=words, window=LARGE)
    corner = slice(20, 160), slice(20, 300)
    assert (plain[corner] == AFTER).all()
    assert (figures[corner] != AFTER).any()
    assert (helped[corner] == AFTER).all()
    assert (helped[300:420, 500:780] != AFTER).any()


def test_figures_cover_no_picture_side_by_side() -> None:
    state, words = ViewState(View.BESIDE), Words((READING, FACTS))
    plain = painted(
        pair(LARGE), Overlay(state, figures=False), words=words, window=LARGE
    )
    figures = painted(pair(LARGE), Overlay(state), words=words, window=LARGE)
    pictures = slice(180, 540)
    assert (plain[pictures] == figures[pictures]).all()
    assert (plain[20:160, 20:300] != figures[20:160, 20:300]).any()


def test_a_picture_that_is_not_live_is_dimmed() -> None:
    overlay = Overlay(ViewState(View.AFTER), figures=False)
    gone = painted(
        pair(LARGE), overlay, words=Words(message="gone", warns=True), window=LARGE
    )
    assert gone[100, 100, 0] == AFTER // 2
    paused = painted(pair(LARGE), overlay, words=Words(message="paused"), window=LARGE)
    assert paused[100, 100, 0] == AFTER


def test_a_message_is_broken_into_lines_that_fit() -> None:
    words = Words(message="word " * 60)
    overlay = Overlay(ViewState(View.AFTER), figures=False)
    canvas = painted(pair(LARGE), overlay, words=words, window=LARGE)
    touched = (canvas != AFTER).any(axis=(0, 2))
    assert not touched[:4].any()
    assert not touched[-4:].any() or touched[-140:].any()


def test_the_timeline_shows_the_place() -> None:
    overlay = Overlay(ViewState(View.BEFORE), figures=False)
    early, late = (
        painted(pair(LARGE), overlay, words=Words(timeline=(at, 100.0)), window=LARGE)
        for at in (10.0, 90.0)
    )
    done = [int((c[-20:, :, 0] == 255).any(axis=0).sum()) for c in (early, late)]
    assert done[0] < done[1]


@pytest.mark.parametrize(
    ("x", "y", "place"),
    [(640, 300, None), (12, 700, 0.0), (0, 700, 0.0), (1279, 700, 1.0)],
)
def test_a_place_on_the_timeline_is_a_place_in_the_file(
    x: int, y: int, place: float | None
) -> None:
    assert timeline_place(LARGE, x, y=y) == place


def test_a_stamp_is_mixed_and_cut_at_the_edge() -> None:
    canvas = np.full((20, 30, 3), 255, np.uint8)
    panel = label(((Cell("words"),),))
    stamped(canvas, panel, 10, 5)
    assert (canvas[:, :10] == 255).all()
    assert canvas[12, 20, 0] < 120


def test_columns_of_a_panel_stand_below_each_other() -> None:
    rows = ((Cell("a"), Cell("x")), (Cell("longer"), Cell("y")))
    assert label(rows).size.width > label(rows[:1]).size.width
    assert label(rows).size.height > label(rows[:1]).size.height


# The keys.


def test_no_code_has_two_meanings() -> None:
    for preview in (False, True):
        codes = [code for key in keys_of(preview) for code in key.codes]
        assert len(codes) == len(set(codes))


def test_every_action_has_a_key() -> None:
    assert {key.action for key in KEYS} == set(Action)


@pytest.mark.parametrize(
    ("code", "action"),
    [
        (ord("h"), Action.HELP),
        (ord("H"), Action.HELP),
        (32, Action.PAUSE),
        (ord("s"), Action.SWAP),
        (ord("v"), Action.VIEW),
        (ord("0"), Action.DIFFERENCE),
        (ord("z"), Action.LOUPE),
        (ord("+"), Action.STRONGER),
        (ord("-"), Action.WEAKER),
        (ord("m"), Action.MODEL),
        (ord("r"), Action.RECORD),
        (ord("f"), Action.SNAPSHOT),
        (ord("x"), Action.OVERLAY),
        (ord("q"), Action.QUIT),
        (27, Action.QUIT),
        (ord("n"), None),
        (0xFF51, None),
        (1, None),
    ],
)
def test_keys_of_the_live_window(code: int, action: Action | None) -> None:
    assert action_of(code, preview=False) is action


def test_a_preview_seeks_and_does_not_record() -> None:
    assert action_of(0xFF51, preview=True) is Action.BACK
    assert action_of(ord("r"), preview=True) is None
