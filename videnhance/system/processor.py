"""The processor of this machine."""

import platform
from pathlib import Path

__all__ = ["processor_name"]


def processor_name() -> str:
    """The processor as its system names it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line for line in text.splitlines() if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else platform.machine()
