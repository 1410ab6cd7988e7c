"""A shell that controls one job at a terminal of its own, for the tests of keys.

Run as a program in a new session: its scenario goes on as named, and what was seen is
printed as JSON.
"""

import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from typing import IO, Any, cast

__all__ = ["SCENARIOS", "Shell"]

JOB = """
import signal, sys, time
from videnhance.cli.keys import Keys
mode, total, done = sys.argv[1], 0.0, []
signal.signal(signal.SIGUSR1, lambda *_: done.append(True))
if mode == "nohup":
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
try:
    with Keys() as keys:
        print("ready", flush=True)
        while not done:
            total += keys.poll()
            time.sleep(0.01)
            if mode == "fail":
                raise SystemExit(7)
except KeyboardInterrupt:
    print("interrupted", flush=True)
print("still", round(total, 2), flush=True)
"""
"""A conversion that lasts until a signal ends it."""
_PATIENCE = 100.0


class Shell:
    """Leads a session, and holds both ends of its terminal."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        # The first terminal that a session's leader opens becomes its own.
        os.close(os.open(os.ttyname(self.slave), os.O_RDWR))
        # A shell that gives the terminal away is in the background itself.
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.original = termios.tcgetattr(self.slave)
        self.said: dict[str, Any] = {}
        self.job: subprocess.Popen[str] | None = None

    def start(self, mode: str = "plain", foreground: bool = True) -> None:
        """Starts the job in a group of its own and waits until it is ready."""

        def own_group() -> None:
            os.setpgid(0, 0)
            if foreground:
                os.tcsetpgrp(self.slave, os.getpid())
            for number in (signal.SIGTTOU, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)

        self.job = subprocess.Popen(
            [sys.executable, "-c", JOB, mode],
            stdin=self.slave,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=own_group,
        )
        self.hear("ready")

    @property
    def running(self) -> "subprocess.Popen[str]":
        """The job."""
        assert self.job is not None
        return self.job

    def hear(self, word: str) -> None:
        """Reads what the job prints, up to a line that holds the word."""
        for line in cast(IO[str], self.running.stdout):
            if word in line:
                return
        raise AssertionError(f"the job ended without {word}")

    def type(self, keys: str) -> None:
        """What a person does."""
        os.write(self.master, keys.encode())

    def signal(self, number: int) -> None:
        """To the group of the job."""
        os.killpg(self.running.pid, number)

    def foreground(self, group: int) -> None:
        """Whose the terminal is."""
        os.tcsetpgrp(self.slave, group)

    def wait_stopped(self) -> None:
        """Waits until the job stops, and takes the terminal."""
        _, status = os.waitpid(self.running.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        self.foreground(os.getpgrp())

    def raw(self) -> bool:
        """Whether keys come at once and are not shown."""
        mode = termios.tcgetattr(self.slave)[3]
        return not mode & (termios.ECHO | termios.ICANON)

    def wait_raw(self) -> None:
        """Waits until they do."""
        until = time.monotonic() + _PATIENCE
        while not self.raw():
            assert time.monotonic() < until, "the terminal was not taken"
            time.sleep(0.01)

    def as_before(self) -> bool:
        """Whether the terminal is as it was at first."""
        return termios.tcgetattr(self.slave) == self.original

    def finish(self) -> dict[str, Any]:
        """Ends the job as if its work were done; what was seen."""
        self.running.send_signal(signal.SIGUSR1)
        return self.end()

    def end(self) -> dict[str, Any]:
        """Waits for the job's end; what was seen."""
        said, _ = self.running.communicate(timeout=_PATIENCE)
        words = said.split()
        return {
            "code": self.running.returncode,
            "interrupted": "interrupted" in words,
            "still": float(words[-1]) if "still" in words else None,
            "paused": "paused;" in words,
        }


def _space(shell: Shell) -> dict[str, Any]:
    shell.start()
    taken = shell.raw()
    shell.type(" ")
    shell.hear("paused; space goes on, q stops")
    time.sleep(0.3)
    shell.type("x \x1b")
    shell.hear("goes on")
    end = shell.finish()
    return {**end, "taken": taken, "before": shell.as_before()}


def _quit(shell: Shell) -> dict[str, Any]:
    shell.start()
    shell.type("q")
    return {**shell.end(), "before": shell.as_before()}


def _quit_paused(shell: Shell) -> dict[str, Any]:
    shell.start()
    shell.type(" ")
    shell.hear("paused")
    shell.type("Q")
    return {**shell.end(), "before": shell.as_before()}


def _typed_ahead(shell: Shell) -> dict[str, Any]:
    """What was typed before the job listens is no key."""
    shell.type("q ")
    shell.start()
    shell.type(" ")
    shell.hear("paused")
    shell.type(" ")
    shell.hear("goes on")
    return {**shell.finish(), "before": shell.as_before()}


