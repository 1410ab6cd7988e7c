"""The share of the processor is kept, and priority only goes down."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clips import Clip, write_clip
from videnhance.errors import UsageError
from videnhance.system.throttle import Throttle, be_nice


@dataclass
class _Machine:
    """Clocks that stand still unless something works or sleeps."""

    cores: int = 3
    now: float = 1000.0
    cpu: float = 7.0
    slept: float = 0.0
    beside: float = 0.0
    """Processor seconds a second that other threads use while the caller sleeps."""

    def work(self, seconds: float, cpu: float) -> None:
        self.now += seconds
        self.cpu += cpu

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.work(seconds, seconds * self.beside)

    def throttle(self, percent: float | None) -> Throttle:
        return Throttle(
            percent,
            self.cores,
            lambda: self.now,
            lambda: self.cpu,
            self.sleep,
        )


def _share(machine: _Machine, throttle: Throttle, frames: int, seconds: float) -> float:
    """Runs frames that keep all cores busy; the share of all cores in percent."""
    began = machine.now, machine.cpu
    for _ in range(frames):
        machine.work(seconds, seconds * machine.cores)
        throttle()
    passed, used = machine.now - began[0], machine.cpu - began[1]
    return 100 * used / passed / machine.cores


@pytest.mark.parametrize("percent", [1, 13, 50, 99])
@pytest.mark.parametrize("seconds", [0.003, 0.07, 11.0])
def test_the_share_is_kept_for_short_and_long_frames(
    percent: float, seconds: float
) -> None:
    machine = _Machine()
    throttle = machine.throttle(percent)
    throttle()
    assert _share(machine, throttle, 200, seconds) == pytest.approx(percent, rel=0.001)


def test_work_beside_the_sleep_counts() -> None:
    machine = _Machine(beside=1.0)
    throttle = machine.throttle(50)
    throttle()
    assert _share(machine, throttle, 400, 0.05) == pytest.approx(50, abs=0.5)


def test_without_a_bound_nothing_sleeps() -> None:
    machine = _Machine()
    assert _share(machine, machine.throttle(None), 50, 0.05) == pytest.approx(100)
    assert machine.slept == 0


def test_work_below_the_bound_does_not_sleep() -> None:
    machine = _Machine()
    throttle = machine.throttle(50)
    for _ in range(100):
        machine.work(0.1, 0.1)  # a third of three cores
        assert throttle() == 0


def test_a_pause_does_not_buy_a_burst() -> None:
    machine = _Machine()
    throttle = machine.throttle(50)
    throttle()
    machine.work(3600, 0)
    throttle()
    began = machine.slept
    _share(machine, throttle, 100, 0.1)
    # 10 seconds at full speed take 20, but for half a second of credit.
    assert machine.slept - began == pytest.approx(9.5)


def test_the_first_call_does_not_count_what_was_before() -> None:
    machine = _Machine()
    assert machine.throttle(1)() == 0


@pytest.mark.parametrize("percent", [0, -3, 101, float("nan"), float("inf")])
def test_a_bound_that_cannot_be_is_refused(percent: float) -> None:
    with pytest.raises(UsageError, match="--max-cpu"):
        Throttle(percent, 2)


def test_the_real_clocks_fit() -> None:
    throttle = Throttle(100, max(os.cpu_count() or 1, 1))
    assert throttle() == 0
    assert throttle() < 0.5


@pytest.mark.skipif(sys.platform == "win32", reason="niceness is POSIX's")
@pytest.mark.parametrize("more", [0, 4, 10, 15])
def test_priority_is_lowered_and_never_raised(more: int) -> None:
    code = (
        f"import os; before = os.nice({more})\n"
        "from videnhance.system.throttle import be_nice\n"
        "print(be_nice(), before, os.nice(0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    good, before, after = done.stdout.split()
    assert good == "True"
    assert int(after) == max(int(before), 10)


def test_a_system_that_refuses_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(increment: int) -> int:
        if increment:
            raise PermissionError("not allowed")
        return 0

    monkeypatch.setattr(os, "nice", refused, raising=False)
    assert sys.platform == "win32" or not be_nice()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this scheduler")
def test_an_encoder_gets_no_realtime_priority(tmp_path: Path) -> None:
    # As root SVT-AV1 takes it; else this only shows that nothing fails.
    clip = write_clip(tmp_path / "in.mp4", Clip(pts=range(0, 5 * 512, 512)))
    code = (
        "import os, sys, videnhance\n"
        # What a program has, its children have, and it would be theirs to keep.
        "os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))\n"
        "kinds = set()\n"
        "def look(_):\n"
        # A thread may end between the list and the question.
        "    for task in map(int, os.listdir('/proc/self/task')):\n"
        "        try: kinds.add(os.sched_getscheduler(task))\n"
        "        except ProcessLookupError: pass\n"
        "options = videnhance.ConvertOptions(codec='libsvtav1', workers=0)\n"
        "videnhance.convert(*sys.argv[1:], options, on_progress=look)\n"
        "print(sorted(kinds - {os.SCHED_OTHER, os.SCHED_BATCH, os.SCHED_IDLE}))"
    )
    words = [sys.executable, "-c", code, str(clip), str(tmp_path / "out.mkv")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this scheduler")
def test_realtime_priority_is_refused_within_and_allowed_after() -> None:
    code = (
        "import os, resource\n"
        "resource.setrlimit(resource.RLIMIT_RTPRIO, (0, 0))\n"
        "from videnhance.system.throttle import without_realtime\n"
        "def tried():\n"
        "    try: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))\n"
        "    except PermissionError: return False\n"
        "    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))\n"
        "    return True\n"
        "before = tried()\n"
        "try:\n"
        "    with without_realtime(), without_realtime():\n"
        "        print(tried())\n"
        "        raise KeyError\n"
        "except KeyError:\n"
        "    print(tried() == before)"
    )
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == "False\nTrue\n"
