"""Enhances a video frame by frame with a tiny quantized network on the CPU."""

__all__ = ["__version__"]

__version__ = "0.1.0"