def _line(shell: Shell) -> dict[str, Any]:
    """The next command, typed while the job runs."""
    shell.start()
    shell.type("ls -l q Q\n")
    shell.type(" ")
    shell.hear("paused")
    shell.type(" ")
    shell.hear("goes on")
    return {**shell.finish(), "before": shell.as_before()}


def _control_c(shell: Shell) -> dict[str, Any]:
    shell.start()
    shell.type(" ")
    shell.hear("paused")
    shell.type("\x03")
    return {**shell.end(), "before": shell.as_before()}


def _fail(shell: Shell) -> dict[str, Any]:
    shell.start("fail")
    return {**shell.end(), "before": shell.as_before()}


def _suspend(shell: Shell) -> dict[str, Any]:
    """Ctrl+Z, a look at the terminal, fg."""
    shell.start()
    shell.type("\x1a")
    shell.wait_stopped()
    given = shell.as_before()
    time.sleep(0.3)
    shell.foreground(shell.running.pid)
    shell.signal(signal.SIGCONT)
    shell.wait_raw()
    shell.type(" ")
    shell.hear("paused")
    shell.type("\x1a")
    shell.wait_stopped()
    shell.foreground(shell.running.pid)
    shell.signal(signal.SIGCONT)
    shell.wait_raw()
    shell.type(" ")
    shell.hear("goes on")
    return {**shell.finish(), "given": given, "before": shell.as_before()}


def _stop(shell: Shell) -> dict[str, Any]:
    """A stop that no program can catch: the shell sets the terminal itself."""
    shell.start()
    shell.signal(signal.SIGSTOP)
    shell.wait_stopped()
    termios.tcsetattr(shell.slave, termios.TCSANOW, shell.original)
    shell.foreground(shell.running.pid)
    shell.signal(signal.SIGCONT)
    shell.wait_raw()
    shell.signal(signal.SIGCONT)
    while shell.running.poll() is None:  # what is typed as it goes on may be lost
        shell.type("q")
        time.sleep(0.05)
    return {**shell.end(), "before": shell.as_before()}


def _background(shell: Shell) -> dict[str, Any]:
    shell.start(foreground=False)
    shell.type(" q")
    time.sleep(0.3)
    touched = not shell.as_before()
    end = shell.finish()
    return {**end, "touched": touched, "before": shell.as_before()}


def _suspend_to_background(shell: Shell) -> dict[str, Any]:
    """Ctrl+Z and bg."""
    shell.start()
    shell.type("\x1a")
    shell.wait_stopped()
    shell.signal(signal.SIGCONT)
    time.sleep(0.2)
    return {**shell.finish(), "before": shell.as_before()}


def _paused_in_background(shell: Shell) -> dict[str, Any]:
    """A pause lasts while another program has the terminal, and its keys are its."""
    shell.start()
    shell.type(" ")
    shell.hear("paused")
    shell.type("\x1a")
    shell.wait_stopped()
    shell.signal(signal.SIGCONT)
    shell.type("q\n")
    time.sleep(0.5)
    alive = shell.running.poll() is None
    kept = os.read(shell.slave, 9) == b"q\n"
    shell.foreground(shell.running.pid)
    shell.wait_raw()
    shell.type(" ")
    shell.hear("goes on")
    return {**shell.finish(), "alive": alive, "kept": kept, "before": shell.as_before()}


def _to_foreground(shell: Shell) -> dict[str, Any]:
    """A job that runs already is brought to the foreground without any signal."""
    shell.start(foreground=False)
    shell.foreground(shell.running.pid)
    shell.wait_raw()
    shell.type("q")
    return {**shell.end(), "before": shell.as_before()}


def _hang_up(shell: Shell) -> dict[str, Any]:
    """The terminal goes away in a pause that nobody could end any more."""
    shell.start("nohup")
    shell.type(" ")
    shell.hear("paused")
    os.close(shell.slave)
    os.close(shell.master)
    shell.hear("goes on")
    return shell.finish()


SCENARIOS: dict[str, Callable[[Shell], dict[str, Any]]] = {
    "space": _space,
    "quit": _quit,
    "quit paused": _quit_paused,
    "typed ahead": _typed_ahead,
    "line": _line,
    "control c": _control_c,
    "fail": _fail,
    "suspend": _suspend,
    "stop": _stop,
    "background": _background,
    "suspend to background": _suspend_to_background,
    "paused in background": _paused_in_background,
    "to foreground": _to_foreground,
    "hang up": _hang_up,
}
"""By name, what a person at the terminal does."""


if __name__ == "__main__":
    sys.stdout.write(json.dumps(SCENARIOS[sys.argv[1]](Shell())))
