"""From a few frames to the whole."""

import pytest

from videnhance.conversion.estimate import (
    bytes_words,
    estimated,
    seconds_words,
)
from videnhance.media.output.trial_encode import Run


def test_the_whole_is_made_of_keys_and_frames_between() -> None:
    runs = [Run(4, 2.0, (1000,), (100, 100, 100, 100)), Run(2, 1.0, (2000,), (400, 0))]
    guess = estimated(runs, 70, segment_frames=25, other_bytes=500.0)
    assert guess.frames_per_second == 2.0
    assert guess.seconds == 35.0
    # three segments with a key frame each, 67 frames of 800 / 6 bytes
    assert guess.bytes == round(3 * 1500 + 67 * 800 / 6 + 500)
    assert guess.least_bytes is not None
    assert guess.most_bytes is not None
    assert guess.least_bytes < guess.bytes < guess.most_bytes


def test_a_film_that_costs_more_elsewhere_makes_a_larger_file() -> None:
    runs = [Run(2, 1.0, (1000,), (100,))]
    plain, costly = (
        estimated(
            runs, 10, segment_frames=25, other_bytes=7.0, relative_rate=rate
        ).bytes
        for rate in (1.0, 1.5)
    )
    assert (plain, costly) == (1907, 2857)


def test_an_encoder_of_key_frames_alone_stays_one() -> None:
    assert (
        estimated(
            [Run(2, 1.0, (50, 70), ())], 9, segment_frames=25, other_bytes=0.0
        ).bytes
        == 540
    )


def test_more_places_give_a_narrower_range() -> None:
    run = Run(3, 1.0, (900,), (90, 90))
    one, many = (
        estimated([run] * n, 100, segment_frames=25, other_bytes=0.0).most_bytes
        for n in (1, 5)
    )
    assert one is not None
    assert many is not None
    assert one > many


def test_without_a_length_only_the_pace_is_known() -> None:
    guess = estimated(
        [Run(2, 1.0, (900,), (90, 90))], None, segment_frames=25, other_bytes=0.0
    )
    assert guess.frames_per_second == 2.0
    assert guess.seconds is None
    assert guess.bytes is None


def test_without_a_frame_there_is_nothing_to_go_by() -> None:
    with pytest.raises(ValueError, match="no frame"):
        estimated([], 3, segment_frames=25, other_bytes=0.0)


@pytest.mark.parametrize(
    ("count", "words"),
    [(7, "7 bytes"), (3140, "3.1 kB"), (99_600, "100 kB"), (3.14e9, "3.1 GB")],
)
def test_bytes_have_a_unit_that_fits(count: float, words: str) -> None:
    assert bytes_words(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (42, "42 s"), (200, "3 min 20 s"), (7500, "2 h 05 min")],
)
def test_times_have_units_that_fit(seconds: float, words: str) -> None:
    assert seconds_words(seconds) == words
