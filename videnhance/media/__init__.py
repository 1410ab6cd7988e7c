"""Video files in and out: the only home of FFmpeg."""

__all__: list[str] = []
