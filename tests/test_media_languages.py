"""Languages by three letters."""

import pytest

from videnhance.media.streams.languages import three_letters


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("en", "eng"),
        ("pt-BR", "por"),
        ("zh_Hant-TW", "zho"),
        ("DE", "deu"),
        ("iw", "heb"),
        ("deu", "deu"),
        ("gsw-CH", "gsw"),
        ("und", "und"),
        ("", ""),
        ("x-klingon", "x-klingon"),
        ("Deutsch", "Deutsch"),
    ],
)
def test_a_language_has_three_letters(given: str, wanted: str) -> None:
    assert three_letters(given) == wanted
