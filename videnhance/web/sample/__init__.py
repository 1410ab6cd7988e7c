"""The sample page: what a conversion will look like and take, before the long run."""

__all__: list[str] = []
