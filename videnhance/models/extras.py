"""Libraries that do not come with the package: loaded, or named with their extra."""

import importlib
import sys
from types import ModuleType

from videnhance.errors import MissingLibraryError, install_words

__all__ = ["extra", "is_here"]

_TELLTALES = ("openvino_telemetry",)
"""Report to their makers when a library is loaded, which does as well without them."""


def extra(name: str, bundle: str) -> ModuleType:
    """A library of an extra; MissingLibraryError says how to install it."""
    try:
        return _loaded(name)
    except (ImportError, OSError) as error:
        raise MissingLibraryError(
            f"{name} does not load ({error}): {install_words(bundle)}"
        ) from error


def is_here(name: str) -> bool:
    """Whether it loads."""
    try:
        _loaded(name)
    except (ImportError, OSError):
        return False
    return True


def _loaded(name: str) -> ModuleType:
    for telltale in _TELLTALES:
        # None makes its import fail.
        sys.modules.setdefault(telltale, None)  # type: ignore[arg-type]
    return importlib.import_module(name)
