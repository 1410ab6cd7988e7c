from pathlib import Path

import numpy as np
import pytest

from tests.clips import write_clip
from videnhance.conversion.bench import (
    Row,
    as_json,
    benchmarked,
    moving_scene,
    processor_name,
    table,
)
from videnhance.errors import InputError
from videnhance.geometry import Size

pytestmark = pytest.mark.opencv


def test_the_scene_moves_and_repeats() -> None:
    first, second = moving_scene(Size(70, 50), 2)
    assert first.size == Size(70, 50)
    assert [first.pts, second.pts] == [0, 1]
    assert not np.array_equal(first.planes[0], second.planes[0])
    again = next(iter(moving_scene(Size(70, 50), 2)))
    assert np.array_equal(first.planes[0], again.planes[0])


def test_a_table_has_a_line_for_each_row() -> None:
    lines = table(
        [Row("decode", 9, 100.0, 1.5), Row("convert", 9, 20.0, 80.0, 1.1, 1.4, 480)]
    )
    assert lines[0].count("|") == lines[1].count("|") == lines[2].count("|")
    assert lines[2] == "| decode | 100.0 | 1.5 |  |  |  |"
    assert lines[3] == "| convert | 20.0 | 80.0 | 1.10 | 1.40 | 480 |"


def test_json_names_the_machine() -> None:
    values = as_json([Row("decode", 9, 100.0, 1.5)])
    assert values["processor"] == processor_name() != ""
    assert values["cores"] >= 1
    assert values["rows"][0]["name"] == "decode"


def test_every_stage_and_every_conversion_is_measured(tmp_path: Path) -> None:
    rows = list(benchmarked(write_clip(tmp_path / "a.mp4"), 4))
    names = [row.name for row in rows]
    assert names[:4] == ["decode", "model int8", "model float32", "encode"]
    assert [name for name in names if name.startswith("convert")] == names[4:]
    assert len(names) == 8
    for row in rows:
        assert row.frames_per_second > 0
        assert row.cpu_ms > 0
        assert row.frames == 4
    for row in rows[4:]:
        assert row.to_sum is not None
        assert row.to_slowest is not None
        assert row.to_slowest >= row.to_sum > 0


def test_a_missing_clip_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="missing"):
        list(benchmarked(tmp_path / "missing.mp4", 4))
