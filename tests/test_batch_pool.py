"""The processes that convert: how one does its tasks, and how many live and die."""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing import active_children
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests.clips import pts_of, write_clip
from tests.trees import job_for
from videnhance.batch import pool as processes
from videnhance.batch.batch_options import default_jobs
from videnhance.batch.pool import (
    Advanced,
    Began,
    Ended,
    Failed,
    Pause,
    Said,
    Task,
    WorkerPool,
    work,
)
from videnhance.conversion.executor import Watcher
from videnhance.conversion.job import Job
from videnhance.conversion.run import convert
from videnhance.conversion.workdir import folder_beside, locked_journal
from videnhance.pipeline.report import Report

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
Pair = tuple[Connection, Connection]
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


@posix
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


@posix
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


@posix
def test_leaving_ends_what_works_and_what_waits() -> None:
    with WorkerPool(2, odd_worker) as pool:
        _start(pool, 1, "a")
        _start(pool, 2, "lasts")
        _heard(pool, 2)
    assert active_children() == []


@posix
def test_a_pause_reaches_all() -> None:
    with WorkerPool(1, odd_worker) as pool:
        _start(pool, 1, "lasts")
        _heard(pool, 1)
        pool.pause(True)
        pool.pause(False)
        assert [s.words for s in _heard(pool, 2)] == [Advanced(1), Advanced(0)]


@posix
def test_nobody_says_nothing() -> None:
    with WorkerPool(3, odd_worker) as pool:
        assert pool.hear(0.01) == []


@posix
def test_the_machine_decides_how_many() -> None:
    assert 1 <= default_jobs() <= (os.cpu_count() or 1)


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Both ends: ours and the worker's."""
    ours, theirs = multiprocessing.Pipe()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield ours, theirs
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
    ours.close()
    theirs.close()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A clip of 12 frames in segments of 5."""
    made = job_for(write_clip(tmp_path / "in.mp4"), tmp_path / "out.mp4")
    return replace(made, settings=replace(made.settings, segment_frames=5))


def _done(pair: Pair, *jobs: Job) -> list[object]:
    """All that is said of these jobs."""
    ours, theirs = pair
    for number, job in enumerate(jobs):
        ours.send(Task(number, job))
    said: list[object] = []
    hearing = threading.Thread(target=_hear, args=(ours, said, len(jobs)))
    hearing.start()
    work(theirs)
    hearing.join()
    return said


def _hear(ours: Connection, said: list[object], jobs: int) -> None:
    while jobs:
        said.append(ours.recv())
        jobs -= isinstance(said[-1], Ended | Failed)
    ours.close()


def test_a_file_is_converted_and_told_of(pair: Pair, job: Job) -> None:
    began, *middle, ended = _done(pair, job)
    assert began == Began(12, 0)
    assert all(isinstance(words, Advanced) for words in middle)
    assert isinstance(ended, Ended)
    assert ended.report.frames_written == 12
    assert len(pts_of(job.target)) == 12


def test_a_failure_is_told_and_the_next_file_is_converted(
    pair: Pair, job: Job, tmp_path: Path
) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    broken = replace(job, source=tmp_path / "empty.mp4", target=tmp_path / "no.mp4")
    failed, *_, ended = _done(pair, broken, job)
    assert isinstance(failed, Failed)
    assert "empty.mp4 is empty" in failed.reason
    assert isinstance(ended, Ended)


def test_unfinished_work_of_other_wishes_is_dropped(pair: Pair, job: Job) -> None:
    _leave_unfinished(job)
    other = replace(job, encoding=replace(job.encoding, crf=30))
    *_, ended = _done(pair, other)
    assert isinstance(ended, Ended)
    assert ended.report.frames_kept == 0
    assert any("is dropped" in words for words in ended.report.notices)
    assert len(pts_of(job.target)) == 12


def test_unfinished_work_of_the_same_wishes_goes_on(pair: Pair, job: Job) -> None:
    _leave_unfinished(job)
    began, *_ = _done(pair, job)
    assert began == Began(12, 5)


def _leave_unfinished(job: Job) -> None:
    """Stops after the first segment."""

    def stop(report: object) -> None:
        if getattr(report, "frames_written", 0) > 7:
            raise KeyboardInterrupt

    watcher = Watcher(lambda info, report: None, stop)
    with pytest.raises(KeyboardInterrupt):
        convert(job, watcher)
    assert folder_beside(job.target).is_dir()


def test_an_output_that_is_about_to_be_free_is_waited_for(pair: Pair, job: Job) -> None:
    held = locked_journal(folder_beside(job.target), job.target)
    threading.Timer(1.0, held.close).start()
    *_, ended = _done(pair, job)
    assert isinstance(ended, Ended)


def test_an_output_that_stays_busy_fails(
    pair: Pair, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_BUSY_SECONDS", 0.1)
    with locked_journal(folder_beside(job.target), job.target):
        (failed,) = _done(pair, job)
    assert isinstance(failed, Failed)
    assert "being made by another run" in failed.reason


def test_it_ends_with_its_parent(pair: Pair, job: Job) -> None:
    ours, theirs = pair
    ours.send(Task(0, job))

    def leave() -> None:
        assert isinstance(ours.recv(), Began)
        ours.close()

    leaving = threading.Thread(target=leave)
    leaving.start()
    with pytest.raises(SystemExit):
        work(theirs)
    leaving.join()
    assert not job.target.exists()


def test_a_pause_holds_the_work(pair: Pair, job: Job) -> None:
    ours, theirs = pair
    seen: list[object] = []

    def drive() -> None:
        ours.send(Pause(False))  # one that nobody waits for
        ours.send(Task(0, job))
        ours.send(Pause(True))
        while not seen or seen[-1] != Pause(True):
            seen.append(ours.recv())
        while ours.poll(0.5):
            seen.append(ours.recv())
        seen.append("paused")
        ours.send(Pause(False))
        assert ours.recv() == Pause(False)
        _hear(ours, seen, 1)

    driving = threading.Thread(target=drive)
    driving.start()
    work(theirs)
    driving.join()
    place = seen.index("paused")
    assert seen[place - 1] == Pause(True)
    assert not any(isinstance(words, Ended) for words in seen[:place])
    assert isinstance(seen[-1], Ended)


def test_a_signal_ends_it_in_order(pair: Pair, job: Job) -> None:
    ours, theirs = pair
    whole = replace(job, settings=replace(job.settings, segment_frames=250))
    ours.send(Task(0, whole))

    def kill() -> None:
        assert isinstance(ours.recv(), Began)
        # By then the first segment's file is open; in the midst of it, it stays so.
        assert isinstance(ours.recv(), Advanced)
        signal.raise_signal(signal.SIGTERM)

    killing = threading.Thread(target=kill)
    killing.start()
    with pytest.raises(SystemExit) as stop:
        work(theirs)
    assert stop.value.code == 128 + signal.SIGTERM
    killing.join()
