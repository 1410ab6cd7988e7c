"""The streams beside the video: what becomes of each, and their copies."""

__all__: list[str] = []
