"""The output file: planned, rehearsed, made of packets, and read back."""

__all__: list[str] = []
