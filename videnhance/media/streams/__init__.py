"""Streams other than the video: what becomes of each, and their copies."""

__all__: list[str] = []
