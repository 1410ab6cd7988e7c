"""A folder converted: what is in it, what of it is done, and who does the rest."""

__all__: list[str] = []
