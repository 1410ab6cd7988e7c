"""The colours of the pages have the contrast that WCAG 2.2 AA asks for."""

import re

import pytest

from videnhance.web.inline import STATIC

WORDS, EDGES = 4.5, 3.0
"""Least contrast of words, and of what is no word but must be seen."""
PAIRS = [
    *((ink, back, WORDS) for ink in ("ink", "quiet") for back in ("back", "card")),
    *((ink, "sunk", WORDS) for ink in ("ink", "quiet")),
    *((ink, "card", WORDS) for ink in ("accent", "good", "warn", "bad")),
    *((ink, "back", WORDS) for ink in ("accent", "good", "warn", "bad")),
    ("on-accent", "accent", WORDS),
    *(("edge", back, EDGES) for back in ("back", "card", "sunk")),
]


def _schemes() -> dict[str, dict[str, str]]:
    text = (STATIC / "theme.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root \{\n(.*?--shadow)", text, re.DOTALL)[:2]
    colour = re.compile(r"--([\w-]+): (#\w{6});")
    return {"light": dict(colour.findall(light)), "dark": dict(colour.findall(dark))}


def _luminance(colour: str) -> float:
    """Relative luminance, as WCAG defines it."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    r, g, b = (
        v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts
    )
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "back", "least"), PAIRS)
def test_contrast(scheme: str, ink: str, back: str, least: float) -> None:
    colours = _schemes()[scheme]
    low, high = sorted((_luminance(colours[ink]), _luminance(colours[back])))
    assert (high + 0.05) / (low + 0.05) >= least


def test_both_schemes_have_the_same_colours() -> None:
    schemes = _schemes()
    assert schemes["light"].keys() == schemes["dark"].keys()
