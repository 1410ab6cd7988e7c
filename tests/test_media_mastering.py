"""HDR's static metadata in the words of each encoder."""

from dataclasses import replace
from fractions import Fraction

import pytest

from videnhance.frame import Light, Mastering
from videnhance.media.encoder.mastering import (
    light_notice,
    params_name,
    with_light,
)


def _point(x: int, y: int) -> tuple[Fraction, Fraction]:
    return Fraction(x, 50_000), Fraction(y, 50_000)


DISPLAY = Mastering(
    red=_point(34000, 16000),
    green=_point(13250, 34500),
    blue=_point(7500, 3000),
    white=_point(15635, 16450),
    min_luminance=Fraction(5, 1000),
    max_luminance=Fraction(1000),
)
LIGHT = Light(DISPLAY, 1000, 400)
WHOLE = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"


def test_x265_and_x264_are_told_in_whole_units() -> None:
    told = with_light("libx265", LIGHT, "")
    assert told == f"master-display={WHOLE}:max-cll=1000,400"
    told = with_light("libx264", LIGHT, "")
    assert told == f"mastering-display={WHOLE}:cll=1000,400"


def test_svt_av1_is_told_in_decimals() -> None:
    told = with_light("libsvtav1", LIGHT, "")
    assert told.startswith("mastering-display=G(0.265000,0.690000)B(0.150000,0.06")
    assert told.endswith("L(1000.000000,0.005000):content-light=1000,400")


def test_what_the_user_says_stays_and_wins() -> None:
    told = with_light("libx265", LIGHT, "max_cll=5,4:aq-mode=3")
    assert told == f"master-display={WHOLE}:max_cll=5,4:aq-mode=3"
    assert with_light("libx265", None, "aq-mode=3") == "aq-mode=3"
    assert with_light("libx265", None, "") == ""


def test_a_level_alone_is_told() -> None:
    assert with_light("libx265", Light(max_cll=7), "") == "max-cll=7,0"
    assert with_light("libx265", Light(), "") == ""


@pytest.mark.parametrize("part", ["red", "white", "min_luminance"])
def test_of_a_display_with_unknown_parts_nothing_is_made_up(part: str) -> None:
    light = replace(LIGHT, mastering=replace(DISPLAY, **{part: None}))
    assert with_light("libx265", light, "") == "max-cll=1000,400"
    assert "only a part of it" in str(light_notice("libx265", light))


def test_an_encoder_that_stores_none_is_noted() -> None:
    assert "left out: prores_ks stores none" in str(light_notice("prores_ks", LIGHT))
    assert light_notice("prores_ks", None) is light_notice("libx265", LIGHT) is None


def test_only_encoders_that_take_it_have_a_place_for_it() -> None:
    assert params_name("libx264rgb") == "x264-params"
    assert params_name("libsvtav1") == "svtav1-params"
    assert params_name("ffv1") is None
