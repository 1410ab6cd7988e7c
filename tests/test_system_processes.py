"""A process of its own: what it says comes, and however it ends is put into words."""

import os
import signal
import sys
import time
from functools import partial
from multiprocessing.connection import Connection

import pytest

from videnhance.system.processes import WorkerProcess, obeys_its_parent, readable

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
PATIENCE = 120.0


def says(connection: Connection, *, then: int) -> None:
    """Says its number, and ends by a signal, or with an exit code below 0."""
    connection.send(os.getpid())
    if then < 0:
        os._exit(-then)
    os.kill(os.getpid(), then)


def obeys(connection: Connection) -> None:
    """Waits until it is told to end."""
    obeys_its_parent()
    try:
        connection.send("ready")
        connection.recv()
    finally:
        connection.send("ends in order")


def _ended(process: WorkerProcess) -> str:
    return process.end(time.monotonic() + PATIENCE)


@posix
@pytest.mark.parametrize(
    ("then", "words"),
    [(signal.SIGSEGV, "was ended by SIGSEGV"), (-7, "ended with exit code 7")],
)
def test_a_death_is_put_into_words(then: int, words: str) -> None:
    process = WorkerProcess(partial(says, then=then))
    assert readable([process], PATIENCE) == [process]
    assert process.connection.recv() != os.getpid()
    with pytest.raises(EOFError):
        process.connection.recv()
    assert _ended(process) == words
    assert not process.is_alive


@posix
def test_it_ends_in_order_when_it_is_stopped() -> None:
    process = WorkerProcess(obeys)
    assert process.connection.recv() == "ready"
    process.stop()
    assert process.connection.recv() == "ends in order"
    assert _ended(process) == f"ended with exit code {128 + signal.SIGTERM}"


@posix
def test_one_that_does_not_end_is_killed() -> None:
    process = WorkerProcess(obeys)
    assert process.connection.recv() == "ready"
    process.hold(True)
    process.stop()
    assert process.end(time.monotonic()) == "was ended by SIGKILL"


@posix
def test_one_that_is_held_goes_on_when_it_is_let() -> None:
    process = WorkerProcess(obeys)
    assert process.connection.recv() == "ready"
    process.hold(True)
    process.stop()
    assert readable([process], 0.2) == []
    process.hold(False)
    assert process.connection.recv() == "ends in order"
    assert _ended(process) == f"ended with exit code {128 + signal.SIGTERM}"
