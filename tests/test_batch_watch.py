"""When a watched folder is looked at again."""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from videnhance.batch import watch as watching
from videnhance.batch.watch import Watch

PATIENCE = 120.0


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_PAUSE", 0.0)
    monkeypatch.setattr(watching, "_WITH_SIGNS", 1000.0)
    monkeypatch.setattr(watching, "_WITHOUT_SIGNS", 0.2)


def _comes(watch: Watch, change: Callable[[], object]) -> bool:
    """Whether it is time to look, some time after a change."""
    change()
    last = time.monotonic() + PATIENCE
    while time.monotonic() < last:
        if watch():
            return True
        time.sleep(0.05)
    return False


def test_a_new_file_is_heard_of_in_every_folder(tmp_path: Path) -> None:
    pytest.importorskip("watchdog")
    (tmp_path / "a/b").mkdir(parents=True)
    with Watch(tmp_path, tmp_path / "out") as watch:
        assert watch.hears
        assert not watch()
        for place in (tmp_path / "x", tmp_path / "a/b/y"):
            assert _comes(watch, partial(place.write_text, "x"))
        assert _comes(watch, (tmp_path / "c").mkdir)
        assert _comes(watch, partial((tmp_path / "c/z").write_text, "x"))


def test_an_output_is_no_news(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("watchdog")
    (tmp_path / "out").mkdir()
    heard: list[str] = []
    rings = watching._Signs._rings

    def noted(signs: watching._Signs, event: Any) -> None:  # noqa: ANN401
        rings(signs, event)
        heard.append(os.fsdecode(event.src_path))

    monkeypatch.setattr(watching._Signs, "_rings", noted)
    with Watch(tmp_path, tmp_path / "out") as watch:
        (tmp_path / "out/x").write_text("x")
        last = time.monotonic() + PATIENCE
        while str(tmp_path / "out/x") not in heard:
            assert time.monotonic() < last
            time.sleep(0.01)
        assert not watch()


def test_without_signs_time_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [7.0]
    monkeypatch.setattr(watching, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(watching, "_HAS_SIGNS", False)
    with Watch(tmp_path, tmp_path / "out") as watch:
        assert not watch.hears
        assert not watch()
        now[0] += 0.3
        assert watch()
        assert not watch()


def test_a_folder_that_cannot_be_watched_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: object, *rest: object, **more: object) -> None:
        del self, rest, more
        raise OSError(28, "inotify watch limit reached")

    observers = pytest.importorskip("watchdog.observers")
    monkeypatch.setattr(observers.Observer, "schedule", refuse)
    with Watch(tmp_path, tmp_path / "out") as watch:
        assert not watch.hears
        assert _comes(watch, lambda: None)
