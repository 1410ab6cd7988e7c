"""Keys at a terminal, driven by a shell of its own session (tests.terminal)."""

import io
import json
import subprocess
import sys
from typing import Any

import pytest

from tests.sources import ROOT
from videnhance.cli.keys import Keys

posix = pytest.mark.skipif(sys.platform == "win32", reason="terminals are POSIX's")


def _seen(scenario: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.terminal", scenario],
        cwd=ROOT,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@posix
def test_space_pauses_and_goes_on_and_the_pause_is_told() -> None:
    seen = _seen("space")
    assert seen["code"] == 0
    assert seen["taken"]
    assert seen["still"] >= 0.3
    assert seen["before"]


@posix
@pytest.mark.parametrize("scenario", ["typed ahead", "line"])
def test_what_is_typed_for_the_shell_is_no_key(scenario: str) -> None:
    seen = _seen(scenario)
    assert seen["code"] == 0
    assert not seen["interrupted"]
    assert seen["before"]


@posix
@pytest.mark.parametrize("scenario", ["quit", "quit paused", "control c"])
def test_q_stops_as_control_c_does(scenario: str) -> None:
    seen = _seen(scenario)
    assert seen["interrupted"]
    assert seen["code"] == 0
    assert seen["before"]


@posix
def test_the_terminal_is_as_before_after_an_error() -> None:
    seen = _seen("fail")
    assert seen["code"] == 7
    assert seen["before"]


@posix
def test_a_suspended_job_gives_the_terminal_back_and_takes_it_again() -> None:
    seen = _seen("suspend")
    assert seen["given"]
    assert seen["code"] == 0
    assert seen["still"] >= 0.3
    assert seen["before"]


@posix
def test_a_stop_that_cannot_be_caught_leaves_the_terminal_as_it_was() -> None:
    seen = _seen("stop")
    assert seen["interrupted"]
    assert seen["before"]


@posix
def test_a_job_in_the_background_does_not_touch_the_terminal() -> None:
    seen = _seen("background")
    assert seen["code"] == 0
    assert not seen["touched"]
    assert not seen["interrupted"]
    assert not seen["paused"]
    assert seen["still"] == 0
    assert seen["before"]


@posix
def test_a_job_that_goes_on_in_the_background_ends_well() -> None:
    seen = _seen("suspend to background")
    assert seen["code"] == 0
    assert seen["before"]


@posix
def test_a_pause_lasts_in_the_background_and_leaves_keys_to_others() -> None:
    seen = _seen("paused in background")
    assert seen["alive"]
    assert seen["kept"]
    assert seen["code"] == 0
    assert seen["before"]


@posix
def test_a_job_brought_to_the_foreground_hears_keys() -> None:
    seen = _seen("to foreground")
    assert seen["interrupted"]
    assert seen["before"]


@posix
def test_a_pause_ends_when_the_terminal_is_gone() -> None:
    assert _seen("hang up")["code"] == 0


def test_without_a_terminal_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    for stdin in (None, io.StringIO(" q"), _closed()):
        monkeypatch.setattr(sys, "stdin", stdin)
        with Keys() as keys:
            assert keys.poll() == 0


def _closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream
