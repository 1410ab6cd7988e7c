"""Nothing is lost: each row of the table, by ffprobe and ffmpeg, not by this code."""

import shutil
from pathlib import Path

import pytest

from tests.faithful_row import Row
from tests.faithful_table import ROWS


@pytest.mark.apart
@pytest.mark.ffprobe
@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_a_row_of_the_table_holds(row: Row, tmp_path: Path) -> None:
    if shutil.which("ffmpeg") is None:
        pytest.skip("no ffmpeg here to make the sources")
    case = row.run(tmp_path)
    for check in row.checks:
        check.test(case)


def test_every_row_has_a_name_of_its_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) >= 60
