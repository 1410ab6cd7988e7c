"""Networks made: samples, training, int8 quantization and measurement."""

__all__: list[str] = []
