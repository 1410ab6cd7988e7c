"""The start and the end of a process: what waits, what runs when, and what is told."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.sources import ROOT

BEGIN = (
    "import gc, sys; from videnhance.system.startup import *; "
    "begin(('slow', 'later')); import slow, later; "
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A package and a module that say when they run, and the package's part."""
    package = tmp_path / "slow"
    package.mkdir()
    (package / "__init__.py").write_text("print('slow runs'); fact = 1\n")
    (package / "part.py").write_text("from slow import fact; print('part', fact)\n")
    (tmp_path / "later.py").write_text("print('later runs'); import slow\n")
    return tmp_path


def _said(folder: Path, code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code],
        cwd=folder,
        env={"PYTHONPATH": f"{ROOT}:{folder}"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert not done.stderr
    return done.stdout.splitlines()


def test_what_nobody_asks_for_never_runs(folder: Path) -> None:
    assert _said(folder, "print('end')") == ["end"]


@pytest.mark.parametrize(
    ("code", "last"),
    [
        ("print(slow.fact)", ["1"]),
        ("from slow import fact; print(fact)", ["1"]),
        ("import slow.part", ["part 1"]),
        ("from slow import part; print(slow.fact)", ["part 1", "1"]),
        ("complete(); complete()", []),
        ("print(hasattr(slow, 'none'), slow.fact)", ["False 1"]),
    ],
)
def test_what_is_asked_for_runs_once_with_all_that_waits(
    folder: Path, code: str, last: list[str]
) -> None:
    assert _said(folder, code) == ["slow runs", "later runs", *last]


def test_garbage_is_collected_again_when_all_is_loaded(folder: Path) -> None:
    code = "print(gc.isenabled()); ready(); print(gc.isenabled()); gc.disable()"
    assert _said(folder, code) == ["False", "True"]


def test_a_process_that_has_not_begun_so_stays_as_it_is() -> None:
    code = (
        "import gc; from videnhance.system.startup import complete, ready; "
        "gc.disable(); ready(); complete(); assert not gc.isenabled()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_the_end_says_all_and_runs_what_is_left_for_it(folder: Path) -> None:
    code = (
        "import atexit; atexit.register(print, 'left'); "
        "print('last words', end=''); end(0)"
    )
    assert _said(folder, code) == ["last wordsleft"]
    done = subprocess.run(
        [sys.executable, "-c", "from videnhance.system.startup import end; end(3)"],
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 3


def test_torch_is_whole_once_something_needs_it(tmp_path: Path) -> None:
    code = (
        "from videnhance.system.startup import *; "
        "begin(); "
        "import torch; ready(); "
        "assert '__getattr__' in vars(torch.export); complete(); "
        "flat = torch.zeros(1, 1, 8, 8, device='meta'); "
        "kernel = torch.zeros(2, 1, 3, 3, device='meta'); "
        "print(tuple(torch.nn.functional.conv2d(flat, kernel).shape)); "
        "print(torch.export.export.__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines() == ["(1, 2, 6, 6)", "export"]
