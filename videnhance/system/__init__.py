"""The machine: threads, memory, disk, locks and limits."""

__all__: list[str] = []
