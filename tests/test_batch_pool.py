"""The processes that convert: they answer, they die alone, and none is left."""

import os
import signal
import sys
import time
from multiprocessing import active_children
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests.trees import job_for
from videnhance.batch.pool import Said, WorkerPool, default_jobs
from videnhance.batch.worker import (
    Advanced,
    Began,
    Ended,
    Failed,
    Pause,
    Task,
)
from videnhance.report import Report

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
PATIENCE = 120.0


def odd_worker(connection: Connection) -> None:
    """Does what the name of the source says."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    paused = False
    while True:
        try:
            words = connection.recv()
        except EOFError:
            return
        if isinstance(words, Pause):
            paused = words.paused
            connection.send(Advanced(int(paused)))
        if not isinstance(words, Task):
            continue
        name = words.job.source.name
        if name == "kills":
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "exits":
            os._exit(3)
        if name == "lasts":
            connection.send(Began(5, 0))
            continue
        connection.send(Ended(Report(source=name)))


def _start(pool: WorkerPool, number: int, name: str) -> None:
    pool.start(number, job_for(Path(name), Path("out")))


def _heard(pool: WorkerPool, count: int) -> list[Said]:
    said: list[Said] = []
    last = time.monotonic() + PATIENCE
    while len(said) < count and time.monotonic() < last:
        said += pool.hear(0.5)
    return said


def test_each_answer_has_the_number_of_its_task() -> None:
    with WorkerPool(2, odd_worker) as pool:
        assert pool.free == 2
        _start(pool, 5, "a")
        _start(pool, 7, "b")
        assert pool.free == 0
        found = {s.number: s.words for s in _heard(pool, 2)}
        assert found == {5: Ended(Report(source="a")), 7: Ended(Report(source="b"))}
        assert pool.free == 2
        _start(pool, 9, "c")
        assert [s.number for s in _heard(pool, 1)] == [9]
    assert active_children() == []


def test_one_that_dies_fails_its_file_and_no_other() -> None:
    with WorkerPool(1, odd_worker) as pool:
        for number, name in enumerate(("kills", "exits", "a")):
            _start(pool, number, name)
            (said,) = _heard(pool, 1)
            if name == "a":
                assert isinstance(said.words, Ended)
                continue
            assert isinstance(said.words, Failed)
            how = {"kills": "ended by SIGKILL", "exits": "exit code 3"}[name]
            assert how in said.words.reason
    assert active_children() == []


def test_leaving_ends_what_works_and_what_waits() -> None:
    with WorkerPool(2, odd_worker) as pool:
        _start(pool, 1, "a")
        _start(pool, 2, "lasts")
        _heard(pool, 2)
    assert active_children() == []


def test_a_pause_reaches_all() -> None:
    with WorkerPool(1, odd_worker) as pool:
        _start(pool, 1, "lasts")
        _heard(pool, 1)
        pool.pause(True)
        pool.pause(False)
        assert [s.words for s in _heard(pool, 2)] == [Advanced(1), Advanced(0)]


def test_nobody_says_nothing() -> None:
    with WorkerPool(3, odd_worker) as pool:
        assert pool.hear(0.01) == []


def test_the_machine_decides_how_many() -> None:
    assert 1 <= default_jobs() <= (os.cpu_count() or 1)
