import platform
import subprocess
import sys

import numpy as np
import pytest

from videnhance.system.memory import (
    give_back_freed_memory,
    keep_freed_memory,
    peak_memory_mb,
)

_FAULTS = """
import resource
import numpy as np
from videnhance.system.memory import keep_freed_memory
if {keep}:
    assert keep_freed_memory()
def frame():
    np.ones(3 << 20, np.uint8)
for _ in range(3):
    frame()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    frame()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _faults(keep: bool) -> int:
    code = _FAULTS.format(keep=keep)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is tuned")
def test_freed_memory_is_used_again_without_page_faults() -> None:
    assert _faults(keep=True) < 50


_GIVEN_BACK = """
from pathlib import Path
from videnhance.system.memory import give_back_freed_memory, keep_freed_memory
def pages():
    return int(Path("/proc/self/statm").read_text().split()[1])
assert keep_freed_memory()
blocks = [b"x" * (1 << 20) for _ in range(100)]
last = b"x" * (1 << 20)
full = pages()
del blocks
kept = full - pages()
give_back_freed_memory()
print(kept, full - pages())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is tuned")
def test_freed_memory_is_kept_until_it_is_given_back() -> None:
    command = [sys.executable, "-c", _GIVEN_BACK]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    kept, given = map(int, done.stdout.split())
    assert kept < 500
    assert given > 20_000


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert not keep_freed_memory()
    give_back_freed_memory()


@pytest.mark.skipif(sys.platform == "win32", reason="the system does not tell")
def test_the_peak_grows_with_what_is_used() -> None:
    before = peak_memory_mb()
    assert 10 < before < 20_000
    block = np.ones(int((before + 40) * (1 << 20)), np.uint8)
    assert peak_memory_mb() >= before + 30
    assert block[-1] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it apart")
def test_the_peak_of_a_child_is_its_own() -> None:
    block = np.ones(200 << 20, np.uint8)
    code = (
        "from videnhance.system.memory import peak_memory_mb; print(peak_memory_mb())"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 150 < peak_memory_mb()
    assert block[0] == 1
