"""Stills, numbered pictures and animations, in and out."""

__all__: list[str] = []
