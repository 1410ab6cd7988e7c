"""Measures this machine: each stage, whole conversions, and other programs."""

__all__: list[str] = []
