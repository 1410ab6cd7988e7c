"""Frames in, enhanced frames out: plans, tiles, motion and residuals; no files."""

__all__: list[str] = []
