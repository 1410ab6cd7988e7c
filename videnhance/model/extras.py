"""Libraries that do not come with the package: loaded, or named with their extra."""

import importlib
from types import ModuleType

from videnhance.errors import MissingLibraryError

__all__ = ["extra", "is_here"]


def extra(name: str, bundle: str) -> ModuleType:
    """A library of an extra; MissingLibraryError says how to install it."""
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        raise MissingLibraryError(
            f"{name} does not load ({error}); pip install 'videnhance[{bundle}]'"
        ) from error


def is_here(name: str) -> bool:
    """Whether it loads."""
    try:
        importlib.import_module(name)
    except (ImportError, OSError):
        return False
    return True
