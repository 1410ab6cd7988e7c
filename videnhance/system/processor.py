"""The processor of this machine."""

import platform
from functools import lru_cache
from pathlib import Path

__all__ = ["has_avx512", "processor_name"]


def processor_name() -> str:
    """The processor as its system names it."""
    return _told("model name") or platform.processor() or platform.machine()


@lru_cache(maxsize=1)
def has_avx512() -> bool:
    """Whether it is known to compute with 512 bits at once; only Linux tells."""
    return "avx512bw" in _told("flags").split()


def _told(name: str) -> str:
    """What Linux tells of the first core under this name; empty if nothing."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""
    lines = (line.partition(":") for line in text.splitlines())
    return next((told.strip() for key, _, told in lines if key.strip() == name), "")
