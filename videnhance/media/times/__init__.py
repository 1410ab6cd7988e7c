"""The clock of a file: the times of its packets, made to go on where they jump."""

__all__: list[str] = []
