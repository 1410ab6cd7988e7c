"""The same in a child process with limits, which a hostile file may crash."""

__all__: list[str] = []
