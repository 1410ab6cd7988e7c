"""One conversion on many machines, which are the workers of a Dask scheduler."""

__all__: list[str] = []
