"""Frames into an encoder: formats, quality, size, opacity, light levels."""

__all__: list[str] = []
