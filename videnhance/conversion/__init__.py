"""One conversion: a job resolved against its source, and its segments on disk."""

__all__: list[str] = []
