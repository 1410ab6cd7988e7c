"""Times: what they say of runs whose times are known."""

import pytest

from videnhance.models import timing
from videnhance.models.timing import Times, timed


def test_what_times_say() -> None:
    times = Times((4.0, 1.0, 2.0, 3.0, 10.0))
    assert (times.best, times.mean, times.median) == (1.0, 4.0, 3.0)
    assert times.deviation == pytest.approx(3.162, abs=1e-3)
    assert times.p95 == pytest.approx(8.8)


def test_no_run_is_an_error() -> None:
    with pytest.raises(ValueError, match="no run was measured"):
        Times(())


def test_warming_up_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "_WARM_UP_SECONDS", 0.0)
    calls: list[int] = []
    times = timed(lambda: calls.append(1), 5)
    assert (len(times.milliseconds), len(calls)) == (5, 7)
    assert times.best >= 0
