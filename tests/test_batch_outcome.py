"""What became of each input, as a table, as JSON and as CSV."""

import csv
import io
import json

from videnhance.batch.outcome import Outcome, Status, Summary
from videnhance.pipeline.report import Report


def _summary() -> Summary:
    summary = Summary("in", "out", seconds=12.34)
    report = Report(frames_written=7, frames_out=3, damaged_frames=1, notices=["one"])
    summary.add(
        Outcome("b.mp4", "b.mp4", Status.DONE, seconds=2.5, report=report.as_json())
    )
    summary.add(Outcome("a\n.mp4", "a\n.mp4", Status.FAILED, "it is empty"))
    summary.add(Outcome("c.mp4", "c.mp4", Status.SKIPPED, "current"))
    return summary


def test_the_table_names_failures_and_counts_the_rest() -> None:
    assert [*_summary().lines()] == [
        r"failed: a\n.mp4",
        "1 done, 1 skipped, 1 failed (1 of damaged inputs) in 12.3 s: out",
    ]


def test_what_was_not_reached_and_what_many_share_is_said() -> None:
    summary = _summary()
    report = Report(frames_written=1, notices=["one", "two"]).as_json()
    summary.add(Outcome("d.mp4", "d.mp4", Status.DONE, report=report))
    for number in range(22):
        summary.add(Outcome(f"{number}", f"{number}", Status.LEFT))
    names = ", ".join(map(str, range(20)))
    assert [*summary.lines()][1:] == [
        f"not reached: {names} and 2 more",
        "2 files: one",
        "2 done, 1 skipped, 1 failed, 22 not reached (1 of damaged inputs) in 12.3 s: "
        "out",
    ]
    assert summary.as_json()["counts"]["not reached"] == 22


def test_the_whole_table_names_all() -> None:
    lines = [*_summary().lines(verbose=True)]
    assert [line.split()[0] for line in lines] == ["failed", "done", "skipped", "1"]
    assert r"failed   a\n.mp4  it is empty" in lines


def test_json_holds_everything() -> None:
    plain = json.loads(_summary().as_text())
    counts = {"done": 1, "skipped": 1, "failed": 1, "not reached": 0}
    assert plain["counts"] == counts
    (first, *_) = plain["files"]
    assert (first["source"], first["frames"], first["damaged"]) == ("b.mp4", 7, True)
    assert first["report"]["frames_out"] == 3


def test_csv_has_a_row_for_each_input() -> None:
    rows = [*csv.DictReader(io.StringIO(_summary().as_csv()))]
    assert [row["source"] for row in rows] == ["b.mp4", r"a\n.mp4", "c.mp4"]
    assert rows[0]["notices"] == "one"
    assert rows[1]["reason"] == "it is empty"
    assert [row["frames"] for row in rows] == ["7", "", ""]


def test_the_last_outcome_of_an_input_counts() -> None:
    summary = _summary()
    summary.add(Outcome("a\n.mp4", "a\n.mp4", Status.DONE))
    assert summary.count(Status.FAILED) == 0
    assert summary.count(Status.DONE) == 2


def test_all_failed_needs_an_input() -> None:
    assert not Summary("in", "out").all_failed
    assert not _summary().all_failed
    alone = Summary("in", "out")
    alone.add(Outcome("a", "a", Status.FAILED))
    assert alone.all_failed
