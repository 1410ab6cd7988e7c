"""The live window: a camera, a file or a stream, enhanced while one watches."""

__all__: list[str] = []
