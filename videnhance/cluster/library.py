"""Dask's `distributed`, loaded only where a cluster is used."""

from typing import Any

from videnhance.errors import MissingLibraryError, install_words

__all__ = ["load_distributed"]


def load_distributed() -> Any:  # noqa: ANN401 - a module
    """The library. Raises MissingLibraryError, which says how to get it."""
    try:
        import distributed

        return distributed
    except ImportError as error:
        raise MissingLibraryError(
            f"--cluster needs Dask's distributed, which does not load ({error}): "
            f"{install_words('cluster')}"
        ) from error
