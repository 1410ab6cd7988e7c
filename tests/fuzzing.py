"""Runs damaged files through whole conversions and says which of them went wrong.

Conversions run in worker processes that are used again and again; one that dies, hangs
or forgets itself is replaced, and the case that did it is kept by its number.
"""

import contextlib
import faulthandler
import io
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import av

from tests.mutations import mutated
from videnhance.cli import app

__all__ = ["Case", "Outcome", "Run", "case_of", "fuzzed", "summary"]

ROOT = Path(__file__).parent.parent
_SUFFIXES = (".mkv", ".mp4", ".mkv", ".mp4", ".mov", ".ts", ".avi")
_SETTINGS = (
    *("--strength", "0", "--preset", "ultrafast", "--max-frames", "10"),
    *("--workers", "0", "--limit-pixels", str(1 << 20), "-q", "-y"),
)
_CASES_A_WORKER = 250
BAD = ("crash", "hang", "traceback", "half file", "left over", "bad output", "bad text")
"""Ends that are a fault of the program.

The others are "converted", "refused", and "stopped": an error after some frames were
finished, which the next run keeps.
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One damaged file, made anew from its number."""

    number: int
    seed: str
    damage: str
    suffix: str
    """Of the output."""
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case."""

    number: int
    seed: str
    damage: str
    suffix: str
    end: str
    words: str = ""

    @property
    def bad(self) -> bool:
        """Whether the program is at fault."""
        return self.end in BAD


@dataclass(frozen=True, slots=True)
class Run:
    """What to run."""

    seeds: tuple[Path, ...]
    folder: Path
    """Damaged files and outputs go here; those of bad cases stay."""
    master: int = 1
    options: tuple[str, ...] = ()
    limit_seconds: float = 90.0
    """More than the program itself waits for a decoder that hangs."""
    command: tuple[str, ...] = (sys.executable, "-m", "tests.fuzzing")
    """What starts a worker."""


def case_of(run: Run, number: int) -> Case:
    """The damaged file of this number, always the same for the same master seed."""
    random = Random(f"{run.master}/{number}")
    seed = random.choice(run.seeds)
    other = random.choice(run.seeds)
    data, damage = mutated(seed.read_bytes(), other.read_bytes(), random)
    return Case(number, seed.name, damage, random.choice(_SUFFIXES), data)


class _Worker:
    """A process that converts one file after the other; `with` ends it."""

    def __init__(self, run: Run, name: str) -> None:
        self._run = run
        self._folder = run.folder / name
        self._folder.mkdir(exist_ok=True)
        self._log = self._folder / "worker.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._used = 0

    def __enter__(self) -> "_Worker":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the process."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None

    def start(self, case: Case) -> None:
        """Begins a case."""
        if self._used >= _CASES_A_WORKER:
            self.stop()
        if self._process is None:
            self._process = self._started()
            self._used = 0
        self._used += 1
        for old in [p for p in self._folder.iterdir() if p != self._log]:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        self.case = case
        self.source = self._folder / f"in{Path(case.seed).suffix}"
        self.target = self._folder / f"out{case.suffix}"
        self.source.write_bytes(case.data)
        words = [str(self.source), str(self.target), *_SETTINGS, *self._run.options]
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(words).encode() + b"\n")
            self._process.stdin.flush()

    def _started(self) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [*self._run.command, str(self._run.limit_seconds)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
            )

    def finish(self) -> Outcome:
        """Waits for the case and judges it."""
        line = self._answer()
        if line:
            answer = json.loads(line)
            end, words = _judged(answer, self.source, self.target)
        else:
            end, words = self._how_it_died()
        case = self.case
        outcome = Outcome(case.number, case.seed, case.damage, case.suffix, end, words)
        if outcome.bad:
            kept = self._run.folder / f"case_{case.number}_{case.seed}"
            kept.write_bytes(case.data)
        return outcome

    def _answer(self) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(self._run.limit_seconds + 2):
                    self._process.kill()
                    return b""
                part = os.read(self._process.stdout.fileno(), 1 << 16)
                if not part:
                    return b""
                line += part
        return line

    def _how_it_died(self) -> tuple[str, str]:
        assert self._process is not None
        code = self._process.wait()
        self.stop()
        last = self._log.read_text(errors="replace")[-3000:]
        # The alarm of faulthandler ends the process with 1 after the limit.
        if "Timeout (" in last or code == -signal.SIGKILL:
            return "hang", last
        return "crash", f"code {code}\n{last}"


def _judged(answer: dict[str, Any], source: Path, target: Path) -> tuple[str, str]:
    code, words = answer["code"], answer["words"]
    if answer["trace"]:
        return "traceback", answer["trace"]
    beside = {p.name for p in target.parent.iterdir()}
    extra = beside - {"worker.log", source.name, target.name}
    if code and extra == {f".{target.name}.videnhance"} and not target.exists():
        return "stopped", words
    if extra:
        return "left over", f"{sorted(extra)}; {words}"
    if not all(c.isprintable() or c == "\n" for c in words) or "Traceback" in words:
        return "bad text", words
    if code == 0:
        problem = _problem(target)
        return ("bad output", problem) if problem else ("converted", words)
    if target.exists():
        return "half file", words
    if not words.strip():
        return "bad text", f"exit {code} without a word"
    return "refused", words


def _problem(target: Path) -> str:
    """What is wrong with an output; empty if it holds pictures and decodes."""
    if not target.exists():
        return "exit 0 without an output"
    try:
        with av.open(str(target)) as opened:
            count = sum(1 for _ in opened.decode(opened.streams.video[0]))
    except (av.FFmpegError, ValueError, IndexError) as error:
        return f"{type(error).__name__}: {error}"
    return "" if count else "no frames"


def fuzzed(run: Run, numbers: Iterator[int], workers: int = 2) -> Iterator[Outcome]:
    """Runs the cases of these numbers, and gives each outcome in order."""
    with contextlib.ExitStack() as stack:
        pool = [
            stack.enter_context(_Worker(run, f"worker_{n}")) for n in range(workers)
        ]
        busy: list[_Worker] = []
        for number in numbers:
            if len(busy) == len(pool):
                yield busy[0].finish()
                worker = busy.pop(0)
            else:
                worker = pool[len(busy)]
            worker.start(case_of(run, number))
            busy.append(worker)
        for worker in busy:
            yield worker.finish()


def summary(run: Run, outcomes: list[Outcome]) -> dict[str, Any]:
    """All of it in types that JSON has; a bad case can be made again by its number."""
    return {
        "master": run.master,
        "cases": len(outcomes),
        "seeds": sorted(path.name for path in run.seeds),
        "ends": dict(Counter(o.end for o in outcomes).most_common()),
        "stopped": [asdict(o) for o in outcomes if o.end == "stopped"],
        "bad": [asdict(o) for o in outcomes if o.bad],
    }


# The worker.


def _convert(words: list[str]) -> dict[str, Any]:
    """One conversion as the command line does it, in this process."""
    said, code, trace = io.StringIO(), 0, ""
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        try:
            app.main(["convert", *words], prog_name="videnhance")
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(bool(end.code))
        except BaseException:  # anything at all is what is looked for
            trace = traceback.format_exc()
    return {"code": code, "words": said.getvalue(), "trace": trace}


def _work(limit_seconds: float) -> None:
    """Answers a line of JSON on each line of words, on what was standard output."""
    out = os.dup(1)
    os.dup2(2, 1)
    for line in sys.stdin:
        faulthandler.dump_traceback_later(limit_seconds, exit=True)
        answer = _convert(json.loads(line))
        faulthandler.cancel_dump_traceback_later()
        os.write(out, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    _work(float(sys.argv[1]))
