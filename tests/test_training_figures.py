"""Figures of a form of a network, and the line that shows them."""

from pathlib import Path

import pytest

from tests.stills import write_still
from videnhance.models import timing
from videnhance.training.figures import Figures, a_frame, best_milliseconds, psnr_of
from videnhance.training.measure import bicubic, known_stills, mean_scores


def test_a_line_leaves_out_what_was_not_measured() -> None:
    assert Figures("int8", 1500, 33.25, 7.0).line().split() == [
        "int8", "1.5", "KB", "33.250", "dB", "7.0", "ms", "a", "frame",
    ]  # fmt: skip
    assert "dB" not in Figures("int8", 1500, float("nan"), 7.0).line()


def test_without_stills_there_is_no_psnr(tmp_path: Path) -> None:
    assert psnr_of(bicubic, [], 1) != psnr_of(bicubic, [], 1)
    write_still(tmp_path / "a.png", 60, 64, 2)
    stills = known_stills(tmp_path)
    assert psnr_of(bicubic, stills, 1) == mean_scores(stills, bicubic, 1).psnr


def test_the_frame_is_the_same_each_time() -> None:
    assert a_frame(3).shape == (1, 3, 360, 640)
    assert bool((a_frame(1) == a_frame(1)).all())


def test_the_best_run_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "_WARM_UP_SECONDS", 0.0)
    calls: list[int] = []
    assert best_milliseconds(lambda: calls.append(1)) >= 0
    assert len(calls) == 7
