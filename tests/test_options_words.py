"""Options become a command line that says the same."""

import shlex

import pytest

from videnhance.cli.convert import convert
from videnhance.cli.fields import options_from
from videnhance.options import ConvertOptions
from videnhance.options.words import command_line, option_words


def test_defaults_need_no_words() -> None:
    assert option_words(ConvertOptions()) == []


@pytest.mark.parametrize(
    "options",
    [
        ConvertOptions(look="crisp", skip=2, crf=20),
        ConvertOptions(size="1080p", fit="pad", audio=False, realtime=True),
        ConvertOptions(encoder_options={"tune": "film", "g": "50"}, codec="libx265"),
        ConvertOptions(clean=0.7, start=1.5, end=60.0, deadline="1h30m", isolate=True),
        ConvertOptions(pipe_format="nut", overwrite=True, rate="30000/1001"),
    ],
)
def test_the_command_line_reads_them_back(options: ConvertOptions) -> None:
    words = convert.make_context("convert", option_words(options)).params
    assert options_from(words, ConvertOptions) == options


def test_names_are_quoted_for_a_shell() -> None:
    line = command_line("-a b.mp4", "it's.mp4", ConvertOptions(look="natural"))
    assert shlex.split(line) == [
        *("videnhance", "./-a b.mp4", "it's.mp4"),
        *("--look", "natural"),
    ]


def test_all_digits_of_a_rate_are_told() -> None:
    options = ConvertOptions(target_fps=23.976024, strength=1.25)
    words = option_words(options)
    assert words[words.index("--target-fps") + 1] == "23.976024"
    assert words[words.index("--strength") + 1] == "1.25"
