"""The desktop app: a queue of conversions behind a page on this machine."""

__all__: list[str] = []
