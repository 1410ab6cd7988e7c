"""The report as plain values, and the stage it blames."""

import json

import pytest

from videnhance.pipeline.report import Report
from videnhance.system.threads import Meter


def test_a_report_is_plain_json() -> None:
    report = Report(source="a.mp4", target="b.mkv", frames_in=7, frames_out=7)
    report.cells["network"] = 9
    report.seconds["total"] = 1.5
    report.notices.append("the size changes")
    report.streams.append({"stream": "1", "fate": "kept"})
    report.reading.for_upstream = 0.25
    plain = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert plain["source"] == "a.mp4"
    assert plain["frames_out"] == 7
    assert plain["cells"] == {"network": 9}
    assert plain["seconds"] == {"total": 1.5}
    assert plain["notices"] == ["the size changes"]
    assert plain["streams"] == [{"stream": "1", "fate": "kept"}]
    assert plain["waited_seconds"]["reader"] == 0.25
    assert plain["slowest_stage"] == "reader"
    assert not {"reading", "working", "writing"} & set(plain)


def test_json_is_a_copy() -> None:
    report = Report()
    report.as_json()["cells"]["network"] = 1
    assert report.cells == {}


@pytest.mark.parametrize(
    ("reading", "working", "writing", "slowest"),
    [
        (Meter(3, 0), Meter(1, 9), Meter(9, 2), "reader"),
        (Meter(1, 9), Meter(3, 0), Meter(9, 2), "network"),
        (Meter(1, 9), Meter(2, 9), Meter(0, 3), "writer"),
    ],
)
def test_the_slowest_stage_is_the_one_most_waited_for(
    reading: Meter, working: Meter, writing: Meter, slowest: str
) -> None:
    report = Report(reading=reading, working=working, writing=writing)
    assert report.slowest == slowest
    assert max(report.waited.values()) == 3


def test_two_reports_share_nothing() -> None:
    one, other = Report(), Report()
    one.cells["base"] = 1
    one.notices.append("x")
    one.reading.for_upstream = 5
    assert other == Report()


def test_parts_of_the_work_add_up() -> None:
    whole, part = Report(), Report()
    part.cells, part.seconds = {"network": 3, "base": 1}, {"writing": 0.5}
    part.working.for_upstream = 0.25
    for _ in range(2):
        whole.merge(part)
    assert whole.cells == {"network": 6, "base": 2}
    assert whole.seconds == {"writing": 1.0}
    assert whole.waited["network"] == 0.5
