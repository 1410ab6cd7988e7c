"""The ways that a sample page compares: which, their names and commands."""

from pathlib import Path

import pytest

from videnhance.errors import UsageError
from videnhance.options import ConvertOptions
from videnhance.web.sample.columns import columns_of

IN = Path("films/in.mkv")


def test_three_looks_are_usual() -> None:
    columns = columns_of(IN, ConvertOptions(crf=20), [])
    assert [column.options.look for column in columns] == [
        *("faithful", "natural", "crisp"),
    ]
    assert {column.options.crf for column in columns} == {20}


@pytest.mark.parametrize(
    "options", [ConvertOptions(look="clean"), ConvertOptions(clean=0.3)]
)
def test_who_names_a_network_gets_that(options: ConvertOptions) -> None:
    [column] = columns_of(IN, options, [])
    assert column.options == options


def test_a_way_changes_the_options() -> None:
    tries: list[dict[str, object]] = [{"look": "crisp", "skip": 2}, {"scale": 1}]
    crisp, same = columns_of(IN, ConvertOptions(clean=0.5, crf=22), tries)
    assert crisp.options == ConvertOptions(look="crisp", skip=2, crf=22)
    assert same.options == ConvertOptions(clean=0.5, scale=1, crf=22)
    assert crisp.name == "crisp, skip 2"
    assert crisp.command == (
        "videnhance films/in.mkv films/in-crisp-skip-2.mkv "
        "--skip 2 --look crisp --crf 22"
    )


def test_equal_ways_have_names_of_their_own() -> None:
    columns = columns_of(IN, ConvertOptions(), [{"look": "crisp"}, {"look": "crisp"}])
    assert len({column.name for column in columns}) == 2


def test_other_inputs_become_mp4() -> None:
    columns = columns_of(Path("in.264"), ConvertOptions(), [])
    assert {column.target.suffix for column in columns} == {".mp4"}


def test_unknown_options_and_too_many_ways_are_refused() -> None:
    with pytest.raises(UsageError, match="did you mean look"):
        columns_of(IN, ConvertOptions(), [{"loook": "crisp"}])
    with pytest.raises(UsageError, match="6 fit"):
        columns_of(IN, ConvertOptions(), [{"crf": n} for n in range(7)])
