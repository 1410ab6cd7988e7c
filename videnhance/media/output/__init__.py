"""The output file: planned, tried in memory, made of packets, and read back."""

__all__: list[str] = []
