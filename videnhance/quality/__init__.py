"""Video quality: metrics of frames against others and alone, and their comparison."""

__all__: list[str] = []
