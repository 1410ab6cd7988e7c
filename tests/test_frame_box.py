"""The words of a size, and the box that they name."""

import pytest

from videnhance.errors import UsageError
from videnhance.frame.geometry import Fit, box_of


@pytest.mark.parametrize(
    ("words", "width", "height"),
    [
        ("480p", 854, 480),
        ("720p", 1280, 720),
        ("1080P", 1920, 1080),
        ("1440p", 2560, 1440),
        ("2k", 2560, 1440),
        ("4K", 3840, 2160),
        ("8k", 7680, 4320),
        ("641x357", 641, 357),
        ("640x", 640, None),
        ("x360", None, 360),
    ],
)
def test_words_name_a_box(words: str, width: int | None, height: int | None) -> None:
    box = box_of(words, Fit.INSIDE)
    assert (box.width, box.height) == (width, height)
    assert box.turns == ("x" not in words)


@pytest.mark.parametrize(
    "words",
    [
        "huge",
        "x",
        "",
        "0x10",
        "10x0",
        "-640x360",
        "640",
        "640x360x2",
        "3k",
        "p",
        "1e3x9",
        "000p",
        "9999p",
        "15x",
        "x16385",
        "6:3",
        "\x1b[1mx",
    ],
)
def test_nonsense_is_refused_with_the_option_named(words: str) -> None:
    with pytest.raises(UsageError, match="--size") as raised:
        box_of(words, Fit.INSIDE)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("fit", [Fit.COVER, Fit.PAD, Fit.STRETCH])
def test_filling_a_box_needs_both_sides(fit: Fit) -> None:
    with pytest.raises(UsageError, match="both sides"):
        box_of("x720", fit)
